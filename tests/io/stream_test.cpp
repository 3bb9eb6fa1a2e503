#include <unistd.h>

#include <algorithm>

#include "stream_checks.h"

namespace jetway::io {
namespace {

// Every case over both kinds of socket.
std::vector<Endpoint> both_kinds(const TemporaryFolder& folder) {
    return {Endpoint::tcp("127.0.0.1", 0), Endpoint::unix_socket(folder.file("pair.sock"))};
}

}  // namespace

TEST_SUITE_BEGIN("io.stream");

TEST_CASE("bytes go there and come back") {
    const TemporaryFolder folder;
    for (const Endpoint& at : both_kinds(folder)) {
        CAPTURE(at.text());
        Loop loop;
        Pair pair(loop, at);
        pair.at_server.when_read = [&](base::ByteView bytes, const std::shared_ptr<base::Bytes>&) {
            CHECK(pair.server->write(chunks_of(base::as_text(bytes))) == bytes.size());
        };
        pair.server->start_reading();
        pair.client->start_reading();
        CHECK(pair.client->write(chunks_of("hello")) == 5);
        CHECK_FALSE(pair.client->busy());
        CHECK(wait_for(loop, [&] { return pair.at_client.received.size() == 5; }));
        CHECK(base::as_text(pair.at_client.received) == "hello");
    }
}

TEST_CASE("names and credentials say who is at the other end") {
    const TemporaryFolder folder;
    Loop loop;
    const Pair tcp(loop, Endpoint::tcp("127.0.0.1", 0));
    CHECK(tcp.client->peer_name() == tcp.listener->bound().text());
    CHECK(tcp.server->peer_name() == tcp.client->local_name());
    CHECK_FALSE(tcp.server->peer_credentials().known);

    const Pair local(loop, Endpoint::unix_socket(folder.file("a.sock")));
    CHECK(local.server->peer_credentials().known);
    CHECK(local.server->peer_credentials().pid == ::getpid());
    CHECK(local.client->peer_credentials().uid == ::getuid());
    CHECK(local.server->peer_name() ==
          "uid " + std::to_string(::getuid()) + " pid " + std::to_string(::getpid()));
    CHECK(local.server->local_name() == folder.file("a.sock"));
}

TEST_CASE("a write larger than the socket is finished while a slow reader reads") {
    const TemporaryFolder folder;
    for (const Endpoint& at : both_kinds(folder)) {
        CAPTURE(at.text());
        Loop loop;
        Pair pair(loop, at);
        check_slow_reader(pair, 9'000);
    }
}

TEST_CASE("a stream that always has more gets one read a turn") {
    const TemporaryFolder folder;
    Loop loop;
    Pair pair(loop, Endpoint::tcp("127.0.0.1", 0));
    std::vector<WriteChunk> chunks(1);
    chunks[0].own.resize(4'000'000);
    static_cast<void>(pair.client->write(std::move(chunks)));
    int reads_before = 0;
    loop.on_turn_end([&] {
        CHECK(pair.at_server.reads - reads_before <= 1);
        reads_before = pair.at_server.reads;
    });
    pair.server->start_reading();
    CHECK(wait_for(loop, [&] { return pair.at_server.received.size() == 4'000'000; }));
    loop.on_turn_end(nullptr);
}

TEST_CASE("whoever keeps the owner of read bytes keeps the bytes") {
    Loop loop;
    Pair pair(loop, Endpoint::tcp("127.0.0.1", 0));
    const std::vector<base::SharedView> kept =
        check_kept_bytes(pair, [](std::vector<base::SharedView>& views) {
            if (views.size() % 7 == 6) {
                views.erase(views.begin());  // some come back early
            }
        });
    std::uint8_t last = 'a';
    for (const base::SharedView& view : kept) {
        CHECK(view.view.front() >= last);  // in order
        last = view.view.front();
    }
    CHECK(last == 'z');
}

TEST_CASE("a stream may be destroyed in each of its own callbacks") {
    const TemporaryFolder folder;
    for (const Endpoint& at : both_kinds(folder)) {
        CAPTURE(at.text());
        Loop loop;
        {
            Pair pair(loop, at);
            pair.at_server.when_read = [&](base::ByteView, const std::shared_ptr<base::Bytes>&) {
                pair.server = nullptr;
            };
            pair.at_client.when_closed = [&] { pair.client = nullptr; };
            pair.server->start_reading();
            pair.client->start_reading();
            static_cast<void>(pair.client->write(chunks_of("x")));
            CHECK(wait_for(loop, [&] { return !pair.client && !pair.server; }));
            CHECK(pair.at_server.closed == 0);
            CHECK(pair.at_client.closed == 1);
        }
        {
            Pair pair(loop, at);
            pair.at_client.when_writable = [&] { pair.client = nullptr; };
            pair.server->start_reading();
            static_cast<void>(pair.client->write(chunks_of(std::string(8'000'000, 'x'))));
            CHECK(pair.client->busy());
            CHECK(wait_for(loop, [&] { return pair.at_server.closed == 1; }));
            CHECK(pair.at_server.reason == "EOF");
            CHECK(pair.at_server.received.size() == 8'000'000);
        }
    }
}

TEST_CASE("writing to a peer that is gone is told by on_closed, once, in a later turn") {
    const TemporaryFolder folder;
    for (const Endpoint& at : both_kinds(folder)) {
        CAPTURE(at.text());
        Loop loop;
        Pair pair(loop, at);
        pair.server->close();
        CHECK_FALSE(pair.server->is_open());
        CHECK(wait_for(loop, [&] {
            if (pair.client->is_open() && !pair.client->busy()) {
                static_cast<void>(pair.client->write(chunks_of("anybody there?")));
                CHECK(pair.at_client.closed == 0);
            }
            return pair.at_client.closed == 1;
        }));
        CHECK_FALSE(pair.client->is_open());
        CHECK(pair.client->write(chunks_of("late")) == 0);
        pair.client->close();
        loop.run_once(base::Duration::zero());
        CHECK(pair.at_client.closed == 1);
    }
}

TEST_CASE("shutdown_then_close delivers what is unfinished though the stream is destroyed") {
    const TemporaryFolder folder;
    for (const Endpoint& at : both_kinds(folder)) {
        CAPTURE(at.text());
        Loop loop;
        Pair pair(loop, at);
        // Unread bytes at the closing end would make a plain close a reset.
        static_cast<void>(pair.server->write(chunks_of("never read")));
        static_cast<void>(pair.client->write(chunks_of(std::string(5'000'000, 'x'))));
        CHECK(pair.client->busy());
        pair.client->shutdown_then_close();
        CHECK_FALSE(pair.client->is_open());
        pair.client = nullptr;
        CHECK(loop.lingering() == 1);
        pair.server->start_reading();
        CHECK(wait_for(loop, [&] { return pair.at_server.closed == 1; }));
        CHECK(pair.at_server.received.size() == 5'000'000);
        CHECK(pair.at_server.reason == "EOF");
        CHECK(wait_for(loop, [&] { return loop.lingering() == 0; }));
        CHECK(pair.at_client.closed == 0);
    }
}

TEST_CASE("what a peer goes on saying to a closed connection is read a little each turn") {
    const TemporaryFolder folder;
    for (const Endpoint& at : both_kinds(folder)) {
        CAPTURE(at.text());
        Loop loop;
        Pair pair(loop, at);
        pair.server->shutdown_then_close(std::chrono::hours(1));
        static_cast<void>(pair.client->write(chunks_of(std::string(20'000'000, 'x'))));
        REQUIRE(pair.client->busy());
        std::size_t turns = 0;
        while (pair.client->busy() && turns < 100'000) {
            loop.run_once(std::chrono::milliseconds(100));
            ++turns;
        }
        CHECK_FALSE(pair.client->busy());
        CHECK(turns > 100);  // of 16 KiB each
        CHECK(loop.lingering() == 1);
    }
}

TEST_CASE("a peer that never reads is given up after a while") {
    Loop loop;
    Pair pair(loop, Endpoint::tcp("127.0.0.1", 0));
    static_cast<void>(pair.client->write(chunks_of(std::string(20'000'000, 'x'))));
    CHECK(pair.client->busy());
    pair.client->shutdown_then_close(std::chrono::milliseconds(20));
    CHECK(loop.lingering() == 1);
    CHECK(wait_for(loop, [&] { return loop.lingering() == 0; }));
}

TEST_CASE("a loop closes what still lingers") {
    const TemporaryFolder folder;
    std::optional<Loop> loop(std::in_place);
    {
        Pair pair(*loop, Endpoint::unix_socket(folder.file("a.sock")));
        pair.client->shutdown_then_close(std::chrono::hours(1));
    }
    CHECK(loop->lingering() == 1);
    loop.reset();
}

TEST_SUITE_END();
}  // namespace jetway::io
