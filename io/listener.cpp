#include "io/listener.h"

#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>

#include "base/ensure.h"
#include "io/address.h"
#include "io/loop_state.h"
#include "io/socket_stream.h"
#include "io/unix_path.h"
#include "io/uv_error.h"

namespace jetway::io {
namespace {

constexpr int backlog = 1024;
constexpr int most_accepted_a_turn = 64;
constexpr auto pause_length = std::chrono::milliseconds(100);

base::Result<int> listen_tcp(const SocketAddress& address, const std::string& name) {
    const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return system_error(errno, "can't make a TCP socket for " + name);
    }
    const int on = 1;
    static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
    if (::bind(fd, address.get(), address.length) != 0 || ::listen(fd, backlog) != 0) {
        const auto why = system_error(errno, "can't listen on " + name);
        ::close(fd);
        return why;
    }
    return fd;
}

// Errors of one connection, gone before we took it; the next may be fine.
bool concerns_one_connection(int error_number) {
    switch (error_number) {
        case EINTR:
        case ECONNABORTED:
        case EPROTO:
        case EPERM:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case EOPNOTSUPP:
        case ENETUNREACH:
            return true;
        default:
            return false;
    }
}

}  // namespace

base::Result<std::unique_ptr<Listener>> Listener::open(
    Loop& loop, const Endpoint& at, std::function<void(std::unique_ptr<Stream>)> on_accept) {
    if (at.kind == Endpoint::Kind::unix_socket) {
        const auto file = listen_at(at.path, backlog);
        if (!file) {
            return file.error();
        }
        std::unique_ptr<Listener> made(new Listener(loop, file->socket, at, std::move(on_accept)));
        made->device_ = file->device;
        made->inode_ = file->inode;
        return made;
    }
    const auto addresses = resolve_now(at);
    if (!addresses) {
        return addresses.error();
    }
    const auto socket = listen_tcp(addresses->front(), at.text());
    if (!socket) {
        return socket.error();
    }
    SocketAddress bound;
    ensure(::getsockname(*socket, bound.get(), &bound.length) == 0, "a bound socket has a name");
    return std::unique_ptr<Listener>(
        new Listener(loop, *socket, bound.endpoint(), std::move(on_accept)));
}

Listener::Listener(Loop& loop, int listening, Endpoint bound,
                   std::function<void(std::unique_ptr<Stream>)> on_accept)
    : loop_(loop),
      socket_(listening),
      bound_(std::move(bound)),
      on_accept_(std::move(on_accept)),
      alive_(std::make_shared<bool>(true)),
      resume_(loop, [this] { start(); }) {
    auto poll = std::make_unique<uv_poll_t>();
    ensure(uv_poll_init(&loop.state().uv, poll.get(), socket_) == 0, "libuv can poll a socket");
    poll->data = this;
    poll_.reset(poll.release());
    start();
}

Listener::~Listener() {
    *alive_ = false;
    poll_.reset();  // uv_close stops polling at once, so the socket may go
    ::close(socket_);
    if (bound_.kind == Endpoint::Kind::unix_socket) {
        remove_if_ours(bound_.path, device_, inode_);
    }
}

void Listener::start() {
    const int status = uv_poll_start(poll_.get(), UV_READABLE, [](uv_poll_t* poll, int how, int) {
        auto* self = static_cast<Listener*>(poll->data);
        if (how < 0) {
            self->pause(-how);
        } else {
            self->accept_some();
        }
    });
    ensure(status == 0, "a listening socket can be polled");
}

void Listener::accept_some() {
    const auto alive = alive_;
    const auto on_accept = on_accept_;
    for (int i = 0; i < most_accepted_a_turn; ++i) {
        const int fd = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (concerns_one_connection(errno)) {
                continue;
            }
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                pause(errno);
            }
            return;
        }
        auto stream = SocketStream::adopt(loop_, fd, bound_.kind);
        if (stream) {
            on_accept(std::move(*stream));
        }
        if (!*alive) {
            return;
        }
    }
}

void Listener::pause(int error_number) {
    ++pauses_;
    last_pause_ = system_error(error_number, "can't accept connections at " + bound_.text());
    uv_poll_stop(poll_.get());
    resume_.set(loop_.now() + pause_length);
}

}  // namespace jetway::io
