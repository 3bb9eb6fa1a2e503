#include "envelope/address.h"

#include <doctest/doctest.h>

using namespace jetway::envelope;

TEST_SUITE("envelope.address") {
    TEST_CASE("an address is a name, a name at a machine, or a name everywhere") {
        for (const char* good : {"a", "gpu-server", "gpu-server@machine-c", "gpu-server@*",
                                 "9p.v2_x", "A@B", "router@machine-a"}) {
            CAPTURE(good);
            CHECK(valid_address(good));
        }
        for (const char* bad : {"", "@", "a@", "@b", "a@b@c", "-a", ".a", "_a", "a b", "a@-b",
                                "a@**", "*", "*@b", "a/b", "\xc3\xa4", "a@b\n", "a\t"}) {
            CAPTURE(bad);
            CHECK_FALSE(valid_address(bad));
        }
    }

    TEST_CASE("a NUL is no part of a name") {
        CHECK_FALSE(valid_name(std::string_view("a\0b", 3)));
    }

    TEST_CASE("a name has 1 to 128 characters") {
        CHECK_FALSE(valid_name(""));
        CHECK(valid_name(std::string(128, 'x')));
        CHECK_FALSE(valid_name(std::string(129, 'x')));
        CHECK(valid_address(std::string(128, 'x') + "@" + std::string(128, 'y')));
        CHECK_FALSE(valid_address(std::string(128, 'x') + "@" + std::string(129, 'y')));
    }

    TEST_CASE("a split gives the parts in place and says where everywhere is") {
        const Address one = split_address("gpu@m-c");
        CHECK(one.service == "gpu");
        CHECK(one.machine == "m-c");
        CHECK_FALSE(one.everywhere());
        CHECK(split_address("gpu@*").everywhere());
        CHECK(split_address("gpu").machine.empty());
        CHECK(split_address("a@b@c").machine == "b@c");
        CHECK(make_address("gpu", "m-c") == "gpu@m-c");
    }

    TEST_CASE("router, echo and client- names are reserved, and nothing that only resembles them") {
        for (const char* name : {"router", "echo", "client-", "client-1"}) {
            CHECK(reserved_name(name));
        }
        for (const char* name : {"Router", "routers", "echoes", "client", "my-client-1"}) {
            CHECK_FALSE(reserved_name(name));
        }
    }
}
