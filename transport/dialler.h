// Dialler: one attempt to reach a Target, until the frame stream can begin: connecting, and the
// handshakes of the target's layers, all within one timeout. Trying again, and when, is for the
// caller.
//
// The contract is io::Dialler's: `on_done` is called exactly once, never from the constructor; it
// may destroy the Dialler. ~Dialler cancels: no call after it.
//
// Errors: those of io/dialler.h, of the layers, and ETIMEDOUT, which says what was waited for.
#pragma once

#include <memory>

#include "io/dialler.h"
#include "io/timer.h"
#include "transport/target.h"
#include "transport/upgrade.h"

namespace jetway::transport {

class Dialler {
public:
    using Done = Layer::Done;

    Dialler(io::Loop& loop, Target to, const Terms& terms, base::Duration timeout, Done on_done);
    Dialler(const Dialler&) = delete;
    Dialler& operator=(const Dialler&) = delete;

private:
    void connected(base::Result<std::unique_ptr<io::Stream>> socket);
    void finish(base::Result<std::unique_ptr<io::Stream>> result);

    io::Loop& loop_;
    Target to_;
    Done on_done_;
    io::Timer timer_;  // of the handshakes: io::Dialler has its own
    base::Instant deadline_;
    Layers layers_;
    base::Error why_;  // set: there is nothing to dial with
    std::unique_ptr<Upgrade> upgrade_;
    std::unique_ptr<io::Dialler> socket_;
};

}  // namespace jetway::transport
