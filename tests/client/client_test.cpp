#include "client/client.h"

#include "envelope/attach.h"
#include "pair.h"

namespace jetway::client {

using namespace std::chrono_literals;

TEST_SUITE("client.client") {
    TEST_CASE("it says HELLO with its services first, and knows its address after the router's") {
        envelope::ServiceEntry service;
        service.name = "gpu-server";
        Options options;
        options.services = {service};
        Pair pair(std::move(options));
        CHECK(pair.client->is_open());
        CHECK(pair.client->address() == "client-1@machine-a");
        CHECK(pair.client->machine_id() == "machine-a");
        REQUIRE(pair.router.received.size() == 1);
        CHECK(pair.router.received[0]->kind == Kind::hello);
        const auto hello = envelope::read_hello(pair.router.received[0]->body, 10);
        REQUIRE(hello);
        CHECK(hello->role == envelope::Role::service);
        REQUIRE(hello->services.size() == 1);
        CHECK(hello->services[0].name == "gpu-server");
    }

    TEST_CASE("a socket that is not there is an error with the code of the system") {
        Runtime runtime;
        const auto client =
            Client::connect(runtime, io::Endpoint::unix_socket("/nonexistent/x.sock"), {});
        REQUIRE_FALSE(client);
        CHECK(client.error().code == "ENOENT");
    }

    TEST_CASE("a router that does not greet is a timeout") {
        Runtime runtime;
        FakeRouter router(runtime);
        router.greets = false;
        Options options;
        options.timeout = 50ms;
        const auto client = Client::connect(runtime, router.at(), std::move(options));
        REQUIRE_FALSE(client);
        CHECK(client.error().code == "timeout");
    }

    TEST_CASE("GOODBYE instead of a greeting gives its code") {
        Runtime runtime;
        FakeRouter router(runtime);
        router.greets = false;
        router.on_frame = [&](const FakeRouter::Received&) {
            base::Bytes body;
            envelope::append_goodbye(body, {"bad-hello", "`echo` is reserved"});
            router.send(Kind::goodbye, body);
        };
        const auto client = Client::connect(runtime, router.at(), {});
        REQUIRE_FALSE(client);
        CHECK(client.error().code == "bad-hello");
        CHECK(client.error().detail == "`echo` is reserved");
    }

    TEST_CASE("something else than a router is no router") {
        Runtime runtime;
        FakeRouter router(runtime);
        router.greets = false;
        router.on_frame = [&](const FakeRouter::Received&) {
            const std::string_view http = "HTTP/1.1 400 Bad Request\r\n\r\n";
            const base::ByteView bytes = base::as_bytes(http);
            router.send_bytes({bytes.begin(), bytes.end()});
        };
        const auto client = Client::connect(runtime, router.at(), {});
        REQUIRE_FALSE(client);
        CHECK(client.error().code == "bad-frame");
    }

    TEST_CASE("what is sent in one turn arrives in order and in one read") {
        Pair pair;
        const std::size_t reads = pair.router.reads;
        for (int i = 0; i < 100; ++i) {
            const base::Bytes data = text(std::to_string(i));
            REQUIRE(pair.client->send(to("gpu-server", data)));
        }
        const EnvelopeView last = pair.router.await_envelope(100);
        CHECK(pair.router.reads == reads + 1);
        CHECK(last.destination == "gpu-server");
        CHECK(base::as_text(last.data) ==
              "\xa2"
              "99");
    }

    TEST_CASE("PING is answered by a PONG of the same value") {
        Pair pair;
        base::Bytes value;
        envelope::Packer(value).map(1).text("any").array(2).number(1).boolean(true);
        pair.router.send(Kind::ping, value);
        CHECK(pair.wait([&] { return pair.router.of(Kind::pong).size() == 1; }));
        CHECK(pair.router.of(Kind::pong)[0]->body == value);
    }

    TEST_CASE("settle comes back when the router has read all, and not before") {
        Pair pair;
        REQUIRE(pair.client->send(to("x")));
        REQUIRE(pair.client->settle(5s));
        CHECK(pair.router.of(Kind::envelope).size() == 1);
        pair.router.answers_pings = false;
        const auto settled = pair.client->settle(30ms);
        REQUIRE_FALSE(settled);
        CHECK(settled.error().code == "timeout");
    }

    TEST_CASE(
        "what is no answer to a request goes to on_envelope, the program's own ids included") {
        Pair pair;
        std::vector<std::string> sources;
        pair.client->on_envelope(
            [&](const EnvelopeView& view) { sources.emplace_back(view.source); });
        EnvelopeFields plain = to("gpu-server");
        plain.source = "one@machine-b";
        pair.router.send_envelope(plain);
        base::Bytes id;
        envelope::Packer(id).number(7);
        plain.source = "two@machine-b";
        plain.in_reply_to = id;
        pair.router.send_envelope(plain);
        CHECK(pair.wait([&] { return sources.size() == 2; }));
        CHECK(sources == std::vector<std::string>{"one@machine-b", "two@machine-b"});
    }

    TEST_CASE("an envelope that can't be read, and a kind that is not for services, are skipped") {
        Pair pair;
        pair.router.send(Kind::envelope, {0xc0});
        pair.router.send(Kind::announce, {0x80});
        pair.router.send(static_cast<Kind>(99), {0x80});
        CHECK(pair.wait([&] { return pair.client->skipped() == 3; }));
        CHECK(pair.client->is_open());
    }

    TEST_CASE("a second HELLO ends it") {
        Pair pair;
        pair.router.greet();
        CHECK(pair.wait([&] { return !pair.client->is_open(); }));
        CHECK(pair.client->why_closed().code == "bad-frame");
    }

    TEST_CASE("a frame over the router's limit is refused here, and the connection stays") {
        Pair pair({}, 1'000);
        const base::Bytes large = text(std::string(2'000, 'x'));
        const auto sent = pair.client->send(to("x", large));
        REQUIRE_FALSE(sent);
        CHECK(sent.error().code == "too-large");
        CHECK(pair.client->settle(5s));
    }

    TEST_CASE("a router that does not read fills the queue, which says overloaded, and no more") {
        Options options;
        options.queue = 256U << 10U;
        Pair pair(std::move(options));
        pair.router.stop_reading();
        const base::Bytes data = text(std::string(50'000, 'x'));
        base::Error refusal;
        for (int i = 0; i < 1'000 && refusal.code.empty(); ++i) {
            if (const auto sent = pair.client->send(to("x", data)); !sent) {
                refusal = sent.error();
            }
            CHECK(pair.client->queued() <= (256U << 10U));
            pair.runtime.loop().run_once(0ms);
        }
        CHECK(refusal.code == "overloaded");
    }

    TEST_CASE("a large frame goes out in parts, and on_room says when it is gone") {
        Pair pair;
        std::size_t rooms = 0;
        pair.client->on_room([&] { ++rooms; });
        const base::Bytes data = text(std::string(6U << 20U, 'x'));
        REQUIRE(pair.client->send(to("x", data)));
        const EnvelopeView view = pair.router.await_envelope();
        CHECK(view.data.size() == data.size());
        CHECK(pair.wait([&] { return rooms > 0; }));
        CHECK(pair.client->queued() == 0);
    }

    TEST_CASE("on_room can keep the connection busy by itself") {
        Pair pair;
        std::size_t sent = 0;
        pair.client->on_room([&] {
            if (sent < 500) {
                ++sent;
                REQUIRE(pair.client->send(to("x")));
            }
        });
        REQUIRE(pair.client->send(to("x")));
        pair.router.await_envelope(501);
    }

    TEST_CASE("what may be a repeat is marked, and only that") {
        Pair pair;
        std::vector<bool> marked;
        pair.client->on_envelope([&](const EnvelopeView&) {
            marked.push_back((pair.client->flags() & envelope::flag::possible_duplicate) != 0);
        });
        base::Bytes body;
        envelope::append_envelope(body, to("gpu-server"));
        for (const std::uint8_t flags : {envelope::flag::possible_duplicate, std::uint8_t{0}}) {
            base::Bytes frame;
            envelope::append_frame(
                frame, {.kind = Kind::envelope, .flags = flags, .hops = 0, .pin = {}}, body);
            pair.router.send_bytes(std::move(frame));
        }
        REQUIRE(pair.wait([&] { return marked.size() == 2; }));
        CHECK(marked == std::vector<bool>{true, false});
    }

    TEST_CASE("HOLD and RESUME say to whom nothing should be sent") {
        Pair pair;
        base::Bytes body;
        envelope::Packer(body).map(1).text("destination").text("gpu-server");
        pair.router.send(Kind::hold, body);
        CHECK(pair.wait([&] { return pair.client->held("gpu-server"); }));
        CHECK_FALSE(pair.client->held("other"));
        pair.router.send(Kind::resume, body);
        CHECK(pair.wait([&] { return !pair.client->held("gpu-server"); }));
    }

    TEST_CASE("services are attached and detached while it runs") {
        Pair pair;
        envelope::ServiceEntry service;
        service.name = "later";
        REQUIRE(pair.client->attach({service}));
        REQUIRE(pair.client->detach({"later"}));
        REQUIRE(pair.client->settle(5s));
        REQUIRE(pair.router.of(Kind::attach).size() == 1);
        const auto attached = envelope::read_attach(pair.router.of(Kind::attach)[0]->body, 10);
        REQUIRE(attached);
        CHECK(attached->front().name == "later");
        CHECK(pair.router.of(Kind::detach).size() == 1);
    }

    TEST_CASE("what was sent before close still arrives") {
        Pair pair;
        REQUIRE(pair.client->send(to("x")));
        pair.client->close();
        pair.router.await_envelope();
        CHECK(pair.client->state() == Client::State::closed);
    }

    TEST_CASE("a client may be closed in its own callback") {
        Pair pair;
        pair.client->on_envelope([&](const EnvelopeView&) { pair.client->close(); });
        base::Bytes two;
        for (int i = 0; i < 2; ++i) {
            base::Bytes body;
            envelope::append_envelope(body, to("client-1@machine-a"));
            envelope::append_frame(two, {.kind = Kind::envelope, .flags = 0, .hops = 0, .pin = {}},
                                   body);
        }
        pair.router.send_bytes(std::move(two));
        CHECK(pair.wait([&] { return !pair.client->is_open(); }));
    }
}

}  // namespace jetway::client
