#include "router/control_request.h"

#include "envelope/cursor.h"

namespace jetway::router {

namespace {

constexpr std::size_t max_request = 4096;  // bytes of a name or argument

base::Error bad(std::string detail) {
    return {"bad-envelope", std::move(detail)};
}

bool read_args(envelope::Cursor& cursor, ControlRequest& request) {
    std::uint32_t count = 0;
    if (!cursor.read_map(count)) {
        return false;
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        std::string_view key;
        std::string_view text;
        bool value = false;
        std::uint64_t number = 0;
        if (!cursor.read_text(key) || key.size() > max_request) {
            return false;
        }
        if (cursor.read_text(text)) {
            request.texts.insert_or_assign(std::string(key),
                                           std::string(text.substr(0, max_request)));
        } else if (cursor.read_boolean(value)) {
            request.flags.insert_or_assign(std::string(key), value);
        } else if (cursor.read_unsigned(number)) {
            request.numbers.insert_or_assign(std::string(key), number);
        } else if (!cursor.skip()) {
            return false;
        }
    }
    return true;
}

}  // namespace

base::Result<ControlRequest> read_control_request(base::ByteView data) {
    ControlRequest request;
    envelope::Cursor cursor(data);
    std::uint32_t keys = 0;
    if (!cursor.read_map(keys)) {
        return bad("a request to the router is a map {request: str, args?: map}");
    }
    for (std::uint32_t i = 0; i < keys; ++i) {
        std::string_view key;
        std::string_view name;
        if (!cursor.read_text(key)) {
            return bad("a key of a request must be str");
        }
        if (key == "request") {
            if (!cursor.read_text(name) || name.size() > max_request) {
                return bad("`request` must be str");
            }
            request.name = name;
        } else if (key == "args") {
            if (!read_args(cursor, request)) {
                return bad("`args` must be a map with str keys");
            }
        } else if (!cursor.skip()) {
            return bad("the request is cut short");
        }
    }
    if (request.name.empty()) {
        return bad("a request must say its `request`");
    }
    return request;
}

}  // namespace jetway::router
