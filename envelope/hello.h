// HELLO and GOODBYE: how a connection begins, and why it ends.
// Keys: docs/protocol.md, "HELLO".
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "envelope/service_entry.h"

namespace jetway::envelope {

inline constexpr std::uint64_t protocol_version = 1;

enum class Role { service, router };

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

// Errors have code `bad-hello`, also for a name that nobody may attach. More than `max_services`
// services, a known key twice and bytes after the map are errors as well. Unknown keys are ignored.
base::Result<Hello> read_hello(base::ByteView body, std::size_t max_services);

// What is not a map or has no code reads as an empty Goodbye: the connection ends anyhow. Both
// texts are cut to 512 bytes.
Goodbye read_goodbye(base::ByteView body);

// Each appends one msgpack value; empty fields are left out.
void append_hello(base::Bytes& to, const Hello& hello);
void append_goodbye(base::Bytes& to, const Goodbye& goodbye);

}  // namespace jetway::envelope
