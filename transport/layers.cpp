#include "transport/layers.h"

#include "transport/websocket_layer.h"

namespace jetway::transport {

base::Result<Layers> layers_of(const Target& target, Role role) {
    Layers layers;
    if (target.is_encrypted()) {
        return base::Error{"usage", target.text() + ": TLS is not in this version of Jetway"};
    }
    if (target.is_websocket()) {
        layers.push_back(std::make_unique<WebSocketLayer>(target, role));
    }
    return layers;
}

}  // namespace jetway::transport
