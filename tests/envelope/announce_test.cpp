#include "envelope/announce.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/envelope/allocations.h"
#include "tests/envelope/hex.h"

using namespace jetway;
using namespace jetway::envelope;
using test::hex;
using test::to_hex;

namespace {

bool is_announce(base::ByteView body) {
    return read_announce(body).has_value();
}

// An ANNOUNCE with one more key.
base::Bytes announce_with(std::string_view key, base::ByteView value) {
    base::Bytes body;
    Packer packer(body);
    packer.map(3).text("machineId").text("b").text("digest").binary(base::Bytes(8, 0));
    packer.text(key).raw(value);
    return body;
}

base::Bytes list_of(base::ByteView element) {
    base::Bytes bytes;
    Packer(bytes).array(1).raw(element);
    return bytes;
}

Announce some_announce() {
    Announce announce;
    announce.machine_id = "machine-a";
    announce.incarnation = 5;
    announce.full = true;
    announce.more = true;
    announce.want_full = true;
    announce.digest = 0x0102030405060708U;
    announce.routes = {{"machine-a", 9, 0, 0}, {"machine-b", 1U << 20U, infinity, 3}};
    Catalog catalog;
    catalog.machine_id = "machine-a";
    catalog.incarnation = 5;
    catalog.revision = 12;
    catalog.services = {
        {{.name = "gpu", .capabilities = {"h264"}, .version = "1", .weight = 2}, 4, Health::up},
        {{.name = "pty", .capabilities = {}, .version = {}, .weight = 1}, 5, Health::draining},
        {.service = {.name = "web", .capabilities = {}, .version = {}, .weight = 1},
         .instance = 6,
         .ninep = "10.0.0.2:564/srv/web",
         .policy = "sticky header:user",
         .policy_revision = 300}};
    catalog.raw = make_catalog_raw(catalog);
    announce.catalogs = {catalog};
    announce.requests = {{"machine-c", 8, 255}};
    return announce;
}

}  // namespace

TEST_SUITE("envelope.announce") {
    TEST_CASE("an ANNOUNCE has the bytes of the protocol page") {
        Announce announce;
        announce.machine_id = "b";
        announce.incarnation = 2;
        announce.digest = 0x0102030405060708U;
        announce.routes = {{"a", 1, infinity, 2}};
        announce.requests = {{"c", 300, 255}};
        base::Bytes body;
        append_announce(body, announce);
        CHECK(to_hex(body) == to_hex(hex("85"
                                         "a9 6d616368696e654964 a1 62"
                                         "ab 696e6361726e6174696f6e 02"
                                         "a6 646967657374 c4 08 0102030405060708"
                                         "a6 726f75746573 91 94 a1 61 01 cd ffff 02"
                                         "a8 7265717565737473 91 93 a1 63 cd 012c cc ff")));
    }

    TEST_CASE("an ANNOUNCE is read as it was written") {
        const Announce announce = some_announce();
        base::Bytes body;
        append_announce(body, announce);
        const auto read = read_announce(body);
        REQUIRE(read.has_value());
        CHECK(read->machine_id == announce.machine_id);
        CHECK(read->incarnation == announce.incarnation);
        CHECK(read->full);
        CHECK(read->more);
        CHECK(read->want_full);
        CHECK(read->digest == announce.digest);
        CHECK(read->routes == announce.routes);
        CHECK(read->requests == announce.requests);
        REQUIRE(read->catalogs.size() == 1);
        CHECK(read->catalogs[0].machine_id == "machine-a");
        CHECK(read->catalogs[0].incarnation == 5);
        CHECK(read->catalogs[0].revision == 12);
        CHECK(read->catalogs[0].services == announce.catalogs[0].services);
        CHECK(read->catalogs[0].raw == announce.catalogs[0].raw);
        base::Bytes again;
        append_announce(again, *read);
        CHECK(to_hex(again) == to_hex(body));
    }

    TEST_CASE("unknown keys of a catalog and of its services are kept and passed on") {
        base::Bytes raw;
        Packer packer(raw);
        packer.map(4).text("later").raw(test::nested(10'000)).text("machineId").text("a");
        packer.text("revision").number(3).text("services").array(1).map(3);
        packer.text("later")
            .raw(hex("81 a1 61 c3"))
            .text("name")
            .text("gpu")
            .text("health")
            .text("unhealthy");
        const auto read = read_announce(announce_with("catalogs", list_of(raw)));
        REQUIRE(read.has_value());
        REQUIRE(read->catalogs.size() == 1);
        CHECK(read->catalogs[0].raw == raw);
        CHECK(read->catalogs[0].services.at(0).service.name == "gpu");
        CHECK(read->catalogs[0].services.at(0).health == Health::unhealthy);
        base::Bytes on;
        append_announce(on, *read);
        const auto again = read_announce(on);
        REQUIRE(again.has_value());
        CHECK(again->catalogs.at(0).raw == raw);
    }

    TEST_CASE("an ANNOUNCE cut at any byte, or with bytes after it, is refused") {
        base::Bytes body;
        append_announce(body, some_announce());
        for (std::size_t size = 0; size < body.size(); ++size) {
            const base::Bytes cut(body.begin(), body.begin() + static_cast<long>(size));
            CHECK_FALSE(is_announce(cut));
        }
        CHECK(is_announce(body));
        CHECK_FALSE(is_announce(test::joined(body, hex("c0"))));
    }

    TEST_CASE("each key takes its own type only") {
        const std::map<std::string_view, std::string_view> allowed = {
            {"incarnation", "uint"}, {"full", "boolean"}, {"more", "boolean"},
            {"wantFull", "boolean"}, {"routes", ""},      {"catalogs", ""},
            {"requests", ""}};
        for (const auto& [key, type] : allowed) {
            for (const test::Sample& sample : test::samples()) {
                CAPTURE(key);
                CAPTURE(sample.type);
                CHECK(is_announce(announce_with(key, sample.value)) == (type == sample.type));
                CHECK_FALSE(
                    (type.empty() && is_announce(announce_with(key, list_of(sample.value)))));
            }
            if (type.empty()) {
                CHECK(is_announce(announce_with(key, hex("90"))));
            }
        }
        for (const test::Sample& sample : test::samples()) {
            CAPTURE(sample.type);
            base::Bytes machine;
            Packer(machine)
                .map(2)
                .text("digest")
                .binary(base::Bytes(8, 0))
                .text("machineId")
                .raw(sample.value);
            CHECK(is_announce(machine) == (std::string_view(sample.type) == "str"));
            base::Bytes digest;
            Packer(digest).map(2).text("machineId").text("b").text("digest").raw(sample.value);
            CHECK_FALSE(is_announce(digest));
            CHECK_FALSE(is_announce(sample.value));
        }
    }

    TEST_CASE("a known key that stands twice is refused, in a catalog too") {
        for (const char* key : {"incarnation", "full", "routes"}) {
            const base::Bytes value = std::string_view(key) == "full"     ? hex("c3")
                                      : std::string_view(key) == "routes" ? hex("90")
                                                                          : hex("01");
            base::Bytes body;
            Packer packer(body);
            packer.map(4).text("machineId").text("b").text("digest").binary(base::Bytes(8, 0));
            packer.text(key).raw(value).text(key).raw(value);
            CHECK_FALSE(is_announce(body));
        }
        CHECK_FALSE(is_announce(announce_with("machineId", hex("a1 63"))));
        base::Bytes catalog;
        Packer(catalog).map(2).text("machineId").text("a").text("machineId").text("b");
        CHECK_FALSE(is_announce(announce_with("catalogs", list_of(catalog))));
    }

    TEST_CASE("the machine and the digest are required, the digest of 8 bytes") {
        base::Bytes no_digest;
        Packer(no_digest).map(1).text("machineId").text("b");
        CHECK_FALSE(is_announce(no_digest));
        base::Bytes no_machine;
        Packer(no_machine).map(1).text("digest").binary(base::Bytes(8, 0));
        CHECK_FALSE(is_announce(no_machine));
        for (const std::size_t size : {0U, 7U, 9U}) {
            base::Bytes body;
            Packer(body)
                .map(2)
                .text("machineId")
                .text("b")
                .text("digest")
                .binary(base::Bytes(size, 0));
            CHECK_FALSE(is_announce(body));
        }
    }

    TEST_CASE("routes and requests out of their ranges are refused") {
        CHECK(is_announce(announce_with("routes", list_of(hex("94 a1 61 01 cd ffff 01")))));
        for (const char* bad :
             {"93 a1 61 01 01", "95 a1 61 01 01 01 01", "94 a0 01 01 01", "94 a2 2d61 01 01 01",
              "94 a3 614062 01 01 01", "94 a1 61 ff 01 01", "94 a1 61 01 ce 00010000 01",
              "94 a1 61 01 01 ce 00010000", "94 a1 61 ca 00000000 01 01", "94 01 01 01 01"}) {
            CAPTURE(bad);
            CHECK_FALSE(is_announce(announce_with("routes", list_of(hex(bad)))));
        }
        CHECK(is_announce(announce_with("requests", list_of(hex("93 a1 61 01 cc ff")))));
        for (const char* bad : {"92 a1 61 01", "94 a1 61 01 01 01", "93 a1 61 01 cd 0100",
                                "93 a1 61 ff 01", "93 c0 01 01"}) {
            CAPTURE(bad);
            CHECK_FALSE(is_announce(announce_with("requests", list_of(hex(bad)))));
        }
    }

    TEST_CASE("what a catalog says of an instance's 9P address and of its policy") {
        const auto catalog = [](std::string_view key, base::ByteView value) {
            base::Bytes raw;
            Packer packer(raw);
            packer.map(2).text("machineId").text("a").text("services").array(1).map(2);
            packer.text("name").text("web").text(key).raw(value);
            return announce_with("catalogs", list_of(raw));
        };
        const auto text = [&](std::string_view key, std::string_view value) {
            base::Bytes bytes;
            Packer(bytes).text(value);
            return read_announce(catalog(key, bytes));
        };
        const auto number = [&](std::uint64_t value) {
            base::Bytes bytes;
            Packer(bytes).number(value);
            return read_announce(catalog("policyRevision", bytes));
        };
        const auto entry = [](const auto& read) { return read->catalogs.at(0).services.at(0); };
        REQUIRE(text("ninep", "10.0.0.2:564/srv/web").has_value());
        CHECK(entry(text("ninep", "10.0.0.2:564/srv/web")).ninep == "10.0.0.2:564/srv/web");
        CHECK(entry(text("policy", "sticky header:user")).policy == "sticky header:user");
        CHECK(entry(number(max_policy_revision)).policy_revision == max_policy_revision);
        CHECK(text("ninep", std::string(max_ninep, 'a')).has_value());
        CHECK(text("policy", std::string(max_policy, 'a')).has_value());
        for (const std::string& bad :
             {std::string(), std::string(" "), std::string("a b"), std::string("a\n"),
              std::string("a\0b", 3), std::string("\x7f"), std::string("\xc3\xa9"),
              std::string(max_ninep + 1, 'a')}) {
            INFO(bad);
            CHECK_FALSE(text("ninep", bad).has_value());
        }
        for (const std::string& bad :
             {std::string(), std::string(" a"), std::string("a "), std::string("a  b"),
              std::string("a\tb"), std::string(max_policy + 1, 'a')}) {
            INFO(bad);
            CHECK_FALSE(text("policy", bad).has_value());
        }
        CHECK_FALSE(number(max_policy_revision + 1).has_value());
        CHECK_FALSE(is_announce(catalog("ninep", hex("c0"))));
        CHECK_FALSE(is_announce(catalog("policy", hex("01"))));
        CHECK_FALSE(is_announce(catalog("policyRevision", hex("a1 31"))));
    }

    TEST_CASE("a catalog's services are checked") {
        const auto catalog = [](std::string_view key, base::ByteView value) {
            base::Bytes raw;
            Packer packer(raw);
            packer.map(2).text("machineId").text("a").text("services").array(1).map(2);
            packer.text("name").text("gpu").text(key).raw(value);
            return announce_with("catalogs", list_of(raw));
        };
        CHECK(is_announce(catalog("health", hex("a8 6465746163686564"))));
        CHECK(is_announce(catalog("instance", hex("cf ffffffffffffffff"))));
        CHECK_FALSE(is_announce(catalog("health", hex("a1 61"))));
        CHECK_FALSE(is_announce(catalog("health", hex("01"))));
        CHECK_FALSE(is_announce(catalog("instance", hex("ff"))));
        CHECK_FALSE(is_announce(catalog("weight", hex("00"))));
        CHECK_FALSE(is_announce(catalog("name", hex("a6 726f75746572"))));
        CHECK_FALSE(is_announce(catalog("name", hex("a0"))));
        CHECK_FALSE(is_announce(announce_with("catalogs", list_of(hex("80")))));
    }

    TEST_CASE("huge counts make no room, and 10,000 levels of nesting no stack") {
        for (const char* key : {"routes", "catalogs", "requests"}) {
            const base::Bytes body = announce_with(key, hex("dd ffffffff"));
            bool good = true;
            const test::Allocations made = test::allocations_of([&] { good = is_announce(body); });
            CHECK_FALSE(good);
            CHECK(made.bytes < 4096);
            CHECK_FALSE(is_announce(announce_with(key, test::nested(10'000))));
        }
        CHECK(is_announce(announce_with("later", test::nested(10'000))));
        CHECK(is_announce(announce_with("type", hex("a1 61"))));
    }

    // The values are those of Python's hashlib over the msgpack bytes written out by hand:
    //   94 a9 "machine-b" 07 01 01    and    93 a9 "machine-b" cf 0000018bcfe56800 03
    TEST_CASE("digests are the first 8 bytes of the SHA-256 of the msgpack") {
        CHECK(route_digest({"machine-b", 7, 1, 1}) == 0x34f39cff798b3ae2U);
        CHECK(catalog_digest("machine-b", 1'700'000'000'000, 3) == 0x224d2e7a054fd57dU);
    }

    TEST_CASE("every health has the name of the protocol page") {
        CHECK(health_name(Health::up) == "up");
        CHECK(health_name(Health::detached) == "detached");
        CHECK(health_name(Health::unhealthy) == "unhealthy");
        CHECK(health_name(Health::draining) == "draining");
    }
}
