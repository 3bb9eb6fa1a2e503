#include "transport/layers.h"

#include "transport/tls_layer.h"
#include "transport/websocket_layer.h"

namespace jetway::transport {

base::Result<Layers> layers_of(const Target& target, Role role, const Terms& terms) {
    Layers layers;
    if (target.is_encrypted()) {
        if (!terms.tls) {
            return base::Error{"certificate", target.text() + " needs certificates"};
        }
        layers.push_back(std::make_unique<TlsLayer>(target, role, terms));
    }
    if (target.is_websocket()) {
        layers.push_back(std::make_unique<WebSocketLayer>(target, role));
    }
    return layers;
}

}  // namespace jetway::transport
