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
constexpr std::uint64_t answer_mark = std::uint64_t{1} << 40U;  // in the `id` of an answer

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

void Ledger::answered(std::uint64_t number, bool possible_duplicate) {
    ++answers_;
    Entry& entry = entries_[number];
    ++entry.answered;
    if (!possible_duplicate && ++entry.unmarked_answers > entry.delivered) {
        answered_twice_ = "envelope " + std::to_string(number) + " to " + entry.destination +
                          " was delivered " + std::to_string(entry.delivered) +
                          " times and answered " + std::to_string(entry.answered) + " times";
    }
}

void Ledger::answer_refused(std::uint64_t number, const std::string& code) {
    ++codes_[code];
    ++entries_[number].answers_refused;
}

std::vector<std::uint64_t> Ledger::without_answer(base::Instant since) const {
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, entry] : entries_) {
        if (entry.delivered > 0 && entry.refused + entry.answered + entry.answers_refused == 0 &&
            entry.at >= since) {
            numbers.push_back(number);
        }
    }
    return numbers;
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
        hello.services.push_back(
            {.name = name, .capabilities = {}, .version = {}, .weight = 1 + host_ % 3});
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
    put_or_hold(world, {.number = ledger_.sent(destination, world.now())}, destination);
}

void Service::put_or_hold(World& world, const Held& what, const std::string& destination) {
    const auto held = held_.find(destination);
    if (held != held_.end()) {
        held->second.push_back(what);
    } else {
        put(world, what, destination);
    }
}

void Service::put(World& world, const Held& what, const std::string& destination) {
    base::Bytes number;
    envelope::Packer(number).number(what.number);
    base::Bytes mark;
    envelope::Packer(mark).number(what.number | answer_mark);
    envelope::EnvelopeFields fields;
    fields.destination = destination;
    fields.id = what.answer ? mark : number;
    fields.in_reply_to = what.answer ? base::ByteView(number) : base::ByteView();
    fields.data = number;
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
        const auto [to, all] = *held;
        held_.erase(held);
        for (const Held& one : all) {
            put(world, one, to);
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
        if (frame.kind == envelope::Kind::ping) {
            base::Bytes pong;
            envelope::append_frame(pong, {.kind = envelope::Kind::pong, .pin = {}}, frame.body);
            world.send(*this, std::move(pong));
        }
        if (frame.kind == envelope::Kind::envelope) {
            on_envelope(world, frame);
        }
        return true;
    });
}

void Service::on_envelope(World& world, const envelope::Frame& frame) {
    const bool marked = (frame.flags & envelope::flag::possible_duplicate) != 0;
    envelope::EnvelopeView view;
    if (envelope::read_envelope(frame.body, view) != nullptr) {
        return;
    }
    const std::uint64_t answered = read_number(view.in_reply_to);
    if (!view.error.empty()) {
        const std::string code = envelope::read_error(view.error).code;
        if ((answered & answer_mark) != 0) {
            ledger_.answer_refused(answered & ~answer_mark, code);
        } else {
            ledger_.refused(answered, code);
        }
    } else if (answered != 0) {
        ledger_.answered(answered, marked);
    } else if (const std::uint64_t number = number_of(frame); number != 0) {
        ledger_.delivered(number, marked);
        if (answers_) {
            put_or_hold(world, {.number = number, .answer = true}, std::string(view.answer_to()));
        }
    }
}

// What never left the service.
void Service::drop_held() {
    for (const auto& [destination, all] : std::exchange(held_, {})) {
        for (const Held& one : all) {
            if (one.answer) {
                ledger_.answer_refused(one.number, "held");
            } else {
                ledger_.refused(one.number, "held");
            }
        }
    }
}

void Service::on_closed(World& world) {
    drop_held();
    come_back(world);
}

}  // namespace jetway::sim
