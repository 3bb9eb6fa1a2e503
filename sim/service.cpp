#include "sim/service.h"

#include <utility>

#include "envelope/cursor.h"
#include "envelope/envelope.h"
#include "envelope/hello.h"
#include "envelope/hold.h"
#include "envelope/packer.h"

namespace jetway::sim {

namespace {

constexpr base::Duration retry = std::chrono::milliseconds(200);

std::uint64_t read_number(base::ByteView msgpack) {
    envelope::Cursor cursor(msgpack);
    std::uint64_t number = 0;
    return cursor.read_unsigned(number) ? number : 0;
}

}  // namespace

std::uint64_t Ledger::sent(const std::string& destination, base::Instant now) {
    const std::uint64_t number = entries_.size() + 1;
    entries_[number] = {
        .destination = destination, .at = now, .everywhere = destination.ends_with("@*")};
    return number;
}

void Ledger::delivered(std::uint64_t number, bool possible_duplicate) {
    Entry& entry = entries_[number];
    ++entry.delivered;
    if (!possible_duplicate && ++entry.unmarked > 1 && !entry.everywhere) {
        repeated_ = "envelope " + std::to_string(number) + " to " + entry.destination +
                    " was delivered twice";
    }
}

void Ledger::refused(std::uint64_t number, const std::string& code) {
    ++codes_[code];
    Entry& entry = entries_[number];
    ++entry.refused;
    if (entry.delivered > 0 && !entry.everywhere) {
        contradicted_ = "envelope " + std::to_string(number) + " to " + entry.destination +
                        " was delivered and refused";
    }
}

std::vector<std::uint64_t> Ledger::unanswered(base::Instant since) const {
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, entry] : entries_) {
        if (entry.delivered + entry.refused == 0 && entry.at >= since) {
            numbers.push_back(number);
        }
    }
    return numbers;
}

std::uint64_t number_of(const envelope::Frame& frame) {
    envelope::EnvelopeView view;
    if (envelope::read_envelope(frame.body, view) != nullptr || view.is_answer()) {
        return 0;
    }
    return read_number(view.data);
}

void Service::attach(World& world) {
    wanted_ = true;
    if (connection != 0) {
        return;
    }
    reader_ = envelope::FrameReader(64U << 20U);
    if (world.connect(host_, router::Entry::local_listener, *this) == 0) {
        come_back(world);
        return;
    }
    envelope::Hello hello;
    hello.protocol = {envelope::protocol_version};
    for (const std::string& name : names_) {
        hello.services.push_back({.name = name, .capabilities = {}, .version = {}});
    }
    base::Bytes body;
    envelope::append_hello(body, hello);
    base::Bytes frame;
    envelope::append_frame(frame, {.kind = envelope::Kind::hello, .pin = {}}, body);
    world.send(*this, std::move(frame));
}

void Service::come_back(World& world) {
    world.at(world.now() + retry, [this, &world] {
        if (wanted_ && connection == 0) {
            attach(world);
        }
    });
}

void Service::detach(World& world) {
    wanted_ = false;
    drop_held();
    world.hang_up(*this);
}

void Service::send_to(World& world, const std::string& destination) {
    if (connection == 0) {
        return;
    }
    const std::uint64_t number = ledger_.sent(destination, world.now());
    const auto held = held_.find(destination);
    if (held != held_.end()) {
        held->second.push_back(number);
    } else {
        put(world, number, destination);
    }
}

void Service::put(World& world, std::uint64_t number, const std::string& destination) {
    base::Bytes packed;
    envelope::Packer(packed).number(number);
    envelope::EnvelopeFields fields;
    fields.destination = destination;
    fields.id = packed;
    fields.data = packed;
    base::Bytes body;
    envelope::append_envelope(body, fields);
    base::Bytes frame;
    envelope::append_frame(frame, {.kind = envelope::Kind::envelope, .pin = {}}, body);
    world.send(*this, std::move(frame));
}

void Service::on_hold(World& world, const envelope::Frame& frame) {
    const std::optional<std::string_view> destination = envelope::read_hold(frame.body);
    if (!destination) {
        return;
    }
    if (frame.kind == envelope::Kind::hold) {
        held_[std::string(*destination)];
        return;
    }
    const auto held = held_.find(*destination);
    if (held != held_.end()) {
        const auto [to, numbers] = *held;
        held_.erase(held);
        for (const std::uint64_t number : numbers) {
            put(world, number, to);
        }
    }
}

std::size_t Service::holding() const {
    return held_.size();
}

void Service::on_bytes(World& world, base::ByteView bytes) {
    reader_.feed(bytes, nullptr, [this, &world](const envelope::Frame& frame) {
        if (frame.kind == envelope::Kind::hold || frame.kind == envelope::Kind::resume) {
            on_hold(world, frame);
        }
        if (frame.kind == envelope::Kind::envelope) {
            envelope::EnvelopeView view;
            if (envelope::read_envelope(frame.body, view) == nullptr && !view.error.empty()) {
                ledger_.refused(read_number(view.in_reply_to),
                                envelope::read_error(view.error).code);
            } else if (const std::uint64_t number = number_of(frame); number != 0) {
                ledger_.delivered(number, (frame.flags & envelope::flag::possible_duplicate) != 0);
            }
        }
        return true;
    });
}

// What never left the service.
void Service::drop_held() {
    for (const auto& [destination, numbers] : std::exchange(held_, {})) {
        for (const std::uint64_t number : numbers) {
            ledger_.refused(number, "held");
        }
    }
}

void Service::on_closed(World& world) {
    drop_held();
    come_back(world);
}

}  // namespace jetway::sim
