#include "cli/bench_socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "envelope/address.h"

namespace jetway::cli {

namespace {

using base::Error;
using base::Result;

constexpr std::size_t read_size = std::size_t{256} << 10U;
constexpr int unix_buffer = 1 << 20;  // as much as a router asks for; TCP's are left to the kernel

Error no_router(const io::Endpoint& to, int code) {
    return {"no-router", to.text() + ": " + std::strerror(code)};
}

// False: `deadline` came first.
bool wait_for(int fd, short events, base::Instant deadline) {
    for (;;) {
        const base::Duration left = deadline - bench_now();
        if (left.count() <= 0) {
            return false;
        }
        pollfd one = {.fd = fd, .events = events, .revents = 0};
        const int ready = poll(&one, 1, static_cast<int>(base::to_microseconds(left) / 1000 + 1));
        if (ready > 0) {
            return true;
        }
    }
}

Result<int> finish_connect(int fd, const sockaddr* address, socklen_t size, const io::Endpoint& to,
                           base::Instant deadline) {
    if (::connect(fd, address, size) == 0) {
        return fd;
    }
    int code = errno;
    if (code == EINPROGRESS) {
        if (!wait_for(fd, POLLOUT, deadline)) {
            close(fd);
            return Error{"timeout", to.text() + ": no connection in time"};
        }
        socklen_t code_size = sizeof(code);
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &code_size);
    }
    if (code == 0) {
        return fd;
    }
    close(fd);
    return no_router(to, code);
}

Result<int> connect_unix(const io::Endpoint& to, base::Instant deadline) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (to.path.size() >= sizeof(address.sun_path)) {
        return Error{"usage", to.path + ": a Unix socket's path has at most 107 bytes"};
    }
    to.path.copy(address.sun_path, to.path.size());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return no_router(to, errno);
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &unix_buffer, sizeof(unix_buffer));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &unix_buffer, sizeof(unix_buffer));
    return finish_connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address), to,
                          deadline);
}

Result<int> connect_tcp(const io::Endpoint& to, base::Instant deadline) {
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int code =
            getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found)) {
        return Error{"no-router", to.text() + ": " + gai_strerror(code)};
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
    const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return no_router(to, errno);
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return finish_connect(fd, found->ai_addr, found->ai_addrlen, to, deadline);
}

}  // namespace

BenchSocket::BenchSocket(int fd) : fd_(fd), buffer_(read_size) {}

BenchSocket::~BenchSocket() {
    if (fd_ >= 0) {
        close(fd_);
    }
}

Result<BenchSocket> BenchSocket::connect(const io::Endpoint& to, base::Duration timeout) {
    const base::Instant deadline = bench_now() + timeout;
    const Result<int> fd = to.kind == io::Endpoint::Kind::unix_socket ? connect_unix(to, deadline)
                                                                      : connect_tcp(to, deadline);
    if (!fd) {
        return fd.error();
    }
    return BenchSocket(*fd);
}

Result<void> BenchSocket::greet(const std::vector<std::string>& services, base::Duration timeout) {
    envelope::Hello ours;
    ours.protocol = {envelope::protocol_version};
    for (const std::string& name : services) {
        envelope::ServiceEntry entry;
        entry.name = name;
        ours.services.push_back(std::move(entry));
    }
    base::Bytes body;
    append_hello(body, ours);
    base::Bytes frame;
    envelope::append_frame(frame, {.kind = envelope::Kind::hello, .pin = {}}, body);
    if (Result<void> sent = write_all(frame, timeout); !sent) {
        return sent;
    }
    std::optional<Error> refused;
    Result<void> read = read_until(
        [&](const envelope::Frame& answer) {
            if (answer.kind == envelope::Kind::goodbye) {
                const envelope::Goodbye goodbye = envelope::read_goodbye(answer.body);
                refused = Error{goodbye.code, goodbye.message};
            } else if (Result<envelope::Hello> theirs = envelope::read_hello(answer.body, 0)) {
                address_ = theirs->address;
            } else {
                refused = theirs.error();
            }
            return false;
        },
        timeout);
    if (!read) {
        return read;
    }
    if (!refused && address_.empty()) {
        return Error{"bad-hello", "the router gave no address"};
    }
    return refused ? Result<void>(*refused) : Result<void>();
}

std::string BenchSocket::machine() const {
    return std::string(envelope::split_address(address_).machine);
}

Result<std::size_t> BenchSocket::write_some(base::ByteView bytes) {
    const ssize_t put = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put >= 0) {
        return static_cast<std::size_t>(put);
    }
    if (errno == EAGAIN || errno == EINTR) {
        return std::size_t{0};
    }
    return Error{"no-router", std::string("the connection ended: ") + std::strerror(errno)};
}

Result<void> BenchSocket::write_all(base::ByteView bytes, base::Duration timeout) {
    const base::Instant deadline = bench_now() + timeout;
    while (!bytes.empty()) {
        const Result<std::size_t> put = write_some(bytes);
        if (!put) {
            return put.error();
        }
        bytes = bytes.subspan(*put);
        if (!bytes.empty() && !wait_for(fd_, POLLOUT, deadline)) {
            return Error{"timeout", "what was sent was not taken in time"};
        }
    }
    return {};
}

Result<std::size_t> BenchSocket::read_some() {
    const ssize_t got = recv(fd_, buffer_.data(), buffer_.size(), 0);
    if (got > 0) {
        return static_cast<std::size_t>(got);
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return std::size_t{0};
    }
    return Error{"no-router", got == 0
                                  ? std::string("the connection was closed")
                                  : std::string("the connection ended: ") + std::strerror(errno)};
}

Result<void> BenchSocket::read_until(const std::function<bool(const envelope::Frame&)>& on_frame,
                                     base::Duration timeout) {
    const base::Instant deadline = bench_now() + timeout;
    bool more = true;
    while (more) {
        if (!wait_for(fd_, POLLIN, deadline)) {
            return Error{"timeout", "no answer in time"};
        }
        const Result<bool> read =
            read_frames([&](const envelope::Frame& frame) { return more = on_frame(frame); });
        if (!read) {
            return read.error();
        }
    }
    return {};
}

}  // namespace jetway::cli
