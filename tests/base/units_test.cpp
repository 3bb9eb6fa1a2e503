#include "base/units.h"

#include <doctest/doctest.h>

using namespace jetway;
using namespace jetway::base;

TEST_SUITE("base.units") {
    TEST_CASE("a duration is a whole number and a unit") {
        struct Case {
            const char* text;
            std::int64_t nanoseconds;
        };
        const Case cases[] = {{"0s", 0},
                              {"7ns", 7},
                              {"3us", 3'000},
                              {"20ms", 20'000'000},
                              {"5s", 5'000'000'000},
                              {"5 s", 5'000'000'000},
                              {"1m", 60'000'000'000},
                              {"2h", 7'200'000'000'000},
                              {"9223372036854775807ns", INT64_MAX}};
        for (const Case& c : cases) {
            CAPTURE(c.text);
            const auto parsed = parse_duration(c.text);
            REQUIRE(parsed);
            CHECK(parsed->count() == c.nanoseconds);
        }
    }

    TEST_CASE("what is no duration is refused in words that say what was expected") {
        struct Case {
            const char* text;
            const char* says;
        };
        const Case cases[] = {{"", "expected a duration"},
                              {"5", "has no unit"},
                              {"0", "has no unit"},
                              {"s", "expected a duration"},
                              {"-5s", "expected a duration"},
                              {"+5s", "expected a duration"},
                              {" 5s", "expected a duration"},
                              {"5s ", "not `5s `"},
                              {"0.5s", "a whole number and a unit"},
                              {"5S", "did you mean `5s`?"},
                              {"5sec", "did you mean `5s`?"},
                              {"5 minutes", "did you mean `5m`?"},
                              {"1m30s", "expected a duration"},
                              {"5MiB", "expected a duration"},
                              {"9223372036854775808ns", "too large"},
                              {"2562048h", "too large"},
                              {"99999999999999999999999s", "too large"}};
        for (const Case& c : cases) {
            CAPTURE(c.text);
            const auto parsed = parse_duration(c.text);
            REQUIRE_FALSE(parsed);
            CHECK_MESSAGE(parsed.error().detail.find(c.says) != std::string::npos,
                          parsed.error().detail);
        }
    }

    TEST_CASE("a size is a whole number and a binary unit") {
        struct Case {
            const char* text;
            std::uint64_t bytes;
        };
        const Case cases[] = {{"0B", 0},
                              {"512B", 512},
                              {"8KiB", 8192},
                              {"16MiB", 16'777'216},
                              {"1GiB", 1'073'741'824},
                              {"18446744073709551615B", UINT64_MAX}};
        for (const Case& c : cases) {
            CAPTURE(c.text);
            const auto parsed = parse_size(c.text);
            REQUIRE(parsed);
            CHECK(*parsed == c.bytes);
        }
    }

    TEST_CASE("what is no size is refused, with the unit that was probably meant") {
        struct Case {
            const char* text;
            const char* says;
        };
        const Case cases[] = {{"16MB", "did you mean `16MiB`?"},  {"16m", "did you mean `16MiB`?"},
                              {"8kib", "did you mean `8KiB`?"},   {"512", "has no unit"},
                              {"1.5MiB", "a whole number"},       {"5s", "expected a size"},
                              {"17179869184GiB", "is too large"}, {"MiB", "expected a size"}};
        for (const Case& c : cases) {
            CAPTURE(c.text);
            const auto parsed = parse_size(c.text);
            REQUIRE_FALSE(parsed);
            CHECK_MESSAGE(parsed.error().detail.find(c.says) != std::string::npos,
                          parsed.error().detail);
        }
    }

    TEST_CASE("what is formatted parses to the same again") {
        for (const std::int64_t n : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1'500'000'000},
                                     std::int64_t{7'200'000'000'000}, INT64_MAX}) {
            CHECK(parse_duration(format_duration(base::Duration(n)))->count() == n);
        }
        for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1023}, std::uint64_t{8192},
                                      std::uint64_t{3} << 30U, UINT64_MAX}) {
            CHECK(*parse_size(format_size(n)) == n);
        }
        CHECK(format_duration(std::chrono::milliseconds(1500)) == "1500ms");
        CHECK(format_size(16U << 20U) == "16MiB");
    }
}
