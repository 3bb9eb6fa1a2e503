#include "envelope/announce.h"

#include <array>

#include "envelope/address.h"
#include "envelope/cursor.h"
#include "envelope/digest.h"
#include "envelope/keys_seen.h"
#include "envelope/packer.h"
#include "envelope/service_keys.h"

namespace jetway::envelope {

namespace {

using base::Error;
using base::Result;

constexpr std::array<std::string_view, 4> health_names = {"up", "detached", "unhealthy",
                                                          "draining"};

constexpr std::array<std::string_view, 9> announce_keys = {"machineId", "incarnation", "full",
                                                           "more",      "wantFull",    "digest",
                                                           "routes",    "catalogs",    "requests"};
constexpr std::array<std::string_view, 4> catalog_keys = {"machineId", "incarnation", "revision",
                                                          "services"};

bool read_name(Cursor& cursor, std::string& to) {
    std::string_view name;
    if (!cursor.read_text(name) || !valid_name(name)) {
        return false;
    }
    to = name;
    return true;
}

template <typename Number>
bool read_number(Cursor& cursor, Number& to, std::uint64_t most) {
    std::uint64_t value = 0;
    if (!cursor.read_unsigned(value) || value > most) {
        return false;
    }
    to = static_cast<Number>(value);
    return true;
}

bool read_tuple(Cursor& cursor, std::uint32_t elements) {
    std::uint32_t count = 0;
    return cursor.read_array(count) && count == elements;
}

bool read_route(Cursor& cursor, RouteEntry& route) {
    return read_tuple(cursor, 4) && read_name(cursor, route.machine_id) &&
           cursor.read_unsigned(route.sequence) && read_number(cursor, route.cost, infinity) &&
           read_number(cursor, route.hops, infinity);
}

bool read_request(Cursor& cursor, SequenceRequest& request) {
    return read_tuple(cursor, 3) && read_name(cursor, request.machine_id) &&
           cursor.read_unsigned(request.sequence) && read_number(cursor, request.hops_left, 255);
}

bool read_health(Cursor& cursor, Health& health) {
    std::string_view text;
    if (!cursor.read_text(text)) {
        return false;
    }
    for (std::size_t i = 0; i < health_names.size(); ++i) {
        if (text == health_names[i]) {
            health = static_cast<Health>(i);
            return true;
        }
    }
    return false;
}

// Not empty; printable ASCII, with single blanks inside it where `blanks` are allowed.
bool read_printable(Cursor& cursor, std::string& to, std::size_t most, bool blanks) {
    std::string_view text;
    if (!cursor.read_text(text) || text.empty() || text.size() > most) {
        return false;
    }
    char before = ' ';
    for (const char c : text) {
        if (c < ' ' || c > '~' || (c == ' ' && (!blanks || before == ' '))) {
            return false;
        }
        before = c;
    }
    to = text;
    return before != ' ';
}

// The keys that a service has in a catalog only; `known` says whether it was one of them.
bool read_catalog_key(Cursor& cursor, std::string_view key, CatalogService& entry, bool& known) {
    known = true;
    if (key == "instance") {
        return cursor.read_unsigned(entry.instance);
    }
    if (key == "health") {
        return read_health(cursor, entry.health);
    }
    if (key == "ninep") {
        return read_printable(cursor, entry.ninep, max_ninep, false);
    }
    if (key == "policy") {
        return read_printable(cursor, entry.policy, max_policy, true);
    }
    if (key == "policyRevision") {
        return read_number(cursor, entry.policy_revision, max_policy_revision);
    }
    known = false;
    return true;
}

bool read_catalog_service(Cursor& cursor, CatalogService& entry) {
    std::uint32_t keys = 0;
    if (!cursor.read_map(keys)) {
        return false;
    }
    for (std::uint32_t i = 0; i < keys; ++i) {
        std::string_view key;
        if (!cursor.read_text(key)) {
            return false;
        }
        bool known = false;
        if (!read_catalog_key(cursor, key, entry, known) ||
            (!known && !read_service_key(cursor, key, entry.service, known)) ||
            (!known && !cursor.skip())) {
            return false;
        }
    }
    return valid_name(entry.service.name) && !reserved_name(entry.service.name);
}

// Reads an array whose elements `read_element` reads.
template <typename Element, typename Read>
bool read_list(Cursor& cursor, std::vector<Element>& to, Read read_element) {
    std::uint32_t count = 0;
    if (!cursor.read_array(count)) {
        return false;
    }
    to.clear();
    for (std::uint32_t i = 0; i < count; ++i) {
        Element element;
        if (!read_element(cursor, element)) {
            return false;
        }
        to.push_back(std::move(element));
    }
    return true;
}

bool read_catalog(Cursor& outer, Catalog& catalog) {
    base::ByteView raw;
    std::uint32_t keys = 0;
    if (!outer.read_raw(raw)) {
        return false;
    }
    Cursor cursor(raw);
    if (!cursor.read_map(keys)) {
        return false;
    }
    catalog.raw.assign(raw.begin(), raw.end());
    KeysSeen seen(catalog_keys);
    for (std::uint32_t i = 0; i < keys; ++i) {
        std::string_view key;
        if (!cursor.read_text(key)) {
            return false;
        }
        if (seen.again(key)) {
            return false;
        }
        const bool read = key == "machineId"     ? read_name(cursor, catalog.machine_id)
                          : key == "incarnation" ? cursor.read_unsigned(catalog.incarnation)
                          : key == "revision"    ? cursor.read_unsigned(catalog.revision)
                          : key == "services"
                              ? read_list(cursor, catalog.services, read_catalog_service)
                              : cursor.skip();
        if (!read) {
            return false;
        }
    }
    return !catalog.machine_id.empty();
}

bool read_digest(Cursor& cursor, std::uint64_t& digest) {
    base::ByteView bytes;
    if (!cursor.read_binary(bytes) || bytes.size() != 8) {
        return false;
    }
    digest = base::read_be<std::uint64_t>(bytes.data());
    return true;
}

bool read_key(Cursor& cursor, std::string_view key, Announce& announce) {
    if (key == "machineId") {
        return read_name(cursor, announce.machine_id);
    }
    if (key == "incarnation") {
        return cursor.read_unsigned(announce.incarnation);
    }
    if (key == "full") {
        return cursor.read_boolean(announce.full);
    }
    if (key == "more") {
        return cursor.read_boolean(announce.more);
    }
    if (key == "wantFull") {
        return cursor.read_boolean(announce.want_full);
    }
    if (key == "digest") {
        return read_digest(cursor, announce.digest);
    }
    if (key == "routes") {
        return read_list(cursor, announce.routes, read_route);
    }
    if (key == "catalogs") {
        return read_list(cursor, announce.catalogs, read_catalog);
    }
    if (key == "requests") {
        return read_list(cursor, announce.requests, read_request);
    }
    return cursor.skip();
}

void append_route(Packer& packer, const RouteEntry& route) {
    packer.array(4)
        .text(route.machine_id)
        .number(route.sequence)
        .number(route.cost)
        .number(route.hops);
}

}  // namespace

std::string_view health_name(Health health) {
    return health_names[static_cast<std::size_t>(health)];
}

Result<Announce> read_announce(base::ByteView body) {
    Announce announce;
    Cursor cursor(body);
    std::uint32_t keys = 0;
    if (!cursor.read_map(keys)) {
        return Error{"bad-announce", "ANNOUNCE must be a map"};
    }
    bool has_digest = false;
    KeysSeen seen(announce_keys);
    for (std::uint32_t i = 0; i < keys; ++i) {
        std::string_view key;
        if (!cursor.read_text(key)) {
            return Error{"bad-announce", "a key of ANNOUNCE must be str"};
        }
        if (seen.again(key)) {
            return Error{"bad-announce", "ANNOUNCE's `" + std::string(key) + "` stands twice"};
        }
        has_digest = has_digest || key == "digest";
        if (!read_key(cursor, key, announce)) {
            return Error{"bad-announce",
                         "ANNOUNCE's `" + std::string(key.substr(0, max_name)) +
                             "` is of the wrong type, cut short or out of its range"};
        }
    }
    if (!cursor.at_end() || announce.machine_id.empty() || !has_digest) {
        return Error{"bad-announce", "ANNOUNCE must be one map with `machineId` and `digest`"};
    }
    return announce;
}

void append_announce(base::Bytes& to, const Announce& announce) {
    Packer packer(to);
    packer.map(3U + (announce.full ? 1U : 0U) + (announce.more ? 1U : 0U) +
               (announce.want_full ? 1U : 0U) + (announce.routes.empty() ? 0U : 1U) +
               (announce.catalogs.empty() ? 0U : 1U) + (announce.requests.empty() ? 0U : 1U));
    packer.text("machineId").text(announce.machine_id);
    packer.text("incarnation").number(announce.incarnation);
    if (announce.full) {
        packer.text("full").boolean(true);
    }
    if (announce.more) {
        packer.text("more").boolean(true);
    }
    if (announce.want_full) {
        packer.text("wantFull").boolean(true);
    }
    std::array<std::uint8_t, 8> digest;
    base::write_be(digest.data(), announce.digest);
    packer.text("digest").binary(digest);
    if (!announce.routes.empty()) {
        packer.text("routes").array(announce.routes.size());
        for (const RouteEntry& route : announce.routes) {
            append_route(packer, route);
        }
    }
    if (!announce.catalogs.empty()) {
        packer.text("catalogs").array(announce.catalogs.size());
        for (const Catalog& catalog : announce.catalogs) {
            packer.raw(catalog.raw);
        }
    }
    if (!announce.requests.empty()) {
        packer.text("requests").array(announce.requests.size());
        for (const SequenceRequest& request : announce.requests) {
            packer.array(3)
                .text(request.machine_id)
                .number(request.sequence)
                .number(request.hops_left);
        }
    }
}

base::Bytes make_catalog_raw(const Catalog& catalog) {
    base::Bytes raw;
    Packer packer(raw);
    packer.map(4).text("machineId").text(catalog.machine_id);
    packer.text("incarnation").number(catalog.incarnation);
    packer.text("revision").number(catalog.revision);
    packer.text("services").array(catalog.services.size());
    for (const CatalogService& entry : catalog.services) {
        packer.map(3 + optional_service_keys(entry.service) + (entry.ninep.empty() ? 0U : 1U) +
                   (entry.policy.empty() ? 0U : 2U));
        append_service_keys(packer, entry.service);
        packer.text("instance").number(entry.instance);
        packer.text("health").text(health_name(entry.health));
        if (!entry.ninep.empty()) {
            packer.text("ninep").text(entry.ninep);
        }
        if (!entry.policy.empty()) {
            packer.text("policy").text(entry.policy);
            packer.text("policyRevision").number(entry.policy_revision);
        }
    }
    return raw;
}

std::uint64_t route_digest(const RouteEntry& route) {
    base::Bytes bytes;
    Packer packer(bytes);
    append_route(packer, route);
    return first_of_sha256(bytes);
}

std::uint64_t catalog_digest(std::string_view machine_id, std::uint64_t incarnation,
                             std::uint64_t revision) {
    base::Bytes bytes;
    Packer(bytes).array(3).text(machine_id).number(incarnation).number(revision);
    return first_of_sha256(bytes);
}

}  // namespace jetway::envelope
