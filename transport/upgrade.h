// Upgrade: runs the layers of a connection one after the other, until a stream of frames comes out.
// ~Upgrade cancels: no call after it, and the connection is closed.
#pragma once

#include "transport/layer.h"
#include "transport/layers.h"

namespace jetway::transport {

class Upgrade {
public:
    // `layers` is not empty. `done` is called exactly once, never from the constructor; it may
    // destroy the Upgrade.
    Upgrade(io::Loop& loop, std::unique_ptr<io::Stream> socket, Layers layers, Layer::Done done);
    Upgrade(const Upgrade&) = delete;
    Upgrade& operator=(const Upgrade&) = delete;

private:
    void begin(std::unique_ptr<io::Stream> below);

    io::Loop& loop_;
    Layers layers_;
    std::size_t next_ = 0;
    Layer::Done done_;
};

}  // namespace jetway::transport
