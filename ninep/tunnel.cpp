#include "ninep/tunnel.h"

#include <algorithm>

#include "ninep/errors.h"

namespace jetway::ninep {

namespace {

constexpr std::size_t tunnel_header = 25;
constexpr std::uint8_t kind_data = 0;
constexpr std::uint8_t kind_end = 1;

}  // namespace

std::optional<std::uint64_t> tunnel_of(base::ByteView message) {
    if (message.size() < tunnel_header) {
        return std::nullopt;
    }
    return base::read_be<std::uint64_t>(message.data());
}

void Tunnel::send(base::ByteView bytes) {
    base::append(unsent_, bytes);
}

base::Result<void> Tunnel::on_message(base::ByteView message, base::Instant now) {
    if (message.size() < tunnel_header || message[8] > kind_end) {
        return base::Error{"malformed", "a message of a stream that is none"};
    }
    const auto sequence = base::read_be<std::uint64_t>(message.data() + 9);
    const auto acknowledged = base::read_be<std::uint64_t>(message.data() + 17);
    const base::ByteView data = message.subspan(tunnel_header);
    heard_ = now;
    if (acknowledged > sent_) {
        return base::Error{"malformed", "more was acknowledged than was sent"};
    }
    in_flight_ = std::min<std::size_t>(in_flight_, sent_ - acknowledged);
    if (sequence < got_ || peer_ended_) {
        return {};  // it came before
    }
    if (sequence > got_) {
        return base::Error{"EIO", "a part of the stream was lost on its way"};
    }
    if (received_.size() + data.size() > options_.window) {
        return base::Error{"malformed", "more was sent than the window holds"};
    }
    base::append(received_, data);
    got_ += data.size();
    peer_ended_ = message[8] == kind_end;
    return {};
}

base::Bytes Tunnel::take_received() {
    taken_ += received_.size();
    return std::exchange(received_, {});
}

base::Bytes Tunnel::message(std::uint8_t kind, base::ByteView data) {
    base::Bytes bytes(tunnel_header + data.size());
    base::write_be(bytes.data(), stream_);
    bytes[8] = kind;
    base::write_be(bytes.data() + 9, sent_);
    base::write_be(bytes.data() + 17, taken_);
    std::copy(data.begin(), data.end(), bytes.begin() + tunnel_header);
    acknowledged_ = taken_;
    sent_ += data.size();
    in_flight_ += data.size();
    return bytes;
}

std::vector<base::Bytes> Tunnel::take_messages(base::Instant now) {
    std::vector<base::Bytes> messages;
    std::size_t done = 0;
    while (done < unsent_.size() && in_flight_ < options_.window && !said_end_) {
        const std::size_t size =
            std::min({options_.piece, unsent_.size() - done, options_.window - in_flight_});
        messages.push_back(message(kind_data, base::ByteView(unsent_).subspan(done, size)));
        done += size;
    }
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(done));
    if (ending_ && !said_end_ && unsent_.empty()) {
        messages.push_back(message(kind_end, {}));
        said_end_ = true;
    }
    const bool late = taken_ - acknowledged_ >= options_.window / 4;
    if (messages.empty() && !said_end_ && (late || due_)) {
        messages.push_back(message(kind_data, {}));
    }
    due_ = false;
    if (!messages.empty()) {
        said_ = now;
    }
    return messages;
}

bool Tunnel::on_deadline(base::Instant now) {
    due_ = due_ || now - said_ >= options_.alive;
    return now - heard_ < options_.silence;
}

base::Instant Tunnel::next_deadline() const {
    return std::min(said_ + options_.alive, heard_ + options_.silence);
}

}  // namespace jetway::ninep
