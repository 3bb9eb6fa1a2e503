#include "console/line_reader.h"

#include <utility>

namespace jetway::console {

namespace {

// RFC 854
constexpr std::uint8_t iac = 255;
constexpr std::uint8_t dont = 254;
constexpr std::uint8_t will = 251;
constexpr std::uint8_t subnegotiation_begin = 250;
constexpr std::uint8_t interrupt_process = 244;
constexpr std::uint8_t telnet_break = 243;
constexpr std::uint8_t subnegotiation_end = 240;
constexpr std::size_t longest_subnegotiation = 256;

}  // namespace

void LineReader::feed(base::ByteView bytes) {
    waiting_.erase(0, at_);
    at_ = 0;
    waiting_ += base::as_text(bytes);
}

void LineReader::end() {
    const bool whole =
        waiting() > 0 ? waiting_.back() == '\n' || waiting_.back() == '\r' : line_.empty();
    if (!whole) {
        waiting_ += '\n';
    }
}

// Whether the byte is telnet's and none of the line's.
bool LineReader::take_telnet(std::uint8_t byte, bool& ends_line) {
    switch (telnet_) {
        case Telnet::none:
            telnet_ = byte == iac ? Telnet::command : Telnet::none;
            return byte == iac;
        case Telnet::command:
            if (byte >= will && byte <= dont) {
                telnet_ = Telnet::option;
            } else {
                negotiated_ = 0;
                telnet_ = byte == subnegotiation_begin ? Telnet::subnegotiation : Telnet::none;
                ends_line = byte == interrupt_process || byte == telnet_break;
            }
            return byte != iac;  // twice: the byte itself
        case Telnet::option:
            telnet_ = Telnet::none;
            return true;
        case Telnet::subnegotiation:
            telnet_ = byte == iac                               ? Telnet::subnegotiation_command
                      : ++negotiated_ >= longest_subnegotiation ? Telnet::none
                                                                : Telnet::subnegotiation;
            return true;
        case Telnet::subnegotiation_command:
            telnet_ = byte == subnegotiation_end ? Telnet::none : Telnet::subnegotiation;
            return true;
    }
    return true;
}

std::optional<LineReader::Line> LineReader::next() {
    while (at_ < waiting_.size()) {
        const char c = waiting_[at_++];
        bool interrupted = false;
        if (take_telnet(static_cast<std::uint8_t>(c), interrupted)) {
            if (interrupted) {
                line_.clear();
                skipping_ = false;
                return Line{};
            }
            continue;
        }
        const bool rest_of_end = after_return_ && (c == '\n' || c == '\0');
        after_return_ = c == '\r';
        if (rest_of_end) {
            continue;
        }
        if (c == '\n' || c == '\r') {
            if (std::exchange(skipping_, false)) {
                continue;
            }
            return Line{std::exchange(line_, {})};
        }
        if (skipping_) {
            continue;
        }
        if (line_.size() == most_) {
            line_ = {};
            skipping_ = true;
            return Line{{}, true};
        }
        line_ += c;
    }
    waiting_.clear();
    at_ = 0;
    return std::nullopt;
}

}  // namespace jetway::console
