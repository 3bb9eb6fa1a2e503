// HELLO, ATTACH, DETACH and GOODBYE: how a connection begins, what it attaches, and why it ends.
// Keys: docs/protocol.md, "HELLO".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace jetway::envelope {

inline constexpr std::uint64_t protocol_version = 1;
inline constexpr std::uint32_t max_weight = 65'535;

enum class Role { service, router };

// A service as HELLO and ATTACH name it.
struct ServiceEntry {
    std::string name;
    std::vector<std::string> capabilities;
    std::string version;       // empty: none
    std::uint32_t weight = 1;  // 1 to max_weight

    friend bool operator==(const ServiceEntry&, const ServiceEntry&) = default;
};

struct Hello {
    std::vector<std::uint64_t> protocol;
    Role role = Role::service;
    std::string machine_id;
    std::uint64_t incarnation = 0;
    std::vector<ServiceEntry> services;
    std::string token;
    base::Bytes session;
    std::uint64_t received = 0;
    std::string address;
    std::uint32_t max_frame = 0;  // limits.maxFrame, bytes; 0: not said
};

struct Goodbye {
    std::string code;
    std::string message;
};

// The errors of these have code `bad-hello`, also for a name that nobody may attach.
// More than `max_services` services, a known key twice and bytes after the map are errors as well.
// Unknown keys are ignored.
base::Result<Hello> read_hello(base::ByteView body, std::size_t max_services);
base::Result<std::vector<ServiceEntry>> read_attach(base::ByteView body, std::size_t max_services);
base::Result<std::vector<std::string>> read_detach(base::ByteView body, std::size_t max_services);

// What is not a map or has no code reads as an empty Goodbye: the connection ends anyhow. Both
// texts are cut to 512 bytes.
Goodbye read_goodbye(base::ByteView body);

// Each appends one msgpack value; empty fields are left out.
void append_hello(base::Bytes& to, const Hello& hello);
void append_attach(base::Bytes& to, const std::vector<ServiceEntry>& services);
void append_detach(base::Bytes& to, const std::vector<std::string>& names);
void append_goodbye(base::Bytes& to, const Goodbye& goodbye);

}  // namespace jetway::envelope
