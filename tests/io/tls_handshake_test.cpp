// Whom TLS lets in, and what both sides know of a certificate that was refused.
#include "tls_pair.h"

namespace jetway::io {

TEST_SUITE_BEGIN("io.tls_handshake");

TEST_CASE("a client need not show a certificate where none is required") {
    const Authority authority;
    Loop loop;
    const TlsPair pair(
        loop,
        {.client = authority.of_nobody(), .server = authority.of("machine-b"), .required = false});
    CHECK(pair.at_client_end == "done");
    CHECK(pair.at_server_end == "done");
    CHECK(pair.server->certified().empty());
}

TEST_CASE("the wrong certificate is refused, and both sides know why") {
    const Authority authority;
    const Authority other("another CA");
    const std::int64_t now = authority.now;
    const auto good = authority.of("machine-b");
    const auto expired = Authority::load(
        authority.files("old", {"machine-b"}, now - 9 * one_day, now - 2 * one_day));
    const auto early = Authority::load(
        authority.files("new", {"machine-b"}, now + 2 * one_day, now + 9 * one_day));
    const auto foreign = other.of("machine-b");
    const auto mixed = Authority::load([&] {  // made by another CA, and trusts ours
        TlsFiles files = other.files("mixed", {"machine-b"}, now - one_day, now + one_day);
        files.ca = authority.ca;
        return files;
    }());
    struct Case {
        const char* name;
        std::shared_ptr<const TlsContext> client;
        std::shared_ptr<const TlsContext> server;
        const char* client_says;  // "done": it learns it later
        const char* server_says;
    };
    const Case cases[] = {
        {"server expired", good, expired, "certificate of machine-b expired ",
         "refused as expired: ours, of machine-b, expired "},
        {"client expired", expired, good, "done", "certificate of machine-b expired "},
        {"server not yet valid", good, early, "certificate of machine-b is not valid before ",
         "ours, of machine-b, is not valid before "},
        {"client not yet valid", early, good, "done", "is not valid before "},
        {"server of another CA", good, mixed, "was not made by our CA",
         "refused as not made by their CA"},
        {"client of another CA", mixed, good, "done", "was not made by our CA"},
        {"neither knows the other's CA", good, foreign, "was not made by our CA",
         "refused as not made by their CA"},
        {"server of another machine", good, authority.of("machine-c"),
         "certificate is for machine-c, 127.0.0.1, but machine-b was expected",
         "of another machine than expected: ours is for machine-c"},
        {"client without one", authority.of_nobody(), good, "done", "it showed no certificate"},
        {"a name within a wildcard", good,
         Authority::load(authority.files("wild", {"machine-*"}, now - one_day, now + one_day)),
         "certificate is for machine-*", "of another machine than expected"},
        {"a name in the subject only", good,
         Authority::load(authority.files("machine-b", {}, now - one_day, now + one_day)),
         "but machine-b was expected", "of another machine than expected"}};
    for (const Case& c : cases) {
        CAPTURE(c.name);
        Loop loop;
        TlsPair pair(loop, {c.client, c.server});
        CHECK(has(pair.at_client_end, c.client_says));
        CHECK(has(pair.at_server_end, c.server_says));
        CHECK_FALSE(pair.server->is_open());
        if (pair.at_client_end == "done") {
            // TLS 1.3: the server looks at it when the client is done.
            pair.client->start_reading();
            CHECK(wait_for(loop, [&] { return pair.at_client.closed == 1; }));
            CHECK(pair.at_client.reason == "certificate");
        }
    }
}

TEST_CASE("a host may be expected by its address") {
    const Authority authority;
    Loop loop;
    for (const char* expected : {"127.0.0.1", "machine-b", "127.0.0.2"}) {
        CAPTURE(expected);
        Pair below(loop, Endpoint::tcp("127.0.0.1", 0));
        std::string result;
        const TlsStream server(loop, std::move(below.server), authority.of("machine-b"),
                               {.side = Side::server, .expected = {}}, [](const auto&) {});
        const TlsStream client(
            loop, std::move(below.client), authority.of_nobody(),
            {.side = Side::client, .expected = expected, .expected_may_be_address = true},
            [&](const base::Result<void>& end) { result = TlsPair::code_of(end); });
        CHECK(wait_for(loop, [&] { return !result.empty(); }));
        CHECK((result == "done") == (std::string(expected) != "127.0.0.2"));
    }
}

TEST_CASE("what is no TLS ends the handshake, wherever it is cut") {
    const Authority authority;
    const auto context = authority.of("machine-b");
    Loop loop;
    const std::string streams[] = {"GET / HTTP/1.1\r\n\r\n", std::string(300, '\0'),
                                   std::string("\x16\x03\x01\x00\x04\x01\x00\x00\x01\x00", 10),
                                   std::string("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", 11),
                                   ""};
    for (const std::string& stream : streams) {
        for (std::size_t cut = 0; cut <= stream.size(); cut += 1 + cut / 16) {
            Pair below(loop, Endpoint::tcp("127.0.0.1", 0));
            std::string result;
            const TlsStream server(
                loop, std::move(below.server), context, {.side = Side::server, .expected = {}},
                [&](const base::Result<void>& end) { result = TlsPair::code_of(end); });
            static_cast<void>(below.client->write(chunks_of(stream.substr(0, cut))));
            below.client->shutdown_then_close();
            CHECK(wait_for(loop, [&] { return !result.empty(); }));
            CHECK(has(result, "tls: "));
        }
    }
}

TEST_SUITE_END();
}  // namespace jetway::io
