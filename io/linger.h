// Linger: the end of a connection that nobody owns any more: flush, send the end of the stream,
// discard what comes in until the peer closes too, and give up after a while. Closing at once with
// unread bytes in the socket would reset the connection, and the reset could overtake our last
// words. What is discarded is read once a turn, as by a Stream: a crowd that is being sent away
// while it still talks stops nobody else. Owned by the loop; see Stream::end_with. For io/ only.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/time.h"
#include "io/handle.h"
#include "io/loop.h"
#include "io/timer.h"

namespace jetway::io {

class Linger {
public:
    // Takes the stream, which has no reader and perhaps an unfinished write; `last_words` go out
    // behind that.
    static void start(Loop& loop, Handle<uv_stream_s> stream, base::Bytes last_words,
                      base::Duration at_most);

    Linger(Loop& loop, Handle<uv_stream_s> stream);

private:
    bool begin(base::Bytes last_words, base::Instant deadline);
    void write(base::Bytes last_words);
    void finish();  // destroys this

    Loop& loop_;
    Handle<uv_stream_s> stream_;
    Timer deadline_;
    std::uint64_t last_read_turn_ = 0;
};

}  // namespace jetway::io
