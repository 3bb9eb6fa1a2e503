#include "envelope/attach.h"

#include <optional>

#include "envelope/service_keys.h"

namespace jetway::envelope {

using base::Error;
using base::Result;

namespace {

Error bad_body(std::string detail) {
    return {"bad-hello", std::move(detail)};
}

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
        return bad_body(std::string(kind) + " must be one map with `services` in it once");
    }
    return std::move(*list);
}

Result<std::vector<std::string>> read_names(Cursor& cursor, std::size_t max_names) {
    std::uint32_t count = 0;
    if (!cursor.read_array(count) || count > max_names) {
        return bad_body("DETACH's `services` must be an array of at most " +
                        std::to_string(max_names) + " names");
    }
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < count; ++i) {
        std::string name;
        if (!read_short_text(cursor, name)) {
            return bad_body("DETACH's `services` must be names");
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

void append_attach(base::Bytes& to, const std::vector<ServiceEntry>& services) {
    Packer packer(to);
    append_services(packer.map(1).text("services"), services);
}

void append_detach(base::Bytes& to, const std::vector<std::string>& names) {
    Packer packer(to);
    packer.map(1).text("services").array(names.size());
    for (const std::string& name : names) {
        packer.text(name);
    }
}

}  // namespace jetway::envelope
