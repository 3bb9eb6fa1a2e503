#include "envelope/hello.h"

#include <algorithm>
#include <array>

#include "envelope/address.h"
#include "envelope/keys_seen.h"
#include "envelope/service_keys.h"

namespace jetway::envelope {

namespace {

using base::Error;
using base::Result;

constexpr std::array<std::string_view, 10> hello_keys = {
    "protocol", "role",    "machineId", "incarnation", "services",
    "token",    "session", "received",  "address",     "limits"};

Error bad_hello(std::string detail) {
    return {"bad-hello", std::move(detail)};
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
    if (!cursor.read_array(count) || count > max_short_text) {
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
        if (!cursor.read_binary(bytes) || bytes.size() > max_short_text) {
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

Result<Hello> read_hello(base::ByteView body, std::size_t max_services) {
    Hello hello;
    Cursor cursor(body);
    std::uint32_t keys = 0;
    bool role_said = false;
    bool protocol_said = false;
    if (!cursor.read_map(keys)) {
        return bad_hello("HELLO must be a map");
    }
    KeysSeen seen(hello_keys);
    for (std::uint32_t i = 0; i < keys; ++i) {
        std::string_view key;
        if (!cursor.read_text(key)) {
            return bad_hello("a key of HELLO must be str");
        }
        protocol_said = protocol_said || key == "protocol";
        if (seen.again(key)) {
            return bad_hello("HELLO's `" + std::string(key) + "` stands twice");
        }
        if (key == "services") {
            Result<std::vector<ServiceEntry>> services = read_services(cursor, max_services);
            if (!services) {
                return services.error();
            }
            hello.services = std::move(*services);
        } else if (!read_hello_key(cursor, key, hello, role_said)) {
            return bad_hello("HELLO's `" + std::string(key.substr(0, max_name)) +
                             "` is of the wrong type or out of its range");
        }
    }
    if (!cursor.at_end()) {
        return bad_hello("bytes follow HELLO's map");
    }
    if (!protocol_said || !role_said) {
        return bad_hello("HELLO must say `protocol` and `role`");
    }
    if (hello.role == Role::router && (hello.machine_id.empty() || hello.incarnation == 0)) {
        return bad_hello(
            "a router's HELLO must say its `machineId` and its `incarnation`, which is above 0");
    }
    return hello;
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
                goodbye.code = value.substr(0, max_short_text);
            } else if (key == "message") {
                goodbye.message = value.substr(0, max_short_text);
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
        append_services(packer.text("services"), hello.services);
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

void append_goodbye(base::Bytes& to, const Goodbye& goodbye) {
    Packer(to).map(2).text("code").text(goodbye.code).text("message").text(goodbye.message);
}

}  // namespace jetway::envelope
