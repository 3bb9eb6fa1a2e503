#include "transport/tls_layer.h"

namespace jetway::transport {

TlsLayer::TlsLayer(const Target& target, Role role, const Terms& terms) : context_(terms.tls) {
    using Side = io::TlsStream::Options::Side;
    options_.side = role == Role::dialler ? Side::client : Side::server;
    options_.required = terms.certificate_required;
    // A browser that is asked for a certificate gives up the WebSocket.
    options_.asked = target.scheme != Scheme::wss;
    options_.expected = terms.machine.empty() ? target.endpoint.host : terms.machine;
    options_.expected_may_be_address = terms.machine.empty();
}

void TlsLayer::begin(io::Loop& loop, std::unique_ptr<io::Stream> below, Done done) {
    stream_ = std::make_unique<io::TlsStream>(
        loop, std::move(below), context_, options_,
        [this, done = std::move(done)](const base::Result<void>& result) {
            // Nothing of this or of its handler is used once `whose` is called: it may destroy
            // both. A stream that failed is in the middle of its own call.
            const Done whose = done;
            if (result) {
                whose(std::unique_ptr<io::Stream>(std::move(stream_)));
            } else {
                whose(result.error());
            }
        });
}

}  // namespace jetway::transport
