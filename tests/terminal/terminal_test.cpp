// Terminal, its output queue and the backoff of a dial.
#include "terminal/terminal.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace jetway::terminal {

namespace {

using base::Bytes;
using envelope::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Table : Receiver {
    explicit Table(Options given = {})
        : options(given),
          terminal(
              options,
              {.id = 1, .name = "t", .type = Type::network, .dialled = false, .peer_address = "p"},
              now) {}

    void on_hello(TerminalId, envelope::Hello hello) override {
        ++hellos;
        if (welcome) {
            terminal.accept("named", hello);
        }
    }
    void on_frame(TerminalId, const envelope::Frame& frame) override {
        frames.push_back(frame.kind);
    }
    void on_goodbye(TerminalId, const envelope::Goodbye& goodbye) override {
        goodbye_code = goodbye.code;
    }

    static Bytes frame(Kind kind, const Bytes& body) {
        Bytes bytes;
        envelope::append_frame(bytes, {.kind = kind, .flags = 0, .hops = 0, .pin = {}}, body);
        return bytes;
    }
    static Bytes hello_frame(bool router) {
        envelope::Hello hello;
        hello.protocol = {1};
        hello.role = router ? envelope::Role::router : envelope::Role::service;
        hello.machine_id = router ? "b" : "";
        hello.incarnation = router ? 1 : 0;
        Bytes body;
        envelope::append_hello(body, hello);
        return frame(Kind::hello, body);
    }
    void hear(const Bytes& bytes) { terminal.on_bytes(bytes, nullptr, now, *this); }
    void say(Kind kind, const Bytes& body = {0xc0}) { hear(frame(kind, body)); }
    void meet(bool router = false) { hear(hello_frame(router)); }

    // Kinds of the frames to be written.
    std::vector<Kind> sent() {
        std::vector<Kind> kinds;
        envelope::FrameReader reader(64U << 20U);
        const std::size_t size = terminal.output().waiting();
        for (const base::Chunk& chunk : terminal.output().take()) {
            reader.feed(chunk.view(), nullptr, [&](const envelope::Frame& seen) {
                kinds.push_back(seen.kind);
                return true;
            });
        }
        terminal.output().written(size);
        return kinds;
    }
    // And what is in them.
    std::vector<Bytes> sent_bodies() {
        std::vector<Bytes> bodies;
        envelope::FrameReader reader(64U << 20U);
        const std::size_t size = terminal.output().waiting();
        for (const base::Chunk& chunk : terminal.output().take()) {
            reader.feed(chunk.view(), nullptr, [&](const envelope::Frame& seen) {
                bodies.emplace_back(seen.body.begin(), seen.body.end());
                return true;
            });
        }
        terminal.output().written(size);
        return bodies;
    }
    bool send(std::size_t size) {
        const Bytes body(size, 0xc0);
        return terminal.send({.kind = Kind::envelope, .flags = 0, .hops = 0, .pin = {}}, body,
                             nullptr, now);
    }

    Options options;
    base::Instant now{seconds(100)};
    Terminal terminal;
    int hellos = 0;
    bool welcome = true;
    std::vector<Kind> frames;
    std::string goodbye_code;
};

}  // namespace

TEST_SUITE("terminal.conversation") {
    TEST_CASE("a frame that has begun must be whole in time, however many bytes come of it") {
        for (const bool router : {false, true}) {
            Table t;
            t.meet(router);
            Bytes begun = Table::frame(Kind::envelope, Bytes(1000, 0xc0));
            begun.resize(20);
            t.hear(begun);
            const base::Instant begin = t.now;
            CHECK(t.terminal.deadline() <= begin + seconds(60));
            while (t.now < begin + seconds(59)) {
                t.now += milliseconds(500);
                t.hear({0xc0});
                t.terminal.on_deadline(t.now);
            }
            CHECK(t.terminal.up());
            t.now = begin + seconds(60);
            t.terminal.on_deadline(t.now);
            CHECK(t.terminal.closing_code() == "bad-frame");
        }
    }

    TEST_CASE("one frame after the other may be cut for ever, as long as each becomes whole") {
        Table t;
        t.meet();
        const Bytes whole = Table::frame(Kind::envelope, Bytes(10, 0xc0));
        t.hear(Bytes(whole.begin(), whole.begin() + 5));
        for (int i = 0; i < 100; ++i) {
            t.now += seconds(30);
            Bytes next(whole.begin() + 5, whole.end());
            next.insert(next.end(), whole.begin(), whole.begin() + 5);
            t.hear(next);
            t.terminal.on_deadline(t.now);
        }
        CHECK(t.terminal.up());
    }

    TEST_CASE("a HELLO cut at any byte is one HELLO") {
        const Bytes hello = Table::hello_frame(false);
        for (std::size_t cut = 1; cut < hello.size(); ++cut) {
            const auto at = hello.begin() + static_cast<std::ptrdiff_t>(cut);
            Table t;
            t.hear(Bytes(hello.begin(), at));
            CHECK(t.hellos == 0);
            t.hear(Bytes(at, hello.end()));
            CHECK(t.hellos == 1);
            CHECK(t.terminal.up());
            CHECK(t.terminal.name() == "named");
        }
    }

    TEST_CASE("nothing but HELLO and GOODBYE is let through before the HELLO") {
        for (const Kind kind : {Kind::envelope, Kind::announce, Kind::ping, Kind::attach}) {
            Table t;
            t.say(kind);
            CHECK(t.terminal.closing_code() == "bad-frame");
            CHECK(t.sent() == std::vector<Kind>{Kind::goodbye});
        }
        Table t;
        Bytes body;
        envelope::append_goodbye(body, {.code = "shutdown", .message = "bye"});
        t.say(Kind::goodbye, body);
        CHECK(t.goodbye_code == "shutdown");
        CHECK(t.terminal.state() == State::closing);
        CHECK(t.sent().empty());
    }

    TEST_CASE("a terminal whose HELLO is not yet answered lets nothing through") {
        Table t;
        t.welcome = false;
        t.meet();
        CHECK(t.terminal.state() == State::greeted);
        t.say(Kind::envelope);
        CHECK(t.frames.empty());
        CHECK(t.terminal.closing_code() == "bad-frame");
    }

    TEST_CASE("each role gets through the frames that are for it, the others are counted") {
        const std::vector<Kind> all = {Kind::envelope, Kind::announce, Kind::ack,    Kind::attach,
                                       Kind::detach,   Kind::hold,     Kind::resume, Kind{77}};
        Table service;
        service.meet();
        Table router;
        router.meet(true);
        for (const Kind kind : all) {
            service.say(kind);
            router.say(kind);
        }
        CHECK(service.frames == std::vector<Kind>{Kind::envelope, Kind::attach, Kind::detach});
        CHECK(router.frames == std::vector<Kind>{Kind::envelope, Kind::announce, Kind::ack,
                                                 Kind::hold, Kind::resume});
        CHECK(service.terminal.counters().skipped == 5);
        CHECK(router.terminal.counters().skipped == 3);
    }

    TEST_CASE("a second HELLO closes, and what follows it is not read") {
        Table t;
        t.meet();
        Bytes bytes = Table::hello_frame(false);
        base::append(bytes, Table::frame(Kind::envelope, {0xc0}));
        t.hear(bytes);
        CHECK(t.terminal.closing_code() == "bad-frame");
        CHECK(t.frames.empty());
        t.say(Kind::envelope);
        CHECK(t.frames.empty());
    }

    TEST_CASE("only the first close says GOODBYE, and nothing is sent after it") {
        Table t;
        t.meet();
        t.terminal.close("shutdown", "one");
        t.terminal.close("silent", "two");
        CHECK_FALSE(t.send(1));
        t.terminal.probe(t.now);
        CHECK(t.sent() == std::vector<Kind>{Kind::goodbye});
        CHECK(t.terminal.closing_code() == "shutdown");
    }
}

TEST_SUITE("terminal.time") {
    TEST_CASE("the HELLO is due within hello_timeout, whatever else is heard") {
        Table t;
        t.now += milliseconds(4999);
        t.hear({0, 0});
        t.terminal.on_deadline(t.now);
        CHECK(t.terminal.state() == State::opened);
        t.now += milliseconds(1);
        CHECK(t.terminal.deadline() == t.now);
        t.terminal.on_deadline(t.now);
        CHECK(t.terminal.closing_code() == "hello-timeout");
    }

    TEST_CASE(
        "a router that nothing was sent to for `hello` gets one PING; a service has no deadline") {
        Table t;
        t.meet(true);
        t.now += milliseconds(299);
        t.terminal.on_deadline(t.now);
        CHECK(t.sent().empty());
        t.now += milliseconds(1);
        CHECK(t.terminal.deadline() == t.now);
        t.terminal.on_deadline(t.now);
        t.terminal.on_deadline(t.now);
        CHECK(t.sent() == std::vector<Kind>{Kind::ping});
        Table service;
        service.meet();
        CHECK(service.terminal.deadline() == base::never);
    }

    TEST_CASE("the PONG of a PING tells the round trip; of one with another value it doesn't") {
        Table t;
        t.meet(true);
        CHECK(t.terminal.round_trip().samples() == 0);
        t.terminal.probe(t.now);
        CHECK(t.sent_bodies() == std::vector<Bytes>{{1}});
        t.terminal.probe(t.now);  // the first is unanswered: this one measures nothing
        CHECK(t.sent_bodies() == std::vector<Bytes>{{0xc0}});
        t.now += milliseconds(8);
        t.say(Kind::pong, {0xc0});
        t.say(Kind::pong, {2});
        CHECK(t.terminal.round_trip().samples() == 0);
        t.say(Kind::pong, {1});
        t.say(Kind::pong, {1});
        CHECK(t.terminal.round_trip().samples() == 1);
        CHECK(t.terminal.round_trip().smoothed() == milliseconds(8));
        CHECK(t.terminal.counters().pongs == 4);
        t.terminal.probe(t.now);
        CHECK(t.sent_bodies() == std::vector<Bytes>{{2}});
        t.now += milliseconds(16);
        t.say(Kind::pong, {2});
        CHECK(t.terminal.round_trip().smoothed() == milliseconds(9));
        CHECK(t.terminal.round_trip().variation() == milliseconds(5));
        CHECK(t.terminal.round_trip().least() == milliseconds(8));
        CHECK(t.terminal.round_trip().last() == milliseconds(16));
    }

    TEST_CASE("the value of a PING stays one byte, however many there were") {
        Table t;
        t.meet(true);
        for (int i = 0; i < 300; ++i) {
            t.terminal.probe(t.now);
            const std::vector<Bytes> sent = t.sent_bodies();
            REQUIRE(sent.size() == 1);
            REQUIRE(sent[0].size() == 1);
            CHECK(sent[0][0] < 0x80);
            t.say(Kind::pong, sent[0]);
        }
        CHECK(t.terminal.round_trip().samples() == 300);
    }

    TEST_CASE("a link that is never idle is measured all the same, every `measure`") {
        Table t;
        t.meet(true);
        std::size_t pings = 0;
        for (int i = 0; i < 150; ++i) {
            t.now += milliseconds(100);
            t.say(Kind::pong);
            t.send(10);
            t.terminal.on_deadline(t.now);
            const std::vector<Kind> sent = t.sent();
            pings += static_cast<std::size_t>(std::count(sent.begin(), sent.end(), Kind::ping));
        }
        CHECK(pings == 3);  // in 15 s
    }

    TEST_CASE("any byte counts as heard, and dead_after without one ends a router's terminal") {
        Table t;
        t.meet(true);
        t.now += milliseconds(899);
        t.hear({0});
        t.now += milliseconds(899);
        t.terminal.on_deadline(t.now);
        CHECK(t.terminal.up());
        t.now += milliseconds(1);
        t.terminal.on_deadline(t.now);
        CHECK(t.terminal.closing_code() == "silent");
    }
}

TEST_SUITE("terminal.queue") {
    TEST_CASE("a frame fits to the last byte of the bound, and into an empty queue at any length") {
        Options options;
        options.queue = 100;
        Table t(options);
        t.meet();
        CHECK(t.send(500));
        CHECK_FALSE(t.send(1));
        t.sent();
        CHECK(t.send(42));
        CHECK(t.send(42));
        CHECK(t.terminal.output().size() == 100);
        CHECK_FALSE(t.send(1));
    }

    TEST_CASE("bytes count as queued until they are written") {
        Options options;
        options.queue = 100;
        Table t(options);
        t.meet();
        CHECK(t.send(92));
        CHECK(t.terminal.output().take().size() == 1);
        CHECK(t.terminal.output().size() == 100);
        CHECK(t.terminal.output().waiting() == 0);
        CHECK_FALSE(t.send(1));
        t.terminal.output().written(50);
        CHECK(t.send(42));
        CHECK(t.terminal.output().waiting() == 50);
        t.terminal.output().written(50);
        CHECK(t.terminal.output().size() == 50);
    }

    TEST_CASE("a large body with an owner is held and not copied, in order with the small ones") {
        OutputQueue queue;
        const auto owner = std::make_shared<Bytes>(OutputQueue::large, std::uint8_t{0x41});
        const envelope::Header header{.kind = Kind::envelope, .flags = 0, .hops = 0, .pin = "m"};
        queue.push(header, Bytes{1}, nullptr);
        queue.push(header, *owner, &owner);
        queue.push(header, Bytes{2}, nullptr);
        CHECK(owner.use_count() == 2);
        Bytes expected;
        envelope::append_frame(expected, header, Bytes{1});
        envelope::append_frame(expected, header, *owner);
        envelope::append_frame(expected, header, Bytes{2});
        CHECK(queue.size() == expected.size());
        Bytes all;
        bool same = false;
        for (const base::Chunk& chunk : queue.take()) {
            same = same || chunk.view().data() == owner->data();
            base::append(all, chunk.view());
        }
        CHECK(same);
        CHECK(all == expected);
        CHECK_FALSE(queue.has_waiting());
    }

    TEST_CASE(
        "frames that are no envelope take a queue to twice its bound, then it is overloaded") {
        Options options;
        options.queue = 1000;
        Table t(options);
        t.meet();
        CHECK(t.send(992));
        int answered = 0;
        while (answered < 100 && t.terminal.up()) {
            t.say(Kind::ping, Bytes(92, 0xc0));
            answered += t.terminal.up() ? 1 : 0;
        }
        CHECK(answered == 10);
        CHECK(t.terminal.closing_code() == "overloaded");
    }
}

}  // namespace jetway::terminal
