#include "console/moment.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

namespace jetway::console {

namespace {

using namespace std::chrono_literals;

// A local time of day, in a zone that is hours away from UTC.
struct Zone {
    explicit Zone(const char* name) {
        ::setenv("TZ", name, 1);
        ::tzset();
    }
    ~Zone() {
        ::unsetenv("TZ");
        ::tzset();
    }
};

// 2025-11-20 14:03:22.123 UTC
const WallTime noon = WallTime(std::chrono::milliseconds(1'763'647'402'123));

}  // namespace

TEST_SUITE("console.moment") {
    TEST_CASE("an age is a duration, in minutes also as `min`") {
        CHECK(*age_of("30s", noon) == 30s);
        CHECK(*age_of("5min", noon) == 5min);
        CHECK(*age_of("5m", noon) == 5min);
        CHECK(*age_of("1500ms", noon) == 1500ms);
        CHECK(*age_of("2h", noon) == 2h);
    }

    TEST_CASE("a time of day is the latest that has been") {
        const Zone zone("XXX-5");  // five hours east
        CHECK(timestamp(noon) == "2025-11-20T19:03:22.123+05:00");
        CHECK(*age_of("19:03:20", noon) == 2'123ms);
        CHECK(*age_of("19:03", noon) == 22'123ms);
        CHECK(*age_of("19:03:22", noon) == 123ms);
        CHECK(*age_of("19:03:23", noon) == 24h - 877ms);
        CHECK(*age_of("00:00:00", noon) == 19h + 3min + 22s + 123ms);
    }

    TEST_CASE("what is no moment is refused") {
        for (const char* text : {"", "5", "soon", "25:00:00", "12:60:00", "12:00:60", "1:00:00",
                                 "12:00:0", "12-00-00", "12:00:00Z", "-5s", ":", "aa:bb:cc"}) {
            CAPTURE(text);
            const auto age = age_of(text, noon);
            REQUIRE_FALSE(age);
            CHECK(age.error().code == "usage");
        }
    }

    TEST_CASE("a reader sees the date when it was another day") {
        CHECK(short_time("2025-11-20T14:03:22.123+00:00", "2025-11-20T15:00:00.000+00:00") ==
              "14:03:22.123");
        CHECK(short_time("2025-11-19T14:03:22.123+00:00", "2025-11-20T15:00:00.000+00:00") ==
              "2025-11-19 14:03:22.123");
        CHECK(short_time("odd", "") == "odd");
    }
}

}  // namespace jetway::console
