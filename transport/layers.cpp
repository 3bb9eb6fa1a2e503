#include "transport/layers.h"

namespace jetway::transport {

base::Result<Layers> layers_of(const Target& target, Role role) {
    static_cast<void>(role);
    Layers layers;
    if (target.is_encrypted()) {
        return base::Error{"usage", target.text() + ": TLS is not in this version of Jetway"};
    }
    if (target.is_websocket()) {
        // The layer of WebSocket goes on top of TLS: layers.push_back(…) here, for either role.
        return base::Error{"usage", target.text() + ": WebSocket is not in this version of Jetway"};
    }
    return layers;
}

}  // namespace jetway::transport
