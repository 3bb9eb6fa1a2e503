// Pair: a client, and a router of the test's at the other end. And what they say.
#pragma once

#include "client/client.h"
#include "fake_router.h"

namespace jetway::client {

using envelope::EnvelopeFields;
using envelope::EnvelopeView;
using envelope::Kind;

inline base::Bytes text(std::string_view content) {
    base::Bytes raw;
    envelope::Packer(raw).text(content);
    return raw;
}

// A router that greets, and a client that is open.
struct Pair {
    explicit Pair(Options options = {}, std::uint32_t max_frame = 0) {
        router.max_frame = max_frame;
        auto connected = Client::connect(runtime, router.at(), std::move(options));
        REQUIRE_MESSAGE(connected, (connected ? "" : connected.error().detail));
        client = std::move(connected.value());
    }

    bool wait(const std::function<bool()>& condition) {
        return runtime.wait_until(condition, runtime.now() + std::chrono::seconds(5));
    }

    // The router answers every request in this way.
    void answers(const std::function<void(EnvelopeFields&)>& fill) {
        router.on_frame = [this, fill](const FakeRouter::Received& received) {
            EnvelopeView asked;
            if (received.kind != Kind::envelope ||
                envelope::read_envelope(received.body, asked) != nullptr) {
                return;
            }
            EnvelopeFields fields;
            fields.source = asked.destination;
            fields.destination = asked.reply_to;
            fields.in_reply_to = asked.id;
            fill(fields);
            router.send_envelope(fields);
        };
    }

    Runtime runtime;
    FakeRouter router{runtime};
    std::unique_ptr<Client> client;
};

inline EnvelopeFields to(std::string_view destination, base::ByteView data = {}) {
    EnvelopeFields fields;
    fields.destination = destination;
    fields.data = data;
    return fields;
}

}  // namespace jetway::client
