#include "console/format.h"

#include <doctest/doctest.h>

#include "cli/options.h"

namespace jetway::console {

using namespace std::chrono_literals;

TEST_SUITE("console.format") {
    TEST_CASE("round trips are in milliseconds") {
        CHECK(format_milliseconds(204us) == "0.2 ms");
        CHECK(format_milliseconds(41us) == "0.04 ms");
        CHECK(format_milliseconds(12'345us) == "12.3 ms");
        CHECK(format_milliseconds(0ns) == "0.00 ms");
    }

    TEST_CASE("an age has its two largest units") {
        CHECK(format_age(0) == "0 ms");
        CHECK(format_age(12'900) == "12 s");
        CHECK(format_age(185'000) == "3 min 5 s");
        CHECK(format_age(7'200'000) == "2 h");
        CHECK(format_age(187'200'000) == "2 d 4 h");
    }

    TEST_CASE("sizes and counts") {
        CHECK(format_bytes(0) == "0 B");
        CHECK(format_bytes(1'023) == "1023 B");
        CHECK(format_bytes(1'536) == "1.5 KiB");
        CHECK(format_bytes(std::uint64_t{16} << 20U) == "16.0 MiB");
        CHECK(format_count(0) == "0");
        CHECK(format_count(999) == "999");
        CHECK(format_count(1'000) == "1,000");
        CHECK(format_count(1'234'567) == "1,234,567");
        CHECK(format_plural(1, "hop") == "1 hop");
        CHECK(format_plural(0, "hop") == "0 hops");
    }
}

}  // namespace jetway::console
