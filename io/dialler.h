// Dialler: one attempt to connect to an endpoint. Trying again, and when, is for the caller.
//
// Host names are resolved (in libuv's pool of threads) and their addresses tried in turn, all
// within one timeout. `on_done` is called exactly once, never from the constructor; it may destroy
// the Dialler. ~Dialler cancels: no call after it.
//
// Errors: codes of the errno table ("ECONNREFUSED", "ETIMEDOUT") or of getaddrinfo
// ("EAI_NONAME"); the detail names the endpoint.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "io/endpoint.h"
#include "io/loop.h"
#include "io/stream.h"

namespace jetway::io {

class Dialler {
public:
    using Done = std::function<void(base::Result<std::unique_ptr<Stream>>)>;

    Dialler(Loop& loop, const Endpoint& to, base::Duration timeout, Done on_done);
    ~Dialler();
    Dialler(const Dialler&) = delete;
    Dialler& operator=(const Dialler&) = delete;

private:
    class Attempt;
    std::unique_ptr<Attempt> attempt_;
};

}  // namespace jetway::io
