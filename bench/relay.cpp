// jetway-relay: the floor that a router is measured against.
//
//     jetway-relay ENDPOINT... [--next ENDPOINT]      unix://PATH or tcp://IPV4:PORT
//
// It forwards whole frames between two connections and does nothing else: the first that it
// accepts, at whichever ENDPOINT, and the second, the third and the fourth, and so on. With --next
// each accepted connection is paired with one that is dialled there, which makes a chain of relays.
// Of a frame it reads the length, which is what any router must. One read and one gathered write a
// busy connection a turn; a connection whose partner takes no more is not read until it does. One
// closes, both close.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace {

constexpr std::size_t read_size = std::size_t{256} << 10U;
constexpr std::size_t max_frame = std::size_t{64} << 20U;
constexpr int unix_buffer = 1 << 20;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "jetway-relay: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

struct SocketAddress {
    sockaddr_storage bytes = {};
    socklen_t size = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

SocketAddress parse_endpoint(std::string_view text) {
    SocketAddress address;
    const auto fill = [&address](const auto& one) {
        static_assert(sizeof(one) <= sizeof(address.bytes));
        std::memcpy(&address.bytes, &one, sizeof(one));
        address.size = sizeof(one);
    };
    if (text.starts_with("unix://")) {
        sockaddr_un path = {};
        path.sun_family = AF_UNIX;
        text.remove_prefix(7);
        if (text.size() < sizeof(path.sun_path)) {
            text.copy(path.sun_path, text.size());
            fill(path);
        }
    } else if (text.starts_with("tcp://")) {
        const std::string rest(text.substr(6));
        const std::size_t colon = rest.rfind(':');
        sockaddr_in host = {};
        host.sin_family = AF_INET;
        if (colon != std::string::npos &&
            inet_pton(AF_INET, rest.substr(0, colon).c_str(), &host.sin_addr) == 1) {
            host.sin_port = htons(static_cast<std::uint16_t>(std::atoi(rest.c_str() + colon + 1)));
            fill(host);
        }
    }
    if (address.size == 0) {
        std::fprintf(stderr, "jetway-relay: expected unix://PATH or tcp://IPV4:PORT\n");
        std::exit(2);
    }
    return address;
}

void tune(int fd, int family) {
    if (family == AF_UNIX) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &unix_buffer, sizeof(unix_buffer));
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &unix_buffer, sizeof(unix_buffer));
    } else {
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
}

// What was read from `fd` and not yet written to `partner`: the bytes [sent, whole) are whole
// frames, those from `whole` on the start of one.
struct Connection {
    int fd = -1;
    Connection* partner = nullptr;
    bool closed = false;
    bool blocked = false;  // the partner takes no more for now
    std::vector<std::uint8_t> buffer;
    std::size_t sent = 0;
    std::size_t whole = 0;
    std::size_t end = 0;
};

class Relay {
public:
    // `next` of size 0: none.
    Relay(const std::vector<SocketAddress>& listen_at, const SocketAddress& next) : next_(next) {
        epoll_ = epoll_create1(EPOLL_CLOEXEC);
        for (const SocketAddress& address : listen_at) {
            const int family = address.bytes.ss_family;
            const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            const int on = 1;
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
            if (bind(fd, address.get(), address.size) != 0 || listen(fd, 64) != 0) {
                fail("listen");
            }
            watch(fd, nullptr, EPOLL_CTL_ADD, EPOLLIN);
            listeners_.push_back({fd, family});
        }
    }

    [[noreturn]] void run() {
        epoll_event events[64];
        for (;;) {
            const int count = epoll_wait(epoll_, events, 64, -1);
            for (int i = 0; i < count; ++i) {
                auto* connection = static_cast<Connection*>(events[i].data.ptr);
                if (connection == nullptr) {
                    for (const Listener& listener : listeners_) {
                        accept_all(listener);
                    }
                } else if (!connection->closed) {
                    on_event(*connection, events[i].events);
                }
            }
            std::erase_if(connections_, [](const auto& one) { return one->closed; });
        }
    }

private:
    struct Listener {
        int fd = -1;
        int family = 0;
    };

    void watch(int fd, Connection* connection, int operation, std::uint32_t events) {
        epoll_event event = {};
        event.events = events;
        event.data.ptr = connection;
        if (epoll_ctl(epoll_, operation, fd, &event) != 0) {
            fail("epoll_ctl");
        }
    }

    Connection& add(int fd, int family) {
        tune(fd, family);
        connections_.push_back(std::make_unique<Connection>());
        Connection& one = *connections_.back();
        one.fd = fd;
        one.buffer.resize(read_size);
        return one;
    }

    void accept_all(const Listener& listener) {
        for (;;) {
            const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            Connection& one = add(fd, listener.family);
            if (next_.size != 0) {
                const int family = next_.bytes.ss_family;
                const int out = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
                if (connect(out, next_.get(), next_.size) != 0) {
                    fail("connect to the next relay");
                }
                fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK);
                pair(one, add(out, family));
            } else if (waiting_ == nullptr) {
                waiting_ = &one;  // read from when its partner is there
                watch(one.fd, &one, EPOLL_CTL_ADD, EPOLLRDHUP);
            } else {
                epoll_ctl(epoll_, EPOLL_CTL_DEL, waiting_->fd, nullptr);
                pair(*std::exchange(waiting_, nullptr), one);
            }
        }
    }

    void pair(Connection& one, Connection& other) {
        one.partner = &other;
        other.partner = &one;
        watch(one.fd, &one, EPOLL_CTL_ADD, EPOLLIN);
        watch(other.fd, &other, EPOLL_CTL_ADD, EPOLLIN);
    }

    void close_both(Connection& one) {
        for (Connection* each : {&one, one.partner}) {
            if (!each->closed) {
                close(each->fd);
                each->closed = true;
            }
        }
    }

    void on_event(Connection& one, std::uint32_t events) {
        if (one.partner == nullptr) {  // gone before a partner came
            close(one.fd);
            one.closed = true;
            waiting_ = nullptr;
            return;
        }
        if ((events & EPOLLOUT) != 0 && one.partner->blocked) {
            write_to_partner(*one.partner);
        }
        if (!one.closed && !one.blocked && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
            read_from(one);
        }
    }

    void read_from(Connection& one) {
        if (one.sent > 0) {  // no whole frame waits here: only the start of one is moved
            std::memmove(one.buffer.data(), one.buffer.data() + one.sent, one.end - one.sent);
            one.end -= one.sent;
            one.whole = one.sent = 0;
        }
        const ssize_t got = read(one.fd, one.buffer.data() + one.end, one.buffer.size() - one.end);
        if (got <= 0) {
            if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
                close_both(one);
            }
            return;
        }
        one.end += static_cast<std::size_t>(got);
        while (one.end - one.whole >= 4) {
            const std::size_t size =
                4 +
                std::size_t{jetway::base::read_be<std::uint32_t>(one.buffer.data() + one.whole)};
            if (size > max_frame) {
                close_both(one);
                return;
            }
            if (size > one.end - one.whole) {
                if (one.whole + size > one.buffer.size()) {
                    one.buffer.resize(one.whole + size + read_size);
                }
                break;
            }
            one.whole += size;
        }
        write_to_partner(one);
    }

    void write_to_partner(Connection& one) {
        while (one.sent < one.whole) {
            const ssize_t put = send(one.partner->fd, one.buffer.data() + one.sent,
                                     one.whole - one.sent, MSG_NOSIGNAL);
            if (put < 0) {
                if (errno == EAGAIN) {
                    break;
                }
                close_both(one);
                return;
            }
            one.sent += static_cast<std::size_t>(put);
        }
        const bool blocked = one.sent < one.whole;
        if (blocked != one.blocked) {
            one.blocked = blocked;
            refresh(one);
            refresh(*one.partner);
        }
    }

    void refresh(Connection& one) {
        watch(one.fd, &one, EPOLL_CTL_MOD,
              (one.blocked ? 0U : std::uint32_t{EPOLLIN}) |
                  (one.partner->blocked ? std::uint32_t{EPOLLOUT} : 0U));
    }

    SocketAddress next_;
    int epoll_ = -1;
    std::vector<Listener> listeners_;
    Connection* waiting_ = nullptr;
    std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace

int main(int argc, char** argv) {
    std::vector<SocketAddress> listen_at;
    SocketAddress next;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "--next" && i + 1 < argc) {
            next = parse_endpoint(argv[++i]);
        } else {
            listen_at.push_back(parse_endpoint(argv[i]));
        }
    }
    if (listen_at.empty()) {
        std::fprintf(stderr, "usage: jetway-relay ENDPOINT... [--next ENDPOINT]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    Relay(listen_at, next).run();
}
