#include "tests/scenarios/client.h"

#include "envelope/cursor.h"
#include "envelope/envelope.h"
#include "envelope/hello.h"
#include "envelope/packer.h"
#include "sim/service.h"
#include "tests/scenarios/words.h"

namespace jetway::scenarios {

bool Client::attach(sim::World& world) {
    if (world.connect(host_, router::Entry::local_listener, *this) == 0) {
        return false;
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
    return true;
}

void Client::send(sim::World& world, std::uint64_t number, const std::string& destination,
                  std::uint8_t hops) {
    base::Bytes packed;
    envelope::Packer(packed).number(number);
    envelope::EnvelopeFields fields;
    fields.destination = destination;
    fields.id = packed;
    fields.data = packed;
    base::Bytes body;
    envelope::append_envelope(body, fields);
    base::Bytes frame;
    envelope::append_frame(frame, {.kind = envelope::Kind::envelope, .hops = hops, .pin = {}},
                           body);
    if (greeted_) {
        world.send(*this, std::move(frame));
    } else {
        held_.push_back(std::move(frame));
    }
}

void Client::on_bytes(sim::World& world, base::ByteView bytes) {
    const std::string who = narrator_.name(world, host_);
    reader_.feed(bytes, nullptr, [&](const envelope::Frame& frame) {
        if (frame.kind == envelope::Kind::hello) {
            greeted_ = true;
            for (base::Bytes& held : std::exchange(held_, {})) {
                world.send(*this, std::move(held));
            }
        }
        envelope::EnvelopeView view;
        if (frame.kind != envelope::Kind::envelope ||
            envelope::read_envelope(frame.body, view) != nullptr) {
            return true;
        }
        if (const std::uint64_t number = sim::number_of(frame); number != 0) {
            narrator_.say(world, "envelopes", who,
                          join(names_, ", ") + " gets envelope " + std::to_string(number) +
                              ", by way of " + narrator_.way_of(number, host_));
        } else if (view.is_answer()) {
            std::uint64_t asked = 0;
            envelope::Cursor(view.in_reply_to).read_unsigned(asked);
            std::string what = "envelope " + std::to_string(asked) + " was ";
            if (view.error.empty()) {
                what += "answered by " + std::string(view.source);
            } else {
                const envelope::ErrorFields error = envelope::read_error(view.error);
                what += "refused by " + error.at + ": " + error.code + ", " + error.message;
            }
            narrator_.say(world, "envelopes", who, what);
        }
        return true;
    });
}

}  // namespace jetway::scenarios
