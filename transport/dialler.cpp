#include "transport/dialler.h"

namespace jetway::transport {

Dialler::Dialler(io::Loop& loop, Target to, const Terms& terms, base::Duration timeout,
                 Done on_done)
    : loop_(loop),
      to_(std::move(to)),
      on_done_(std::move(on_done)),
      timer_(
          loop,
          [this] {
              finish(why_.code.empty()
                         ? base::Error{"ETIMEDOUT", to_.text() + " took the connection, but its "
                                                                 "handshake was not done in time"}
                         : why_);
          }),
      deadline_(loop.now() + timeout) {
    base::Result<Layers> layers = layers_of(to_, Role::dialler, terms);
    if (!layers) {
        why_ = layers.error();
        timer_.set(base::Instant());  // due already: the answer comes from the loop
        return;
    }
    layers_ = std::move(*layers);
    socket_ = std::make_unique<io::Dialler>(
        loop_, to_.endpoint, timeout,
        [this](base::Result<std::unique_ptr<io::Stream>> got) { connected(std::move(got)); });
}

void Dialler::connected(base::Result<std::unique_ptr<io::Stream>> socket) {
    if (!socket || layers_.empty()) {
        finish(std::move(socket));
        return;
    }
    timer_.set(deadline_);
    upgrade_ = std::make_unique<Upgrade>(
        loop_, std::move(*socket), std::move(layers_),
        [this](base::Result<std::unique_ptr<io::Stream>> above) { finish(std::move(above)); });
}

void Dialler::finish(base::Result<std::unique_ptr<io::Stream>> result) {
    timer_.cancel();
    const Done done = std::move(on_done_);
    done(std::move(result));  // may destroy this
}

}  // namespace jetway::transport
