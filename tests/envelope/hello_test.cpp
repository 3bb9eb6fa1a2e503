#include "envelope/attach.h"
#include "envelope/hello.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/envelope/allocations.h"
#include "tests/envelope/hex.h"

using namespace jetway;
using namespace jetway::envelope;
using test::hex;
using test::to_hex;

namespace {

constexpr std::size_t many = 4096;

std::string code_of(base::ByteView body, std::size_t max_services = many) {
    const auto hello = read_hello(body, max_services);
    return hello ? "" : hello.error().code;
}

// A service's HELLO with one more key.
base::Bytes hello_with(std::string_view key, base::ByteView value) {
    base::Bytes body;
    Packer packer(body);
    packer.map(3).text("protocol").array(1).number(1).text("role").text("service");
    packer.text(key).raw(value);
    return body;
}

base::Bytes service_named(std::string_view name) {
    base::Bytes value;
    Packer(value).array(1).text(name);
    return value;
}

Hello router_hello() {
    Hello hello;
    hello.protocol = {1, 2};
    hello.role = Role::router;
    hello.machine_id = "machine-a";
    hello.incarnation = 1'700'000'000'000;
    hello.session = base::Bytes(16, 0xab);
    hello.received = 77;
    hello.max_frame = 16U << 20U;
    return hello;
}

Hello service_hello() {
    Hello hello;
    hello.protocol = {1};
    hello.services = {{.name = "gpu", .capabilities = {"h264", "av1"}, .version = "2", .weight = 3},
                      {.name = "pty", .capabilities = {}, .version = {}, .weight = 1}};
    hello.token = "secret";
    return hello;
}

}  // namespace

TEST_SUITE("envelope.hello") {
    TEST_CASE("a service's HELLO has the bytes of the protocol page") {
        base::Bytes body;
        Hello hello;
        hello.protocol = {1};
        hello.services = {{.name = "gpu", .capabilities = {}, .version = {}, .weight = 1}};
        append_hello(body, hello);
        CHECK(to_hex(body) == to_hex(hex("83"
                                         "a8 70726f746f636f6c 91 01"
                                         "a4 726f6c65 a7 73657276696365"
                                         "a8 7365727669636573 91 81 a4 6e616d65 a3 677075")));
    }

    TEST_CASE("what a service and a router say is read as it was written") {
        for (const Hello& hello : {router_hello(), service_hello()}) {
            base::Bytes body;
            append_hello(body, hello);
            const auto read = read_hello(body, many);
            REQUIRE(read.has_value());
            CHECK(read->protocol == hello.protocol);
            CHECK(read->role == hello.role);
            CHECK(read->machine_id == hello.machine_id);
            CHECK(read->incarnation == hello.incarnation);
            CHECK(read->services == hello.services);
            CHECK(read->token == hello.token);
            CHECK(read->session == hello.session);
            CHECK(read->received == hello.received);
            CHECK(read->max_frame == hello.max_frame);
        }
    }

    TEST_CASE("a HELLO cut at any byte, or with bytes after it, is refused") {
        for (const Hello& hello : {router_hello(), service_hello()}) {
            base::Bytes body;
            append_hello(body, hello);
            for (std::size_t size = 0; size < body.size(); ++size) {
                const base::Bytes cut(body.begin(), body.begin() + static_cast<long>(size));
                CHECK(code_of(cut) == "bad-hello");
            }
            CHECK(code_of(test::joined(body, hex("c0"))) == "bad-hello");
        }
    }

    TEST_CASE("each key of HELLO takes its own type only") {
        const std::map<std::string_view, std::vector<std::string_view>> allowed = {
            {"machineId", {"str"}},
            {"incarnation", {"uint"}},
            {"services", {}},
            {"token", {"str", "empty str"}},
            {"session", {"bin"}},
            {"received", {"uint"}},
            {"address", {"str", "empty str"}},
            {"limits", {"map"}}};
        for (const auto& [key, types] : allowed) {
            for (const test::Sample& sample : test::samples()) {
                CAPTURE(key);
                CAPTURE(sample.type);
                bool expected = false;
                for (const std::string_view type : types) {
                    expected = expected || type == sample.type;
                }
                CHECK((code_of(hello_with(key, sample.value)).empty()) == expected);
            }
        }
        for (const test::Sample& sample : test::samples()) {
            CAPTURE(sample.type);
            base::Bytes role;
            Packer(role).map(2).text("protocol").array(1).number(1).text("role").raw(sample.value);
            CHECK(code_of(role) == "bad-hello");
            base::Bytes protocol;
            Packer(protocol).map(2).text("role").text("service").text("protocol").raw(sample.value);
            CHECK(code_of(protocol).empty() == (std::string_view(sample.type) == "array"));
            CHECK(code_of(sample.value) == "bad-hello");
        }
    }

    TEST_CASE("a known key that stands twice is refused, whatever it says") {
        base::Bytes body;
        Packer packer(body);
        packer.map(4).text("protocol").array(1).number(1).text("role").text("service");
        packer.text("role").text("service").text("token").text("t");
        CHECK(code_of(body) == "bad-hello");
        for (const char* key : {"protocol", "services", "token", "session", "received", "limits"}) {
            CAPTURE(key);
            const base::Bytes value = std::string_view(key) == "token"      ? hex("a1 61")
                                      : std::string_view(key) == "session"  ? hex("c4 01 00")
                                      : std::string_view(key) == "received" ? hex("01")
                                      : std::string_view(key) == "limits"   ? hex("80")
                                                                            : hex("90");
            base::Bytes twice;
            Packer two(twice);
            two.map(4).text("protocol").array(1).number(1).text("role").text("service");
            two.text(key).raw(value).text(key).raw(value);
            CHECK(code_of(twice) == "bad-hello");
        }
    }

    TEST_CASE("protocol and role are required, and a router says its machine") {
        CHECK(code_of(hex("80")) == "bad-hello");
        CHECK(code_of(test::map_of("role", hex("a7 73657276696365"))) == "bad-hello");
        CHECK(code_of(test::map_of("protocol", hex("91 01"))) == "bad-hello");
        base::Bytes router;
        Packer(router).map(2).text("protocol").array(1).number(1).text("role").text("router");
        CHECK(code_of(router) == "bad-hello");
        CHECK(code_of(hello_with("machineId", hex("a2 2d61"))) == "bad-hello");
    }

    TEST_CASE("unknown keys are stepped over, 10,000 deep as well") {
        CHECK(code_of(hello_with("later", test::nested(10'000))).empty());
        CHECK(code_of(hello_with("later", base::Bytes(10'000, 0x91))) == "bad-hello");
        CHECK(code_of(hello_with("services", test::nested(10'000))) == "bad-hello");
        CHECK(code_of(hello_with("limits", test::map_of("later", test::nested(10'000)))).empty());
    }

    TEST_CASE("huge counts make no room") {
        for (const char* key : {"protocol", "services", "limits"}) {
            for (const char* count : {"dd ffffffff", "df ffffffff", "dd 00000fff"}) {
                const base::Bytes body = hello_with(key, hex(count));
                std::string code;
                const test::Allocations made = test::allocations_of([&] { code = code_of(body); });
                CHECK(code == "bad-hello");
                CHECK(made.bytes < 4096);
            }
        }
        base::Bytes capabilities;
        Packer(capabilities).array(1).map(1).text("capabilities").raw(hex("dd ffffffff"));
        CHECK(code_of(hello_with("services", capabilities)) == "bad-hello");
    }

    TEST_CASE("a HELLO with a name that is reserved or ill-formed is refused") {
        for (const char* name : {"router", "echo", "client-7"}) {
            CHECK(code_of(hello_with("services", service_named(name))) == "bad-hello");
        }
        for (const std::string& name :
             {std::string(), std::string("-a"), std::string("a@b"), std::string("a b"),
              std::string(129, 'x'), std::string(200, 'x'), std::string(600, 'x')}) {
            CHECK(code_of(hello_with("services", service_named(name))) == "bad-hello");
        }
        CHECK(code_of(hello_with("services", service_named(std::string(128, 'x')))).empty());
    }

    TEST_CASE("more services than allowed are refused, exactly so many are taken") {
        base::Bytes value;
        Packer packer(value);
        packer.array(4);
        for (const char* name : {"a", "b", "c", "d"}) {
            packer.text(name);
        }
        CHECK(code_of(hello_with("services", value), 4).empty());
        CHECK(code_of(hello_with("services", value), 3) == "bad-hello");
    }

    TEST_CASE("a service's own keys are checked, and unknown ones stepped over") {
        const auto service = [](std::string_view key, base::ByteView value) {
            base::Bytes bytes;
            Packer(bytes).array(1).map(2).text("name").text("gpu").text(key).raw(value);
            return hello_with("services", bytes);
        };
        CHECK(code_of(service("weight", hex("01"))).empty());
        CHECK(code_of(service("weight", hex("cd ffff"))).empty());
        CHECK(code_of(service("later", test::nested(10'000))).empty());
        for (const char* bad : {"00", "ce 00010000", "ff", "ca 3f800000", "a1 31", "c0"}) {
            CAPTURE(bad);
            CHECK(code_of(service("weight", hex(bad))) == "bad-hello");
        }
        for (const char* bad : {"01", "c0", "90"}) {
            CHECK(code_of(service("version", hex(bad))) == "bad-hello");
            CHECK(code_of(service("name", hex(bad))) == "bad-hello");
        }
        CHECK(code_of(service("capabilities", hex("92 a1 61 a1 62"))).empty());
        for (const char* bad : {"a1 61", "91 01", "80", "dc 0041"}) {
            CHECK(code_of(service("capabilities", hex(bad))) == "bad-hello");
        }
        base::Bytes no_name;
        Packer(no_name).array(1).map(1).text("version").text("1");
        CHECK(code_of(hello_with("services", no_name)) == "bad-hello");
    }

    TEST_CASE("maxFrame is at most 32 bits") {
        CHECK(code_of(hello_with("limits", test::map_of("maxFrame", hex("ce ffffffff")))).empty());
        for (const char* bad : {"cf 0000000100000000", "ff", "a1 61", "c0"}) {
            CHECK(code_of(hello_with("limits", test::map_of("maxFrame", hex(bad)))) == "bad-hello");
        }
    }
}

TEST_SUITE("envelope.attach") {
    TEST_CASE("what ATTACH and DETACH say is read as it was written") {
        const std::vector<ServiceEntry> services = service_hello().services;
        base::Bytes attach;
        append_attach(attach, services);
        const auto attached = read_attach(attach, 2);
        REQUIRE(attached.has_value());
        CHECK(*attached == services);
        CHECK_FALSE(read_attach(attach, 1).has_value());
        base::Bytes detach;
        append_detach(detach, {"gpu", "pty"});
        CHECK(to_hex(detach) == to_hex(hex("81 a8 7365727669636573 92 a3 677075 a3 707479")));
        const auto detached = read_detach(detach, 2);
        REQUIRE(detached.has_value());
        CHECK(*detached == std::vector<std::string>{"gpu", "pty"});
        CHECK_FALSE(read_detach(detach, 1).has_value());
    }

    TEST_CASE("an ATTACH or DETACH cut at any byte, or with bytes after it, is refused") {
        base::Bytes attach;
        Packer one(attach);
        one.map(2).text("services").array(1).text("gpu").text("later").raw(hex("92 01 02"));
        REQUIRE(read_attach(attach, many).has_value());
        REQUIRE(read_detach(attach, many).has_value());
        for (std::size_t size = 0; size < attach.size(); ++size) {
            const base::Bytes cut(attach.begin(), attach.begin() + static_cast<long>(size));
            CHECK_FALSE(read_attach(cut, many).has_value());
            CHECK_FALSE(read_detach(cut, many).has_value());
        }
        base::append(attach, hex("c0"));
        CHECK_FALSE(read_attach(attach, many).has_value());
        CHECK_FALSE(read_detach(attach, many).has_value());
    }

    TEST_CASE("services must be there, once, and of its type") {
        for (const test::Sample& sample : test::samples()) {
            CAPTURE(sample.type);
            const base::Bytes body = test::map_of("services", sample.value);
            CHECK_FALSE(read_attach(body, many).has_value());
            CHECK_FALSE(read_detach(body, many).has_value());
            CHECK_FALSE(read_attach(sample.value, many).has_value());
            CHECK_FALSE(read_detach(sample.value, many).has_value());
        }
        CHECK_FALSE(read_attach(hex("80"), many).has_value());
        base::Bytes twice;
        Packer(twice).map(2).text("services").array(0).text("services").array(0);
        CHECK_FALSE(read_attach(twice, many).has_value());
        CHECK_FALSE(read_detach(twice, many).has_value());
    }

    TEST_CASE("ATTACH of a reserved name is refused") {
        const auto read = read_attach(test::map_of("services", service_named("router")), many);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().detail.find("router") != std::string::npos);
    }
}

TEST_SUITE("envelope.goodbye") {
    TEST_CASE("GOODBYE is read as it was written, and anything else reads as an empty one") {
        base::Bytes body;
        append_goodbye(body, {.code = "shutdown", .message = "m"});
        CHECK(to_hex(body) ==
              to_hex(hex("82 a4 636f6465 a8 73687574646f776e a7 6d657373616765 a1 6d")));
        CHECK(read_goodbye(body).code == "shutdown");
        CHECK(read_goodbye(body).message == "m");
        for (const test::Sample& sample : test::samples()) {
            CHECK(read_goodbye(sample.value).code.empty());
            CHECK(read_goodbye(test::map_of("code", sample.value)).message.empty());
        }
        for (std::size_t size = 0; size < body.size(); ++size) {
            const base::Bytes cut(body.begin(), body.begin() + static_cast<long>(size));
            CHECK(read_goodbye(cut).message.empty());
        }
    }

    TEST_CASE("a long text is cut to 512 bytes") {
        base::Bytes body;
        append_goodbye(body, {.code = std::string(5000, 'c'), .message = std::string(5000, 'm')});
        CHECK(read_goodbye(body).code.size() == 512);
        CHECK(read_goodbye(body).message.size() == 512);
    }
}
