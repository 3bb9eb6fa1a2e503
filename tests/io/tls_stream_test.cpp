#include "io/tls_stream.h"

#include <openssl/ssl.h>

#include <algorithm>

#include "certificates.h"
#include "io/timer.h"

namespace jetway::io {
namespace {

using Side = TlsStream::Options::Side;

// Both ends of a connection in TLS, each with what its handshake came to.
struct TlsPair {
    struct Terms {
        std::shared_ptr<const TlsContext> client;
        std::shared_ptr<const TlsContext> server;
        std::string expected = "machine-b";
        bool required = true;
    };

    TlsPair(Loop& on, const Terms& terms) : loop(on), below(on, Endpoint::tcp("127.0.0.1", 0)) {
        server = std::make_unique<TlsStream>(
            loop, std::move(below.server), terms.server,
            TlsStream::Options{.side = Side::server, .expected = {}, .required = terms.required},
            [this](const base::Result<void>& result) { at_server_end = code_of(result); });
        client = std::make_unique<TlsStream>(
            loop, std::move(below.client), terms.client,
            TlsStream::Options{.side = Side::client, .expected = terms.expected, .required = false},
            [this](const base::Result<void>& result) { at_client_end = code_of(result); });
        client->set_handler(&at_client);
        server->set_handler(&at_server);
        CHECK(wait_for(loop, [this] { return !at_client_end.empty() && !at_server_end.empty(); }));
    }

    static std::string code_of(const base::Result<void>& result) {
        return result ? "done" : result.error().code + ": " + result.error().detail;
    }

    void read_both() const {
        client->start_reading();
        server->start_reading();
    }

    Loop& loop;
    Pair below;
    std::string at_client_end;
    std::string at_server_end;
    Recorder at_client;
    Recorder at_server;
    std::unique_ptr<TlsStream> client;
    std::unique_ptr<TlsStream> server;
};

bool has(const std::string& text, const char* part) {
    INFO(text, " | ", part);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE_BEGIN("io.tls_stream");

TEST_CASE("both sides show their certificates, and bytes go there and come back") {
    const Authority authority;
    Loop loop;
    TlsPair pair(loop, {authority.of("machine-a"), authority.of("machine-b")});
    REQUIRE(pair.at_client_end == "done");
    REQUIRE(pair.at_server_end == "done");
    CHECK(pair.client->version() == "TLSv1.3");
    CHECK(pair.client->encrypted());
    CHECK(pair.client->certified() == std::vector<std::string>{"machine-b"});
    CHECK(pair.server->certified() == std::vector<std::string>{"machine-a"});
    CHECK(pair.server->peer_name() == pair.client->local_name());
    pair.at_server.when_read = [&](base::ByteView bytes, const std::shared_ptr<base::Bytes>&) {
        CHECK(pair.server->write(chunks_of(base::as_text(bytes))) == bytes.size());
    };
    pair.read_both();
    CHECK(pair.client->write(chunks_of("hello")) == 5);
    CHECK_FALSE(pair.client->busy());
    CHECK(wait_for(loop, [&] { return pair.at_client.received.size() == 5; }));
    CHECK(base::as_text(pair.at_client.received) == "hello");
}

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

TEST_CASE("a write larger than the socket is finished while a slow reader reads") {
    const Authority authority;
    Loop loop;
    TlsPair pair(loop, {authority.of("machine-a"), authority.of("machine-b")});
    base::Bytes expected;
    std::vector<WriteChunk> chunks;
    for (std::size_t i = 0; expected.size() < 10'000'000; ++i) {
        base::Bytes bytes(1 + i * 37 % 90'000, static_cast<std::uint8_t>(i));
        base::append(expected, bytes);
        WriteChunk& chunk = chunks.emplace_back();
        if (i % 2 == 0) {
            chunk.own = std::move(bytes);
        } else {
            auto owner = std::make_shared<const base::Bytes>(std::move(bytes));
            chunk.shared = {*owner, owner};
        }
        chunks.emplace_back();  // an empty one
    }
    const std::size_t done = pair.client->write(std::move(chunks));
    CHECK(pair.client->busy());
    CHECK(done < expected.size());
    CHECK(pair.client->unfinished_bytes() > 0);
    CHECK(pair.client->unfinished_bytes() <= expected.size());
    Timer rested(loop, [&] { pair.server->start_reading(); });
    pair.at_server.when_read = [&](base::ByteView, const std::shared_ptr<base::Bytes>&) {
        pair.server->stop_reading();
        rested.set(loop.now() + std::chrono::milliseconds(1));
    };
    pair.server->start_reading();
    CHECK(wait_for(loop, [&] { return pair.at_server.received.size() == expected.size(); }));
    CHECK(pair.at_server.received == expected);
    CHECK(wait_for(loop, [&] { return pair.at_client.writable == 1; }));
    CHECK_FALSE(pair.client->busy());
    CHECK(pair.client->unfinished_bytes() == 0);
}

TEST_CASE("a peer that does not read stops the writer, who keeps what it was given and no more") {
    const Authority authority;
    Loop loop;
    TlsPair pair(loop, {authority.of("machine-a"), authority.of("machine-b")});
    auto owner = std::make_shared<const base::Bytes>(50'000'000, std::uint8_t{7});
    std::vector<WriteChunk> chunks(1);
    chunks[0].shared = {*owner, owner};
    const std::size_t done = pair.client->write(std::move(chunks));
    for (int turn = 0; turn < 50; ++turn) {
        loop.run_once(std::chrono::milliseconds(1));
    }
    CHECK(pair.client->busy());
    CHECK(owner.use_count() == 2);  // it is held, not copied
    CHECK(pair.client->unfinished_bytes() >= owner->size() - done - 10'000'000);
    pair.client->close();
    CHECK(owner.use_count() == 1);
}

TEST_CASE("whoever keeps the owner of read bytes keeps the bytes") {
    const Authority authority;
    Loop loop;
    TlsPair pair(loop, {authority.of("machine-a"), authority.of("machine-b")});
    std::vector<base::SharedView> kept;
    std::size_t size = 0;
    pair.at_server.when_read = [&](base::ByteView bytes,
                                   const std::shared_ptr<base::Bytes>& owner) {
        REQUIRE(bytes.data() >= owner->data());
        REQUIRE(bytes.data() + bytes.size() <= owner->data() + owner->size());
        kept.push_back({bytes, owner});
        size += bytes.size();
    };
    pair.server->start_reading();
    std::size_t sent = 0;
    for (char letter = 'a'; letter <= 'z'; ++letter) {
        const std::string text(100'000, letter);
        sent += text.size();
        static_cast<void>(pair.client->write(chunks_of(text)));
        REQUIRE(wait_for(loop, [&] { return size == sent && !pair.client->busy(); }));
    }
    for (const base::SharedView& view : kept) {
        CHECK(std::count(view.view.begin(), view.view.end(), view.view.front()) ==
              static_cast<std::ptrdiff_t>(view.view.size()));
    }
}

TEST_CASE("reading that stops in the middle goes on where it stopped, and tells the end last") {
    const Authority authority;
    Loop loop;
    TlsPair pair(loop, {authority.of("machine-a"), authority.of("machine-b")});
    base::Bytes expected(1'000'000);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        expected[i] = static_cast<std::uint8_t>(i * i >> 8U);
    }
    std::vector<WriteChunk> chunks(1);
    chunks[0].own = expected;
    static_cast<void>(pair.client->write(std::move(chunks)));
    pair.client->shutdown_then_close();
    pair.at_server.when_read = [&](base::ByteView, const std::shared_ptr<base::Bytes>&) {
        pair.server->stop_reading();
    };
    bool reading_again = true;
    while (reading_again && pair.at_server.closed == 0) {
        const int before = pair.at_server.reads;
        pair.server->start_reading();
        reading_again = wait_for(
            loop, [&] { return pair.at_server.reads > before || pair.at_server.closed == 1; });
        CHECK(pair.at_server.reads <= before + 1);
        const std::size_t got = pair.at_server.received.size();
        loop.run_once(base::Duration::zero());
        CHECK(pair.at_server.received.size() == got);  // stopped is stopped
    }
    CHECK(pair.at_server.received == expected);
    CHECK(pair.at_server.closed == 1);
    CHECK(pair.at_server.reason == "EOF");
}

TEST_CASE("last words and close_notify follow what is unfinished") {
    const Authority authority;
    Loop loop;
    TlsPair pair(loop, {authority.of("machine-a"), authority.of("machine-b")});
    static_cast<void>(pair.server->write(chunks_of("never read")));
    static_cast<void>(pair.client->write(chunks_of(std::string(5'000'000, 'x'))));
    CHECK(pair.client->busy());
    base::Bytes last;
    base::append(last, base::as_bytes("goodbye"));
    pair.client->end_with(last, std::chrono::seconds(5));
    CHECK_FALSE(pair.client->is_open());
    pair.client = nullptr;
    pair.server->start_reading();
    CHECK(wait_for(loop, [&] { return pair.at_server.closed == 1; }));
    REQUIRE(pair.at_server.received.size() == 5'000'007);
    CHECK(base::as_text(base::ByteView(pair.at_server.received).last(7)) == "goodbye");
    CHECK(pair.at_server.reason == "EOF");
    CHECK(wait_for(loop, [&] { return loop.lingering() == 0; }));
}

TEST_CASE("an end without close_notify is truncation") {
    const Authority authority;
    Loop loop;
    TlsPair pair(loop, {authority.of("machine-a"), authority.of("machine-b")});
    pair.read_both();
    pair.client->close();
    CHECK(wait_for(loop, [&] { return pair.at_server.closed == 1; }));
    CHECK(pair.at_server.reason == "truncated");
}

TEST_CASE("a stream may be destroyed in each of its own callbacks") {
    const Authority authority;
    const auto a = authority.of("machine-a");
    const auto b = authority.of("machine-b");
    Loop loop;
    {
        TlsPair pair(loop, {a, b});
        pair.at_server.when_read = [&](base::ByteView, const std::shared_ptr<base::Bytes>&) {
            pair.server = nullptr;
        };
        pair.at_client.when_closed = [&] { pair.client = nullptr; };
        pair.read_both();
        static_cast<void>(pair.client->write(chunks_of("x")));
        CHECK(wait_for(loop, [&] { return !pair.client && !pair.server; }));
    }
    {
        TlsPair pair(loop, {a, b});
        pair.at_client.when_writable = [&] { pair.client = nullptr; };
        pair.server->start_reading();
        static_cast<void>(pair.client->write(chunks_of(std::string(8'000'000, 'x'))));
        CHECK(pair.client->busy());
        CHECK(wait_for(loop, [&] { return pair.at_server.closed == 1; }));
        CHECK(pair.at_server.received.size() == 8'000'000);
    }
    for (const auto& server_context : {b, authority.of("machine-c")}) {
        Pair below(loop, Endpoint::tcp("127.0.0.1", 0));
        std::unique_ptr<TlsStream> server;
        std::unique_ptr<TlsStream> client;
        server = std::make_unique<TlsStream>(
            loop, std::move(below.server), server_context,
            TlsStream::Options{.side = Side::server, .expected = {}, .required = true},
            [&](const auto&) { server = nullptr; });
        client = std::make_unique<TlsStream>(
            loop, std::move(below.client), a,
            TlsStream::Options{.side = Side::client, .expected = "machine-b"},
            [&](const auto&) { client = nullptr; });
        CHECK(wait_for(loop, [&] { return !client && !server; }));
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

TEST_CASE("bytes that were changed on their way end the connection") {
    const Authority authority;
    Loop loop;
    // A relay between the two that turns one bit of what the client sends, late enough to be data.
    Pair near(loop, Endpoint::tcp("127.0.0.1", 0));
    Pair far(loop, Endpoint::tcp("127.0.0.1", 0));
    bool spoil = false;
    near.at_server.when_read = [&](base::ByteView bytes, const std::shared_ptr<base::Bytes>&) {
        std::string text(base::as_text(bytes));
        if (spoil) {
            text.back() = static_cast<char>(text.back() ^ 1);
        }
        static_cast<void>(far.client->write(chunks_of(text)));
    };
    far.at_client.when_read = [&](base::ByteView bytes, const std::shared_ptr<base::Bytes>&) {
        static_cast<void>(near.server->write(chunks_of(base::as_text(bytes))));
    };
    near.server->start_reading();
    far.client->start_reading();
    int done = 0;
    const auto count = [&](const base::Result<void>& end) { done += end ? 1 : 100; };
    TlsStream server(loop, std::move(far.server), authority.of("machine-b"),
                     {.side = Side::server, .expected = {}}, count);
    TlsStream client(loop, std::move(near.client), authority.of_nobody(),
                     {.side = Side::client, .expected = "machine-b"}, count);
    REQUIRE(wait_for(loop, [&] { return done == 2; }));
    Recorder at_server;
    Recorder at_client;
    server.set_handler(&at_server);
    client.set_handler(&at_client);
    server.start_reading();
    client.start_reading();
    spoil = true;
    static_cast<void>(client.write(chunks_of("something")));
    CHECK(wait_for(loop, [&] { return at_server.closed == 1 && at_client.closed == 1; }));
    CHECK(at_server.received.empty());
    CHECK(at_server.reason == "tls");
}

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
