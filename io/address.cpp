#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "io/uv_error.h"

namespace jetway::io {
namespace {

std::vector<SocketAddress> look_up(const Endpoint& tcp, int flags, int& status) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    status = getaddrinfo(tcp.host.c_str(), std::to_string(tcp.port).c_str(), &hints, &list);
    if (status != 0) {
        return {};
    }
    auto found = addresses_of(list);
    freeaddrinfo(list);
    return found;
}

}  // namespace

Endpoint SocketAddress::endpoint() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family() == AF_INET) {
        const auto* in = reinterpret_cast<const sockaddr_in*>(&storage);
        inet_ntop(AF_INET, &in->sin_addr, text.data(), text.size());
        return Endpoint::tcp(text.data(), ntohs(in->sin_port));
    }
    if (family() == AF_INET6) {
        const auto* in = reinterpret_cast<const sockaddr_in6*>(&storage);
        inet_ntop(AF_INET6, &in->sin6_addr, text.data(), text.size());
        return Endpoint::tcp(text.data(), ntohs(in->sin6_port));
    }
    if (family() == AF_UNIX && length > offsetof(sockaddr_un, sun_path)) {
        const auto* un = reinterpret_cast<const sockaddr_un*>(&storage);
        const std::size_t room = length - offsetof(sockaddr_un, sun_path);
        return Endpoint::unix_socket(std::string(un->sun_path, strnlen(un->sun_path, room)));
    }
    return {};
}

base::Result<SocketAddress> unix_address(const std::string& path) {
    SocketAddress address;
    auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
    if (path.empty()) {
        return system_error(EINVAL, "a Unix socket needs a path");
    }
    if (path.size() >= sizeof(un->sun_path)) {
        return base::Error{"ENAMETOOLONG", "the path of a Unix socket is at most 107 bytes long; " +
                                               path + " has " + std::to_string(path.size())};
    }
    un->sun_family = AF_UNIX;
    std::memcpy(un->sun_path, path.c_str(), path.size() + 1);
    address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return address;
}

std::vector<SocketAddress> numeric_addresses(const Endpoint& tcp) {
    int status = 0;
    return look_up(tcp, AI_NUMERICHOST, status);
}

base::Result<std::vector<SocketAddress>> resolve_now(const Endpoint& tcp) {
    int status = 0;
    auto found = look_up(tcp, AI_PASSIVE, status);
    if (found.empty()) {
        return base::Error{"EAI_NONAME", "no address for " + tcp.text() + ": " +
                                             (status != 0 ? gai_strerror(status) : "none found")};
    }
    return found;
}

std::vector<SocketAddress> addresses_of(const addrinfo* list) {
    std::vector<SocketAddress> found;
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
        if (at->ai_addrlen <= sizeof(sockaddr_storage)) {
            SocketAddress& address = found.emplace_back();
            std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
            address.length = at->ai_addrlen;
        }
    }
    return found;
}

}  // namespace jetway::io
