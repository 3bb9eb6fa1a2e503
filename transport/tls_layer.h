// TlsLayer: the TLS handshake (io/tls_stream.h), on the Terms of its connection.
#pragma once

#include "io/tls_stream.h"
#include "transport/layer.h"
#include "transport/target.h"
#include "transport/terms.h"

namespace jetway::transport {

class TlsLayer final : public Layer {
public:
    // `terms.tls` is there.
    TlsLayer(const Target& target, Role role, const Terms& terms);

    // Error codes of `done`: those of io/tls_stream.h.
    void begin(io::Loop& loop, std::unique_ptr<io::Stream> below, Done done) override;

private:
    std::shared_ptr<const io::TlsContext> context_;
    io::TlsStream::Options options_;
    std::unique_ptr<io::TlsStream> stream_;
};

}  // namespace jetway::transport
