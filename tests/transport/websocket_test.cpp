// A WebSocket between a real Listener and a real Dialler: the contract of io/stream.h, and how the
// upgrade and the Close look from the other side of a socket.
#include <algorithm>

#include "../io/fixtures.h"
#include "envelope/frame.h"
#include "envelope/hello.h"
#include "terminal/websocket_message.h"
#include "transport/dialler.h"
#include "transport/listener.h"

namespace jetway::transport {
namespace {

using io::chunks_of;
using io::Loop;
using io::Recorder;
using io::wait_for;
using terminal::append_message;
using terminal::Opcode;

constexpr std::uint32_t mask = 0x01020304;

base::Bytes frame(std::size_t size, std::uint8_t fill = 0xc0) {
    base::Bytes bytes;
    envelope::append_frame(bytes,
                           {.kind = envelope::Kind::envelope, .flags = 0, .hops = 0, .pin = {}},
                           base::Bytes(size, fill));
    return bytes;
}

std::vector<io::WriteChunk> chunks(base::Bytes bytes) {
    std::vector<io::WriteChunk> made(1);
    made[0].own = std::move(bytes);
    return made;
}

// A listener at ws://127.0.0.1, and what came of those who dialled it.
struct Place {
    explicit Place(Target at = {Scheme::ws, io::Endpoint::tcp("127.0.0.1", 0), "/mesh"},
                   HandshakeLimits limits = {})
        : admission(limits) {
        auto opened = Listener::open(
            loop, std::move(at),
            {admission, [this](const base::Report& report) { reports.push_back(report); }},
            [] { return Terms(); },
            [this](std::unique_ptr<io::Stream> stream) {
                stream->set_handler(&at_server);
                server = std::move(stream);
            });
        REQUIRE(opened);
        listener = std::move(*opened);
    }

    // Dials; the stream, or the error's code.
    std::string dial(const Target& to) {
        std::optional<std::string> code;
        Dialler dialler(loop, to, Terms(), std::chrono::seconds(5),
                        [&](base::Result<std::unique_ptr<io::Stream>> stream) {
                            if (stream) {
                                client = std::move(*stream);
                                client->set_handler(&at_client);
                                code = "";
                            } else {
                                code = stream.error().code;
                                detail = stream.error().detail;
                            }
                        });
        REQUIRE(wait_for(loop, [&] { return code.has_value(); }));
        return *code;
    }
    void join() {
        REQUIRE(dial(listener->bound()) == "");
        REQUIRE(wait_for(loop, [&] { return server != nullptr; }));
        client->start_reading();
        server->start_reading();
    }
    // A plain socket, with `text` said.
    void knock(std::string_view text) {
        REQUIRE(dial(listener->bound().endpoint) == "");
        client->start_reading();
        client->write(chunks_of(text));
    }
    std::string heard() const { return std::string(base::as_text(at_client.received)); }

    Loop loop;
    Admission admission;
    Recorder at_server;
    Recorder at_client;
    std::vector<base::Report> reports;
    std::string detail;
    std::unique_ptr<io::Stream> server;
    std::unique_ptr<io::Stream> client;
    std::unique_ptr<Listener> listener;
};

const std::string request =
    "GET /mesh HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: jetway.1\r\n\r\n";

}  // namespace

TEST_SUITE("transport.websocket") {
    TEST_CASE("frames go there and come back, and both ends know each other's names") {
        Place place;
        place.join();
        CHECK(place.server->peer_name() == place.client->local_name());
        CHECK_FALSE(place.server->encrypted());
        CHECK(place.listener->bound().text().starts_with("ws://127.0.0.1:"));
        place.at_server.when_read = [&](base::ByteView bytes, const auto& owner) {
            CHECK(bytes.data() >= owner->data());
            CHECK(bytes.data() + bytes.size() <= owner->data() + owner->size());
            CHECK(place.server->write(chunks({bytes.begin(), bytes.end()})) == bytes.size());
        };
        const base::Bytes sent = frame(300, 7);
        CHECK(place.client->write(chunks(sent)) == sent.size());
        CHECK(wait_for(place.loop, [&] { return place.at_client.received == sent; }));
        CHECK(place.admission.counters().accepted == 1);
        CHECK(place.admission.unfinished() == 0);
    }

    TEST_CASE("a write larger than the socket is finished while a slow reader reads") {
        for (const bool from_client : {true, false}) {
            Place place;
            place.join();
            io::Stream& writer = from_client ? *place.client : *place.server;
            io::Stream& reader = from_client ? *place.server : *place.client;
            Recorder& at_writer = from_client ? place.at_client : place.at_server;
            Recorder& at_reader = from_client ? place.at_server : place.at_client;
            reader.stop_reading();
            base::Bytes sent;
            for (std::uint8_t i = 0; i < 100; ++i) {
                base::append(sent, frame(i % 10 == 0 ? 1'000'000 : 3'000, i));
            }
            const std::size_t done = writer.write(chunks(sent));
            CHECK(done < sent.size());
            CHECK(writer.busy());
            CHECK(writer.unfinished_bytes() > 0);
            reader.start_reading();
            CHECK(wait_for(place.loop, [&] { return at_reader.received.size() == sent.size(); }));
            CHECK(at_reader.received == sent);
            CHECK(wait_for(place.loop, [&] { return at_writer.writable == 1; }));
            CHECK_FALSE(writer.busy());
        }
    }

    TEST_CASE("an end of ours is a Close, with what was written before it") {
        for (const bool from_client : {true, false}) {
            Place place;
            place.join();
            io::Stream& ending = from_client ? *place.client : *place.server;
            Recorder& at_other = from_client ? place.at_server : place.at_client;
            Recorder& at_ending = from_client ? place.at_client : place.at_server;
            ending.write(chunks(frame(10)));
            ending.end_with(frame(20), std::chrono::seconds(2));
            CHECK_FALSE(ending.is_open());
            CHECK(ending.write(chunks(frame(1))) == 0);
            CHECK(wait_for(place.loop, [&] { return at_other.closed == 1; }));
            CHECK(at_other.reason == "EOF");
            CHECK(at_other.received.size() == frame(10).size() + frame(20).size());
            CHECK(at_ending.closed == 0);
            CHECK(wait_for(place.loop, [&] { return place.loop.lingering() == 0; }));
        }
    }

    TEST_CASE("either end may be destroyed inside its callbacks") {
        Place place;
        place.join();
        place.at_server.when_read = [&](base::ByteView, const auto&) { place.server.reset(); };
        place.at_client.when_closed = [&] { place.client.reset(); };
        place.client->write(chunks(frame(10)));
        CHECK(wait_for(place.loop, [&] { return place.client == nullptr; }));
        CHECK(place.server == nullptr);
    }

    TEST_CASE("frames right behind the upgrade are read, from the loop") {
        Place place;
        base::Bytes first;
        append_message(first, Opcode::binary, frame(30, 5), mask);
        place.knock(request + std::string(base::as_text(first)));
        REQUIRE(wait_for(place.loop, [&] { return place.server != nullptr; }));
        CHECK(place.at_server.reads == 0);
        place.server->start_reading();
        CHECK(place.at_server.reads == 0);
        CHECK(wait_for(place.loop, [&] { return place.at_server.received == frame(30, 5); }));
        base::Bytes second;
        append_message(second, Opcode::binary, frame(31, 6), mask);
        place.client->write(chunks(second));
        CHECK(wait_for(place.loop, [&] { return place.at_server.reads == 2; }));
    }

    TEST_CASE("a peer's PING is answered, also between the parts of a large write") {
        Place place;
        place.knock(request);
        REQUIRE(wait_for(place.loop, [&] { return place.server != nullptr; }));
        place.server->start_reading();
        base::Bytes ping;
        append_message(ping, Opcode::ping, base::as_bytes("abc"), mask);
        place.client->stop_reading();
        CHECK(place.server->write(chunks(frame(8'000'000))) < 8'000'000);
        place.client->write(chunks(ping));
        REQUIRE(wait_for(place.loop, [&] { return !place.client->busy(); }));
        place.client->start_reading();
        REQUIRE(wait_for(place.loop, [&] {
            return place.heard().ends_with(
                "\x8a\x03"
                "abc");
        }));
        CHECK(place.at_server.writable == 1);
    }

    TEST_CASE("a peer that breaks the protocol hears a Close, and the handler that it did") {
        Place place;
        place.knock(request);
        REQUIRE(wait_for(place.loop, [&] { return place.server != nullptr; }));
        place.server->start_reading();
        base::Bytes bad;
        append_message(bad, Opcode::binary, frame(10, 9), mask);
        append_message(bad, Opcode::text, base::as_bytes("hi"), mask);
        place.client->write(chunks(bad));
        REQUIRE(wait_for(place.loop, [&] { return place.at_client.closed == 1; }));
        CHECK(place.at_server.received == frame(10, 9));
        CHECK(place.at_server.closed == 1);
        CHECK(place.at_server.reason == "websocket");
        CHECK(place.heard().find("bad-frame") != std::string::npos);  // the GOODBYE
        CHECK(place.heard().find("\x03\xeb"
                                 "expected binary messages, not text") != std::string::npos);
    }

    TEST_CASE("a refused upgrade is answered in words, counted and reported") {
        Place place;
        place.knock("GET /mesh HTTP/1.1\r\nHost: h\r\n\r\n");
        REQUIRE(wait_for(place.loop, [&] { return place.at_client.closed == 1; }));
        CHECK(place.heard().starts_with("HTTP/1.1 426 "));
        CHECK(place.at_client.reason == "EOF");
        CHECK(place.admission.counters().refused.at("upgrade-426") == 1);
        REQUIRE(place.reports.size() == 1);
        CHECK(place.reports[0].event == "handshake refused");
        CHECK(place.server == nullptr);
    }

    TEST_CASE("a dialler is told by whom it was refused, and why") {
        Place place;
        Target elsewhere = place.listener->bound();
        elsewhere.path = "/elsewhere";
        CHECK(place.dial(elsewhere) == "upgrade-refused");
        CHECK(place.detail.find("404 Not Found: nothing is here") != std::string::npos);
        CHECK(place.detail.starts_with(elsewhere.text()));
    }

    TEST_CASE("a dialler of something else than HTTP is told so") {
        Place place(Target(io::Endpoint::tcp("127.0.0.1", 0)));
        place.at_server.when_read = [&](base::ByteView, const auto&) {
            place.server->write(chunks_of("\x01\x02\x03"));
        };
        std::optional<std::string> code;
        const Dialler dialler(place.loop, {Scheme::ws, place.listener->bound().endpoint, "/"},
                              Terms(), std::chrono::seconds(5),
                              [&](base::Result<std::unique_ptr<io::Stream>> stream) {
                                  code = stream ? "" : stream.error().code;
                              });
        REQUIRE(wait_for(place.loop, [&] { return place.server != nullptr; }));
        place.server->start_reading();
        REQUIRE(wait_for(place.loop, [&] { return code.has_value(); }));
        CHECK(*code == "bad-upgrade");
    }

    TEST_CASE("a request that takes too long is given up") {
        Place place({Scheme::ws, io::Endpoint::tcp("127.0.0.1", 0), "/"},
                    {.at_once = 10, .per_address = 10, .timeout = std::chrono::milliseconds(50)});
        place.knock("GET / HTTP/1.1\r\nHost: h\r\nX-slow: ");
        REQUIRE(wait_for(place.loop, [&] { return place.at_client.closed == 1; }));
        CHECK(place.admission.counters().refused.at("timeout") == 1);
        CHECK(place.admission.unfinished() == 0);
    }

    TEST_CASE("the origins that are let in may change while it listens") {
        Place place;
        std::string page = request;
        page.insert(page.find("Upgrade:"), "Origin: https://app.example\r\n");
        place.knock(page);
        REQUIRE(wait_for(place.loop, [&] { return place.at_client.closed == 1; }));
        CHECK(place.heard().starts_with("HTTP/1.1 403 "));
        Target other = place.listener->bound();
        other.origins = {"https://app.example"};
        REQUIRE(place.listener->become(other));
        place.knock(page);
        REQUIRE(wait_for(place.loop, [&] { return place.server != nullptr; }));
    }

    TEST_CASE("a frame over the limit is closed with 1009 by whoever ends the stream") {
        Target at{Scheme::ws, io::Endpoint::tcp("127.0.0.1", 0), "/mesh"};
        at.max_frame = 1000;
        Place place(at);
        place.knock(request);
        REQUIRE(wait_for(place.loop, [&] { return place.server != nullptr; }));
        place.at_server.when_read = [&](base::ByteView, const auto&) {
            place.server->shutdown_then_close();
        };
        place.server->start_reading();
        base::Bytes large;
        append_message(large, Opcode::binary, frame(2000), mask);
        place.client->write(chunks(large));
        REQUIRE(wait_for(place.loop, [&] { return place.at_client.closed == 1; }));
        CHECK(place.heard().ends_with("\x88\x02\x03\xf1"));
    }
}

}  // namespace jetway::transport
