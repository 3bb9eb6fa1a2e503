#include "envelope/service_keys.h"

#include "envelope/address.h"

namespace jetway::envelope {

using base::Error;
using base::Result;

namespace {

constexpr std::uint32_t max_capabilities = 64;

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

}  // namespace

bool read_short_text(Cursor& cursor, std::string& to) {
    std::string_view text;
    if (!cursor.read_text(text) || text.size() > max_short_text) {
        return false;
    }
    to = text;
    return true;
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

void append_services(Packer& packer, const std::vector<ServiceEntry>& services) {
    packer.array(services.size());
    for (const ServiceEntry& service : services) {
        packer.map(1 + optional_service_keys(service));
        append_service_keys(packer, service);
    }
}

}  // namespace jetway::envelope
