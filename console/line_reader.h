// LineReader: the lines of whoever types at a debug terminal, out of bytes as they come, in
// whatever pieces: a person's telnet, a program, or noise.
//
//     bytes "rou" "tes\r\n" --> line "routes"
//
// A line ends with LF, CR LF, or CR NUL (a telnet's Return). Telnet's negotiation (RFC 854, 855) is
// taken away; its Interrupt Process and Break are an empty line. What passes `most` bytes is told
// once, at once, and then skipped to its end without being kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace jetway::console {

class LineReader {
public:
    explicit LineReader(std::size_t most) : most_(most) {}

    struct Line {
        std::string text;       // without its end; any bytes
        bool too_long = false;  // then `text` is empty: it goes on, and is skipped
    };

    // Keeps the bytes until next() has read them.
    void feed(base::ByteView bytes);
    // No more will come: what there is of a line is one.
    void end();
    std::optional<Line> next();

    // Fed, and not read yet.
    std::size_t waiting() const { return waiting_.size() - at_; }

private:
    // Of telnet's commands, which begin with IAC:
    enum class Telnet { none, command, option, subnegotiation, subnegotiation_command };

    bool take_telnet(std::uint8_t byte, bool& ends_line);

    std::size_t most_;
    std::string waiting_;
    std::size_t at_ = 0;  // so far read
    std::string line_;
    bool skipping_ = false;
    bool after_return_ = false;
    Telnet telnet_ = Telnet::none;
    std::size_t negotiated_ = 0;  // bytes of the subnegotiation so far
};

}  // namespace jetway::console
