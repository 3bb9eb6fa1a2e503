// Certificates as files that are read, and as those that an issuer makes.
#include "tls_pair.h"

namespace jetway::io {

TEST_SUITE_BEGIN("io.tls_context");

TEST_CASE("files that can't be used are named, with what is wrong") {
    const Authority authority;
    const TlsFiles good =
        authority.files("machine-a", {"machine-a"}, authority.now, authority.later());
    const TlsFiles other =
        authority.files("machine-b", {"machine-b"}, authority.now, authority.later());
    const std::string empty = authority.write("empty.pem", "");
    struct Case {
        TlsFiles files;
        const char* says;
    };
    const Case cases[] = {
        {{.ca = "/none/ca.pem", .certificate = {}, .key = {}}, "/none/ca.pem"},
        {{.ca = empty, .certificate = {}, .key = {}}, "empty.pem holds no certificate"},
        {{.ca = good.ca, .certificate = "/none/a.pem", .key = good.key}, "/none/a.pem"},
        {{.ca = good.ca, .certificate = good.certificate, .key = "/none/a.key"}, "/none/a.key"},
        {{.ca = good.ca, .certificate = empty, .key = good.key}, "empty.pem holds no certificate"},
        {{.ca = good.ca, .certificate = good.certificate, .key = empty}, "empty.pem holds no key"},
        {{.ca = good.ca, .certificate = good.certificate, .key = other.key},
         "is not the key of the certificate"}};
    for (const Case& c : cases) {
        const auto loaded = TlsContext::load(c.files);
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().code == "certificate");
        CHECK(has(loaded.error().detail, c.says));
        CHECK(has(loaded.error().detail, "jetway certs"));
    }
    const auto loaded = TlsContext::load(good);
    REQUIRE(loaded);
    CHECK((*loaded)->own()->subject() == "machine-a");
    CHECK((*loaded)->own()->names_dns("MACHINE-A"));
    CHECK_FALSE((*loaded)->own()->names_dns("machine-"));
    CHECK((*loaded)->own()->addresses == std::vector<std::string>{"127.0.0.1"});
    CHECK((*loaded)->own()->not_after == authority.later());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("io.issuer");

TEST_CASE("an issuer knows its own certificates, and takes no other key") {
    const Authority authority;
    const Authority other;
    const auto issued = authority.issuer->issue({.name = std::string(128, 'm'),
                                                 .names = {std::string(128, 'm')},
                                                 .addresses = {"::1"},
                                                 .from = authority.now,
                                                 .until = authority.later()});
    REQUIRE(issued);
    CHECK(authority.issuer->has_signed(issued->certificate));
    CHECK_FALSE(other.issuer->has_signed(issued->certificate));
    CHECK_FALSE(authority.issuer->has_signed("hello"));
    CHECK_FALSE(authority.issuer->issue(
        {.name = "x", .names = {}, .addresses = {"not an address"}, .from = 0, .until = 1}));
    CHECK(Issuer::load(authority.issuer->pem()));
    CHECK_FALSE(Issuer::load({authority.issuer->pem().certificate, other.issuer->pem().key}));
    CHECK_FALSE(Issuer::load(*issued));  // no CA
}

TEST_SUITE_END();
}  // namespace jetway::io
