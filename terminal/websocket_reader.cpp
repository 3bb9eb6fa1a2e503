#include "terminal/websocket_reader.h"

#include <algorithm>

namespace jetway::terminal {

using namespace websocket_header;

namespace {

WebSocketFault broken(const char* words) {
    return {close_code::protocol_error, words, false};
}

}  // namespace

// Of the header that begins with what is held; at least two bytes.
std::size_t WebSocketReader::header_size() const {
    const std::uint8_t length = header_[1] & length_bits;
    const std::size_t extended = length == two_bytes_follow     ? 2
                                 : length == eight_bytes_follow ? 8
                                                                : 0;
    return 2 + extended + (masked_ ? 4 : 0);
}

// What the first two bytes tell.
WebSocketFault WebSocketReader::check_start() const {
    const bool final = (header_[0] & final_bit) != 0;
    if ((header_[0] & reserved_bits) != 0) {
        return broken("an RSV bit, without an extension");
    }
    if (((header_[1] & mask_bit) != 0) != masked_) {
        return broken(masked_ ? "a frame of a client's that isn't masked"
                              : "a frame of a server's that is masked");
    }
    switch (opcode()) {
        case Opcode::close:
        case Opcode::ping:
        case Opcode::pong:
            if (!final || (header_[1] & length_bits) > longest_control) {
                return broken("a control frame is one frame of at most 125 bytes");
            }
            return {};
        case Opcode::continuation:
            return in_message_ ? WebSocketFault{} : broken("a continuation of no message");
        case Opcode::text:
        case Opcode::binary:
            if (in_message_) {
                return broken("a message within another");
            }
            if (opcode() == Opcode::text) {
                return {close_code::unsupported, "expected binary messages, not text", true};
            }
            return {};
        default:
            return broken("an unknown opcode");
    }
}

// The header is whole.
WebSocketFault WebSocketReader::begin() {
    const std::uint8_t length = header_[1] & length_bits;
    if (length == two_bytes_follow) {
        left_ = base::read_be<std::uint16_t>(&header_[2]);
    } else if (length == eight_bytes_follow) {
        left_ = base::read_be<std::uint64_t>(&header_[2]);
    } else {
        left_ = length;
    }
    // The shortest way to say a length, and no more than 63 bits of it (RFC 6455, section 5.2).
    if ((length == two_bytes_follow && left_ < two_bytes_follow) ||
        (length == eight_bytes_follow && (left_ <= 0xffff || left_ >> 63U != 0))) {
        return broken("a length that isn't written as it has to be");
    }
    mask_ = masked_ ? base::read_be<std::uint32_t>(&header_[header_size() - 4]) : 0;
    phase_ = 0;
    control_size_ = 0;
    in_payload_ = true;
    in_message_ = in_message_ || !is_control();
    return {};
}

// The payload is whole.
WebSocketFault WebSocketReader::end(Receiver& receiver) {
    in_payload_ = false;
    held_ = 0;
    if (is_control()) {
        ended_ = opcode() == Opcode::close;
        return receiver.on_control(opcode(), base::ByteView(control_).first(control_size_));
    }
    if ((header_[0] & final_bit) == 0) {
        return {};
    }
    in_message_ = false;
    return receiver.on_message_end();
}

WebSocketFault WebSocketReader::feed(std::span<std::uint8_t> bytes, Receiver& receiver) {
    WebSocketFault fault;
    while (!ended_ && !fault && (!bytes.empty() || (in_payload_ && left_ == 0))) {
        if (!in_payload_) {
            const std::size_t wanted = held_ < 2 ? 2 : header_size();
            const std::size_t step = std::min(wanted - held_, bytes.size());
            std::copy_n(bytes.begin(), step, header_.begin() + static_cast<std::ptrdiff_t>(held_));
            held_ += step;
            bytes = bytes.subspan(step);
            if (held_ == 2) {
                fault = check_start();
            }
            if (!fault && held_ >= 2 && held_ == header_size()) {
                fault = begin();
            }
            continue;
        }
        const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
        const std::span<std::uint8_t> payload = bytes.first(step);
        bytes = bytes.subspan(step);
        left_ -= step;
        if (masked_) {
            apply_mask(payload, mask_, phase_);
            phase_ = (phase_ + step) % 4;
        }
        if (is_control()) {
            std::copy(payload.begin(), payload.end(),
                      control_.begin() + static_cast<std::ptrdiff_t>(control_size_));
            control_size_ += step;
        } else if (!payload.empty()) {
            fault = receiver.on_payload(payload);
        }
        if (!fault && left_ == 0) {
            fault = end(receiver);
        }
    }
    ended_ = ended_ || fault;
    return fault;
}

}  // namespace jetway::terminal
