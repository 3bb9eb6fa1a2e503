// Loop: the event loop. One thread runs it and everything in io/ belongs to that thread.
//
//     due timers -> turn end -> wait -> I/O callbacks -> turn end -> (next turn)
//
// Turn end is the moment to send what the callbacks queued: `on_turn_end` is called after the I/O
// of every turn, and once more before the loop waits, so that what a timer (or the code before
// `run`) queued does not lie there until the next I/O.
//
// `now` stands still while callbacks run: it is read once after each wait and once before timers.
//
// Ownership: a Loop outlives everything made with it; ~Loop ensures that nothing is left open.
// Making a Loop sets SIGPIPE to ignored for the process: writing to a closed peer is an error code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/time.h"

namespace jetway::io {

// Milliseconds since 1970 by the system's clock. For people and logs; never for deadlines.
std::uint64_t wall_clock_ms();

struct LoopState;  // loop_state.h, for io/ only

class Loop {
public:
    Loop();
    // Closes what lingers, gives the loop the turns it needs to run its close callbacks (a name
    // lookup on its way is waited for), and ensures that uv_loop_close succeeds.
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // The monotonic clock, as read for this turn.
    base::Instant now() const;
    // How long ago that was, by one more look at the clock.
    base::Duration since_now() const;
    // The same clock, read at this moment.
    base::Instant fresh_now() const;
    // Makes the next `now` read the clock: after work long enough to matter.
    void update();

    // Runs until stop(). Not reentrant: never from a callback of this loop.
    void run();
    // One turn: waits at most so long for something to happen (0: doesn't wait), handles it, and
    // ends the turn. Not reentrant.
    void run_once(base::Duration at_most);
    // Ends run() after this turn. From any callback of the loop, or before run().
    void stop();

    // There is one such function: setting replaces it, an empty one removes it.
    void on_turn_end(std::function<void()> callback);

    // Connections that Stream::shutdown_then_close left to the loop and that are not finished yet.
    std::size_t lingering() const;

    // Whether the resolver still looks for a name. The loop's end waits for it, however long it
    // takes.
    bool looking_up() const;

    // For io/ only.
    LoopState& state() { return *state_; }

private:
    std::unique_ptr<LoopState> state_;
};

}  // namespace jetway::io
