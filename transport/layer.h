// Layer: one step on the way from a connected socket to a stream of frames. It takes the Stream
// below, does its handshake over it, and yields a Stream on top that owns the one below.
//
//     socket -> [TLS] -> [WebSocket] -> stream of frames
//
// Which layers a scheme has, and in which order, is said by layers_of (layers.h) alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "io/loop.h"
#include "io/stream.h"

namespace jetway::transport {

// The side of the connection that a layer speaks for.
enum class Role : std::uint8_t { dialler, listener };

class Layer {
public:
    using Done = std::function<void(base::Result<std::unique_ptr<io::Stream>>)>;

    Layer() = default;
    virtual ~Layer() = default;  // cancels: no call after it
    Layer(const Layer&) = delete;
    Layer& operator=(const Layer&) = delete;

    // Called once. `done` is called exactly once, never from here; it may destroy the Layer. A
    // handshake that failed says its last words to the peer itself. Timeouts are for the caller.
    virtual void begin(io::Loop& loop, std::unique_ptr<io::Stream> below, Done done) = 0;
};

}  // namespace jetway::transport
