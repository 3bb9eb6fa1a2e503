#include "console/text.h"

#include <doctest/doctest.h>

namespace jetway::console {

TEST_SUITE("console.text") {
    TEST_CASE("nothing that came over the wire moves the cursor") {
        const std::string bad = "\xef\xbf\xbd";
        CHECK(printable("gpu-server") == "gpu-server");
        CHECK(printable("a\033[2Jb") == "a" + bad + "[2Jb");
        CHECK(printable("a\r\nb\x7f") == "a" + bad + bad + "b" + bad);
        CHECK(printable("\xe2\x80\xae"
                        "evil") == bad + "evil");  // turns the direction around
        CHECK(printable("\xc2\x9b"
                        "31m") == bad + "31m");  // CSI in one character
        CHECK(printable("grüße 机器") == "grüße 机器");
    }

    TEST_CASE("bytes that are no UTF-8 are replaced one by one") {
        const std::string bad = "\xef\xbf\xbd";
        CHECK(printable("\xff") == bad);
        CHECK(printable("\xc0\xaf") == bad + bad);
        CHECK(printable("\xe2\x82") == bad + bad);
        CHECK(printable("\xed\xa0\x80") == bad + bad + bad);
        CHECK_FALSE(is_utf8("\xf5\x80\x80\x80"));
        CHECK(is_utf8("\xf4\x8f\xbf\xbf"));
    }

    TEST_CASE("width counts columns") {
        CHECK(width("") == 0);
        CHECK(width("grüße") == 5);
        CHECK(width("e\xcc\x81") == 1);
        CHECK(width("机器") == 4);
    }
}

}  // namespace jetway::console
