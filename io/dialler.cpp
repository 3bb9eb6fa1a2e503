#include "io/dialler.h"

#include <uv.h>

#include <vector>

#include "base/ensure.h"
#include "io/address.h"
#include "io/loop_state.h"
#include "io/socket_stream.h"
#include "io/timer.h"
#include "io/uv_error.h"

namespace jetway::io {

class Dialler::Attempt {
public:
    Attempt(Loop& loop, const Endpoint& to, base::Duration timeout, Done on_done)
        : loop_(loop),
          to_(to),
          on_done_(std::move(on_done)),
          timer_(loop, [this] { timed_out(); }) {
        timer_.set(loop.now() + timeout);
        begin();
    }

    ~Attempt() {
        if (lookup_ != nullptr) {
            lookup_->attempt = nullptr;
            uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->uv));
        }
    }

    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;

private:
    struct Lookup {
        uv_getaddrinfo_t uv{};
        LoopState* state = nullptr;
        Attempt* attempt = nullptr;  // null once cancelled
    };

    void begin() {
        if (to_.kind == Endpoint::Kind::unix_socket) {
            const auto address = unix_address(to_.path);
            if (address) {
                addresses_.push_back(*address);
            } else {
                why_ = address.error();
            }
            connect_next();
            return;
        }
        addresses_ = numeric_addresses(to_);
        if (addresses_.empty()) {
            look_up();
        } else {
            connect_next();
        }
    }

    void look_up() {
        auto lookup = std::make_unique<Lookup>();
        lookup->uv.data = lookup.get();
        lookup->state = &loop_.state();
        lookup->attempt = this;
        addrinfo hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        const int status =
            uv_getaddrinfo(&loop_.state().uv, &lookup->uv, &Attempt::found, to_.host.c_str(),
                           std::to_string(to_.port).c_str(), &hints);
        if (status < 0) {
            why_ = uv_error(status, "can't look up " + to_.text());
            connect_next();
            return;
        }
        ++loop_.state().lookups;
        lookup_ = lookup.release();
    }

    static void found(uv_getaddrinfo_t* uv, int status, addrinfo* list) {
        const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(uv->data));
        --lookup->state->lookups;
        const auto addresses = addresses_of(list);
        uv_freeaddrinfo(list);
        Attempt* self = lookup->attempt;
        if (self == nullptr) {
            return;
        }
        self->lookup_ = nullptr;
        self->addresses_ = addresses;
        if (status < 0) {
            self->why_ = uv_error(status, "can't look up " + self->to_.text());
        }
        self->connect_next();
    }

    // Tries the next address, or ends with the last error. Answers come in a later turn.
    void connect_next() {
        if (next_ >= addresses_.size()) {
            ended_ = true;
            timer_.set(base::Instant());  // due already: the answer comes from the loop
            return;
        }
        const SocketAddress& address = addresses_[next_++];
        auto request = std::make_unique<uv_connect_t>();
        if (to_.kind == Endpoint::Kind::unix_socket) {
            auto pipe = std::make_unique<uv_pipe_t>();
            ensure(uv_pipe_init(&loop_.state().uv, pipe.get(), 0) == 0, "libuv can make a pipe");
            pipe->data = this;
            handle_.reset(reinterpret_cast<uv_stream_t*>(pipe.get()));
            uv_pipe_connect(request.release(), pipe.release(), to_.path.c_str(), &connected);
            return;
        }
        auto tcp = std::make_unique<uv_tcp_t>();
        ensure(uv_tcp_init(&loop_.state().uv, tcp.get()) == 0, "libuv can make a TCP handle");
        tcp->data = this;
        handle_.reset(reinterpret_cast<uv_stream_t*>(tcp.get()));
        const int status = uv_tcp_connect(request.get(), tcp.release(), address.get(), &connected);
        if (status < 0) {
            why_ = uv_error(status, "can't connect to " + to_.text());
            connect_next();
            return;
        }
        static_cast<void>(request.release());
    }

    static void connected(uv_connect_t* uv, int status) {
        const std::unique_ptr<uv_connect_t> request(uv);
        auto* self = static_cast<Attempt*>(uv->handle->data);
        if (self == nullptr || self->handle_.get() != uv->handle) {
            return;
        }
        if (status < 0) {
            self->why_ = uv_error(status, "can't connect to " + self->to_.text());
            self->handle_.reset();
            self->connect_next();
            return;
        }
        self->timer_.cancel();
        const Done done = std::move(self->on_done_);
        done(SocketStream::adopt(self->loop_, std::move(self->handle_), self->to_.kind));
    }

    void timed_out() {
        if (!ended_) {
            why_ = system_error(ETIMEDOUT, "can't connect to " + to_.text());
            handle_.reset();
        }
        next_ = addresses_.size();
        if (lookup_ != nullptr) {
            lookup_->attempt = nullptr;
            uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->uv));
            lookup_ = nullptr;
        }
        const Done done = std::move(on_done_);
        const base::Error why = why_;
        done(why);  // may destroy this
    }

    Loop& loop_;
    Endpoint to_;
    Done on_done_;
    std::vector<SocketAddress> addresses_;
    std::size_t next_ = 0;
    bool ended_ = false;
    base::Error why_{"EAI_NONAME", "no address found"};
    Lookup* lookup_ = nullptr;  // owned by libuv until its callback
    Handle<uv_stream_s> handle_;
    Timer timer_;
};

Dialler::Dialler(Loop& loop, const Endpoint& to, base::Duration timeout, Done on_done)
    : attempt_(std::make_unique<Attempt>(loop, to, timeout, std::move(on_done))) {}

Dialler::~Dialler() = default;

}  // namespace jetway::io
