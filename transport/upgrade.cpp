#include "transport/upgrade.h"

#include "base/ensure.h"

namespace jetway::transport {

Upgrade::Upgrade(io::Loop& loop, std::unique_ptr<io::Stream> socket, Layers layers,
                 Layer::Done done)
    : loop_(loop), layers_(std::move(layers)), done_(std::move(done)) {
    ensure(!layers_.empty(), "an upgrade has at least one layer");
    begin(std::move(socket));
}

void Upgrade::begin(std::unique_ptr<io::Stream> below) {
    layers_[next_++]->begin(loop_, std::move(below),
                            [this](base::Result<std::unique_ptr<io::Stream>> above) {
                                if (above && next_ < layers_.size()) {
                                    begin(std::move(*above));
                                    return;
                                }
                                const Layer::Done done = std::move(done_);
                                done(std::move(above));  // may destroy this
                            });
}

}  // namespace jetway::transport
