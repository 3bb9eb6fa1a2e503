#include "envelope/hello.h"

#include <algorithm>
#include <array>

#include "envelope/address.h"
#include "envelope/keys_seen.h"
#include "envelope/service_entry.h"

namespace jetway::envelope {

namespace {

using base::Error;
using base::Result;

constexpr std::size_t max_text = 512;
constexpr std::uint32_t max_capabilities = 64;
constexpr std::array<std::string_view, 10> hello_keys = {
    "protocol", "role",    "machineId", "incarnation", "services",
    "token",    "session", "received",  "address",     "limits"};

Error bad(std::string detail) {
    return {"bad-hello", std::move(detail)};
}

Result<ServiceEntry> read_service(Cursor& cursor) {
    ServiceEntry entry;
    std::string_view name;
    std::uint32_t keys = 0;
    if (cursor.read_text(name)) {
        entry.name = name;
    } else if (cursor.read_map(keys)) {
        for (std::uint32_t i = 0; i < keys; ++i) {
            std::string_view key;
            bool known = false;
            if (!cursor.read_text(key) || !read_service_key(cursor, key, entry, known) ||
                (!known && !cursor.skip())) {
                return bad("a service's `" + std::string(key.substr(0, max_name)) +
                           "` is of the wrong type or out of its range");
            }
        }
    } else {
        return bad("a service must be a name or a map");
    }
    if (!valid_name(entry.name)) {
        return bad(
            "a service's name must be 1 to 128 of A-Z a-z 0-9 . _ - and start with a letter or "
            "digit");
    }
    if (reserved_name(entry.name)) {
        return bad("the name `" + entry.name + "` is reserved");
    }
    return entry;
}

Result<std::vector<ServiceEntry>> read_services(Cursor& cursor, std::size_t max_services) {
    std::uint32_t count = 0;
    if (!cursor.read_array(count)) {
        return bad("`services` must be an array");
    }
    if (count > max_services) {
        return bad("at most " + std::to_string(max_services) + " services a connection");
    }
    std::vector<ServiceEntry> services;
    for (std::uint32_t i = 0; i < count; ++i) {
        Result<ServiceEntry> service = read_service(cursor);
        if (!service) {
            return service.error();
        }
        services.push_back(std::move(*service));
    }
    return services;
}

bool read_short_text(Cursor& cursor, std::string& to) {
    std::string_view text;
    if (!cursor.read_text(text) || text.size() > max_text) {
        return false;
    }
    to = text;
    return true;
}

bool read_limits(Cursor& cursor, Hello& hello) {
    std::uint32_t keys = 0;
    if (!cursor.read_map(keys)) {
        return false;
    }
    for (std::uint32_t i = 0; i < keys; ++i) {
        std::string_view key;
        if (!cursor.read_text(key)) {
            return false;
        }
        if (key == "maxFrame") {
            std::uint64_t value = 0;
            if (!cursor.read_unsigned(value) || value > UINT32_MAX) {
                return false;
            }
            hello.max_frame = static_cast<std::uint32_t>(value);
        } else if (!cursor.skip()) {
            return false;
        }
    }
    return true;
}

bool read_role(Cursor& cursor, Hello& hello) {
    std::string_view role;
    if (!cursor.read_text(role) || (role != "router" && role != "service")) {
        return false;
    }
    hello.role = role == "router" ? Role::router : Role::service;
    return true;
}

bool read_versions(Cursor& cursor, Hello& hello) {
    std::uint32_t count = 0;
    if (!cursor.read_array(count) || count > max_text) {
        return false;
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        std::uint64_t version = 0;
        if (!cursor.read_unsigned(version)) {
            return false;
        }
        hello.protocol.push_back(version);
    }
    return true;
}

// Every key but `services`.
bool read_hello_key(Cursor& cursor, std::string_view key, Hello& hello, bool& role_said) {
    if (key == "protocol") {
        return read_versions(cursor, hello);
    }
    if (key == "role") {
        role_said = true;
        return read_role(cursor, hello);
    }
    if (key == "machineId") {
        return read_short_text(cursor, hello.machine_id) && valid_name(hello.machine_id);
    }
    if (key == "incarnation") {
        return cursor.read_unsigned(hello.incarnation);
    }
    if (key == "token") {
        return read_short_text(cursor, hello.token);
    }
    if (key == "session") {
        base::ByteView bytes;
        if (!cursor.read_binary(bytes) || bytes.size() > max_text) {
            return false;
        }
        hello.session.assign(bytes.begin(), bytes.end());
        return true;
    }
    if (key == "received") {
        return cursor.read_unsigned(hello.received);
    }
    if (key == "address") {
        return read_short_text(cursor, hello.address);
    }
    if (key == "limits") {
        return read_limits(cursor, hello);
    }
    return cursor.skip();
}

}  // namespace

bool read_service_key(Cursor& cursor, std::string_view key, ServiceEntry& entry, bool& known) {
    known = true;
    if (key == "name") {
        return read_short_text(cursor, entry.name);
    }
    if (key == "version") {
        return read_short_text(cursor, entry.version);
    }
    if (key == "weight") {
        std::uint64_t weight = 0;
        if (!cursor.read_unsigned(weight) || weight < 1 || weight > max_weight) {
            return false;
        }
        entry.weight = static_cast<std::uint32_t>(weight);
        return true;
    }
    if (key == "capabilities") {
        std::uint32_t count = 0;
        if (!cursor.read_array(count) || count > max_capabilities) {
            return false;
        }
        entry.capabilities.clear();
        for (std::uint32_t i = 0; i < count; ++i) {
            std::string capability;
            if (!read_short_text(cursor, capability)) {
                return false;
            }
            entry.capabilities.push_back(std::move(capability));
        }
        return true;
    }
    known = false;
    return true;
}

std::size_t optional_service_keys(const ServiceEntry& entry) {
    return (entry.capabilities.empty() ? 0U : 1U) + (entry.version.empty() ? 0U : 1U) +
           (entry.weight == 1 ? 0U : 1U);
}

void append_service_keys(Packer& packer, const ServiceEntry& entry) {
    packer.text("name").text(entry.name);
    if (!entry.capabilities.empty()) {
        packer.text("capabilities").array(entry.capabilities.size());
        for (const std::string& capability : entry.capabilities) {
            packer.text(capability);
        }
    }
    if (!entry.version.empty()) {
        packer.text("version").text(entry.version);
    }
    if (entry.weight != 1) {
        packer.text("weight").number(entry.weight);
    }
}

Result<Hello> read_hello(base::ByteView body, std::size_t max_services) {
    Hello hello;
    Cursor cursor(body);
    std::uint32_t keys = 0;
    bool role_said = false;
    bool protocol_said = false;
    if (!cursor.read_map(keys)) {
        return bad("HELLO must be a map");
    }
    KeysSeen seen(hello_keys);
    for (std::uint32_t i = 0; i < keys; ++i) {
        std::string_view key;
        if (!cursor.read_text(key)) {
            return bad("a key of HELLO must be str");
        }
        protocol_said = protocol_said || key == "protocol";
        if (seen.again(key)) {
            return bad("HELLO's `" + std::string(key) + "` stands twice");
        }
        if (key == "services") {
            Result<std::vector<ServiceEntry>> services = read_services(cursor, max_services);
            if (!services) {
                return services.error();
            }
            hello.services = std::move(*services);
        } else if (!read_hello_key(cursor, key, hello, role_said)) {
            return bad("HELLO's `" + std::string(key.substr(0, max_name)) +
                       "` is of the wrong type or out of its range");
        }
    }
    if (!cursor.at_end()) {
        return bad("bytes follow HELLO's map");
    }
    if (!protocol_said || !role_said) {
        return bad("HELLO must say `protocol` and `role`");
    }
    if (hello.role == Role::router && (hello.machine_id.empty() || hello.incarnation == 0)) {
        return bad(
            "a router's HELLO must say its `machineId` and its `incarnation`, which is above 0");
    }
    return hello;
}

namespace {

// Reads the map that an ATTACH and a DETACH are: `read_list` its `services`, which stands in it
// once. The whole body is read, so that one cut short or with bytes after it attaches nothing.
template <typename List, typename Read>
Result<List> read_services_map(base::ByteView body, const char* kind, Read read_list) {
    Cursor cursor(body);
    std::uint32_t keys = 0;
    std::optional<List> list;
    bool whole = cursor.read_map(keys);
    for (std::uint32_t i = 0; whole && i < keys; ++i) {
        std::string_view key;
        whole = cursor.read_text(key);
        if (whole && key == "services" && !list) {
            Result<List> read = read_list(cursor);
            if (!read) {
                return read.error();
            }
            list = std::move(*read);
        } else if (whole) {
            whole = key != "services" && cursor.skip();
        }
    }
    if (!whole || !list || !cursor.at_end()) {
        return bad(std::string(kind) + " must be one map with `services` in it once");
    }
    return std::move(*list);
}

Result<std::vector<std::string>> read_names(Cursor& cursor, std::size_t max_names) {
    std::uint32_t count = 0;
    if (!cursor.read_array(count) || count > max_names) {
        return bad("DETACH's `services` must be an array of at most " + std::to_string(max_names) +
                   " names");
    }
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < count; ++i) {
        std::string name;
        if (!read_short_text(cursor, name)) {
            return bad("DETACH's `services` must be names");
        }
        names.push_back(std::move(name));
    }
    return names;
}

}  // namespace

Result<std::vector<ServiceEntry>> read_attach(base::ByteView body, std::size_t max_services) {
    return read_services_map<std::vector<ServiceEntry>>(
        body, "ATTACH", [&](Cursor& cursor) { return read_services(cursor, max_services); });
}

Result<std::vector<std::string>> read_detach(base::ByteView body, std::size_t max_services) {
    return read_services_map<std::vector<std::string>>(
        body, "DETACH", [&](Cursor& cursor) { return read_names(cursor, max_services); });
}

Goodbye read_goodbye(base::ByteView body) {
    Goodbye goodbye;
    Cursor cursor(body);
    std::uint32_t keys = 0;
    if (!cursor.read_map(keys)) {
        return goodbye;
    }
    for (std::uint32_t i = 0; i < keys; ++i) {
        std::string_view key;
        std::string_view value;
        if (!cursor.read_text(key)) {
            break;
        }
        if (cursor.read_text(value)) {
            if (key == "code") {
                goodbye.code = value.substr(0, max_text);
            } else if (key == "message") {
                goodbye.message = value.substr(0, max_text);
            }
        } else if (!cursor.skip()) {
            break;
        }
    }
    return goodbye;
}

void append_hello(base::Bytes& to, const Hello& hello) {
    const bool router = hello.role == Role::router;
    const bool numbered = !hello.session.empty();
    Packer packer(to);
    packer.map(2U + (hello.machine_id.empty() ? 0U : 1U) + (hello.incarnation == 0 ? 0U : 1U) +
               (router ? 0U : 1U) + (hello.token.empty() ? 0U : 1U) + (numbered ? 2U : 0U) +
               (hello.address.empty() ? 0U : 1U) + (hello.max_frame == 0 ? 0U : 1U));
    packer.text("protocol").array(hello.protocol.size());
    for (const std::uint64_t version : hello.protocol) {
        packer.number(version);
    }
    packer.text("role").text(router ? "router" : "service");
    if (!hello.machine_id.empty()) {
        packer.text("machineId").text(hello.machine_id);
    }
    if (hello.incarnation != 0) {
        packer.text("incarnation").number(hello.incarnation);
    }
    if (!router) {
        packer.text("services").array(hello.services.size());
        for (const ServiceEntry& service : hello.services) {
            packer.map(1 + optional_service_keys(service));
            append_service_keys(packer, service);
        }
    }
    if (!hello.token.empty()) {
        packer.text("token").text(hello.token);
    }
    if (numbered) {
        packer.text("session").binary(hello.session).text("received").number(hello.received);
    }
    if (!hello.address.empty()) {
        packer.text("address").text(hello.address);
    }
    if (hello.max_frame != 0) {
        packer.text("limits").map(1).text("maxFrame").number(hello.max_frame);
    }
}

void append_attach(base::Bytes& to, const std::vector<ServiceEntry>& services) {
    Packer packer(to);
    packer.map(1).text("services").array(services.size());
    for (const ServiceEntry& service : services) {
        packer.map(1 + optional_service_keys(service));
        append_service_keys(packer, service);
    }
}

void append_detach(base::Bytes& to, const std::vector<std::string>& names) {
    Packer packer(to);
    packer.map(1).text("services").array(names.size());
    for (const std::string& name : names) {
        packer.text(name);
    }
}

void append_goodbye(base::Bytes& to, const Goodbye& goodbye) {
    Packer(to).map(2).text("code").text(goodbye.code).text("message").text(goodbye.message);
}

}  // namespace jetway::envelope
