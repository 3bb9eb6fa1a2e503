// TlsPair: both ends of a connection in TLS, each with what its handshake came to.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "certificates.h"
#include "io/tls_stream.h"

namespace jetway::io {

using Side = TlsStream::Options::Side;

struct TlsPair {
    struct Terms {
        std::shared_ptr<const TlsContext> client;
        std::shared_ptr<const TlsContext> server;
        std::string expected = "machine-b";
        bool required = true;
    };

    TlsPair(Loop& on, const Terms& terms) : loop(on), below(on, Endpoint::tcp("127.0.0.1", 0)) {
        server = std::make_unique<TlsStream>(
            loop, std::move(below.server), terms.server,
            TlsStream::Options{.side = Side::server, .expected = {}, .required = terms.required},
            [this](const base::Result<void>& result) { at_server_end = code_of(result); });
        client = std::make_unique<TlsStream>(
            loop, std::move(below.client), terms.client,
            TlsStream::Options{.side = Side::client, .expected = terms.expected, .required = false},
            [this](const base::Result<void>& result) { at_client_end = code_of(result); });
        client->set_handler(&at_client);
        server->set_handler(&at_server);
        CHECK(wait_for(loop, [this] { return !at_client_end.empty() && !at_server_end.empty(); }));
    }

    static std::string code_of(const base::Result<void>& result) {
        return result ? "done" : result.error().code + ": " + result.error().detail;
    }

    void read_both() const {
        client->start_reading();
        server->start_reading();
    }

    Loop& loop;
    Pair below;
    std::string at_client_end;
    std::string at_server_end;
    Recorder at_client;
    Recorder at_server;
    std::unique_ptr<TlsStream> client;
    std::unique_ptr<TlsStream> server;
};

inline bool has(const std::string& text, const char* part) {
    INFO(text, " | ", part);
    return text.find(part) != std::string::npos;
}

}  // namespace jetway::io
