#include "envelope/pattern.h"

#include <doctest/doctest.h>

#include "envelope/secret.h"

using namespace jetway::envelope;

TEST_SUITE("envelope.pattern") {
    TEST_CASE("a star stands for any run of characters, everything else for itself") {
        struct Case {
            const char* pattern;
            const char* text;
            bool matches;
        };
        const Case cases[] = {{"web", "web", true},
                              {"web", "webs", false},
                              {"web", "we", false},
                              {"*", "", true},
                              {"*", "anything", true},
                              {"gpu-*", "gpu-", true},
                              {"gpu-*", "gpu-server", true},
                              {"gpu-*", "gpu", false},
                              {"*-server", "gpu-server", true},
                              {"*-server", "gpu-servers", false},
                              {"a*b*c", "abc", true},
                              {"a*b*c", "a-b-b-c", true},
                              {"a*b*c", "acb", false},
                              {"*a*", "banana", true},
                              {"*ab", "aab", true},
                              {"**x", "x", true},
                              {"", "", true},
                              {"", "x", false},
                              {"a.c", "abc", false},
                              {"WEB", "web", false}};
        for (const Case& c : cases) {
            CAPTURE(c.pattern);
            CAPTURE(c.text);
            CHECK(matches(c.pattern, c.text) == c.matches);
        }
    }

    TEST_CASE("a pattern of stars takes no longer than its length times the text's") {
        std::string pattern;
        for (int i = 0; i < 42; ++i) {
            pattern += "a*";
        }
        pattern += "b";
        CHECK_FALSE(matches(pattern, std::string(100'000, 'a')));
    }

    TEST_CASE("without an @ it stands for the service at any machine, with one for that machine") {
        struct Case {
            const char* pattern;
            const char* address;
            bool matches;
        };
        const Case cases[] = {{"gpu", "gpu", true},         {"gpu", "gpu@machine-a", true},
                              {"gpu", "gpu@*", true},       {"gpu", "cpu", false},
                              {"*@a", "gpu@a", true},       {"*@a", "gpu@b", false},
                              {"*@a", "gpu", false},        {"*@a", "gpu@*", false},
                              {"gpu@*", "gpu", true},       {"gpu@*", "gpu@*", true},
                              {"gpu@*", "gpu@b", true},     {"gpu@edge-*", "gpu@edge-7", true},
                              {"gpu@edge-*", "gpu", false}, {"*", "client-7@a", true}};
        for (const Case& c : cases) {
            CAPTURE(c.pattern);
            CAPTURE(c.address);
            CHECK(matches_address(c.pattern, split_address(c.address)) == c.matches);
        }
    }

    TEST_CASE("a pattern has the characters of a name, and stars") {
        for (const char* good : {"web", "*", "*-x", "9*", "a.b_c-*"}) {
            CHECK(valid_name_pattern(good));
            CHECK(valid_address_pattern(good));
        }
        for (const char* bad : {"", "a b", "a@b", "é", "a?"}) {
            CHECK_FALSE(valid_name_pattern(bad));
        }
        for (const char* bad : {"", "@", "a@", "@b", "a@b@c", "a b"}) {
            CHECK_FALSE(valid_address_pattern(bad));
        }
        CHECK(valid_address_pattern("*@machine-a"));
        CHECK_FALSE(valid_name_pattern(std::string(129, 'a')));
    }

    TEST_CASE("a secret is the same as itself and as nothing else") {
        CHECK(same_secret("SECRET", "SECRET"));
        for (const char* other : {"", "SECRE", "SECRETS", "secret", "SECREX"}) {
            CHECK_FALSE(same_secret("SECRET", other));
        }
    }
}
