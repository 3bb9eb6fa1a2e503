#include "stream_checks.h"
#include "tls_pair.h"

namespace jetway::io {

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

TEST_CASE("a write larger than the socket is finished while a slow reader reads") {
    const Authority authority;
    Loop loop;
    TlsPair pair(loop, {authority.of("machine-a"), authority.of("machine-b")});
    check_slow_reader(pair, 90'000);
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
    check_kept_bytes(pair, [](std::vector<base::SharedView>&) {});
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

TEST_SUITE_END();
}  // namespace jetway::io
