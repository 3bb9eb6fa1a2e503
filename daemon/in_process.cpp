#include "daemon/in_process.h"

#include <limits>

namespace jetway::daemon {

InProcess::InProcess(Carriers& carriers, std::vector<envelope::ServiceEntry> services,
                     OnEnvelope on_envelope)
    : carriers_(carriers),
      on_envelope_(std::move(on_envelope)),
      reader_(std::numeric_limits<std::uint32_t>::max()) {
    envelope::Hello hello;
    hello.services = std::move(services);
    greet({.peer_address = "in this process", .in_process = true}, std::move(hello));
}

InProcess::InProcess(Carriers& carriers, router::Arrival arrival, const std::string& token,
                     OnEnvelope on_envelope)
    : carriers_(carriers),
      on_envelope_(std::move(on_envelope)),
      reader_(std::numeric_limits<std::uint32_t>::max()) {
    envelope::Hello hello;
    hello.token = token;
    greet(std::move(arrival), std::move(hello));
}

void InProcess::greet(router::Arrival arrival, envelope::Hello hello) {
    id_ = carriers_.router().accepted(std::move(arrival), carriers_.loop().now());
    if (id_ == 0) {
        why_closed_ = "the router has no room for another terminal";
        return;
    }
    carriers_.attach_in_process(id_, this);
    hello.protocol = {envelope::protocol_version};
    base::Bytes body;
    envelope::append_hello(body, hello);
    give(envelope::Kind::hello, body);
    carriers_.turn();
}

InProcess::~InProcess() {
    if (is_open()) {
        carriers_.lost(id_, "the service ended");
    }
}

void InProcess::give(envelope::Kind kind, base::ByteView body, std::uint8_t flags) {
    base::Bytes frame;
    envelope::append_frame(frame, {.kind = kind, .flags = flags, .hops = 0, .pin = {}}, body);
    carriers_.router().on_bytes(id_, frame, nullptr, carriers_.loop().now());
}

base::Result<void> InProcess::send(const envelope::EnvelopeFields& fields, std::uint8_t flags) {
    if (!is_open()) {
        return base::Error{"closed", why_closed_};
    }
    base::Bytes body;
    envelope::append_envelope(body, fields);
    give(envelope::Kind::envelope, body, flags);
    carriers_.turn();
    return {};
}

void InProcess::take(terminal::OutputQueue& output) {
    const std::size_t bytes = output.waiting();
    const std::vector<base::Chunk> chunks = output.take();
    output.written(bytes);
    for (const base::Chunk& chunk : chunks) {
        reader_.feed(chunk.view(), nullptr, [this](const envelope::Frame& frame) {
            if (frame.kind == envelope::Kind::hello) {
                if (const base::Result<envelope::Hello> hello =
                        envelope::read_hello(frame.body, 0)) {
                    address_ = hello->address;
                }
            } else if (frame.kind == envelope::Kind::goodbye) {
                why_closed_ = envelope::read_goodbye(frame.body).message;
            } else if (frame.kind == envelope::Kind::ping) {
                give(envelope::Kind::pong, frame.body);
            } else if (frame.kind == envelope::Kind::envelope) {
                envelope::EnvelopeView view;
                if (envelope::read_envelope(frame.body, view) == nullptr) {
                    on_envelope_(view);
                }
            }
            return true;
        });
    }
}

void InProcess::on_closed() {
    id_ = 0;
    if (why_closed_.empty()) {
        why_closed_ = "the router closed this terminal";
    }
}

}  // namespace jetway::daemon
