// Session: what is kept until it is acknowledged, and what a new connection has to carry again.
#include "terminal/session.h"

#include <doctest/doctest.h>

namespace jetway::terminal {

namespace {

using base::Bytes;
using envelope::Header;
using envelope::Kind;
using std::chrono::milliseconds;

Header header() {
    return {.kind = Kind::envelope, .flags = 1, .hops = 3, .pin = "machine-c"};
}

struct Sender {
    Session session{Bytes(Session::id_size, 7)};
    OutputQueue queue;

    void send(std::uint8_t number) { session.keep(queue.push(header(), Bytes{number}, nullptr)); }
    void ping() { queue.push({.kind = Kind::ping, .pin = {}}, Bytes{0xc0}, nullptr); }
};

Bytes written(OutputQueue& queue) {
    Bytes all;
    for (const base::Chunk& chunk : queue.take()) {
        base::append(all, chunk.view());
    }
    return all;
}

// The bodies of the ENVELOPE frames in there.
std::vector<int> numbers(const Bytes& bytes) {
    std::vector<int> found;
    envelope::FrameReader reader(1U << 20U);
    reader.feed(bytes, nullptr, [&](const envelope::Frame& frame) {
        found.push_back(frame.kind == Kind::envelope ? frame.body.front() : -1);
        return true;
    });
    return found;
}

std::vector<int> given_back(Session& session) {
    std::vector<int> found;
    session.give_back([&](const envelope::Frame& frame) {
        CHECK(frame.pin == "machine-c");
        CHECK(frame.hops == 3);
        CHECK(frame.flags == 1);
        found.push_back(frame.body.front());
    });
    return found;
}

}  // namespace

TEST_SUITE("terminal.session") {
    TEST_CASE("a resumed link carries what the peer lacks, in order, and nothing else") {
        for (std::uint64_t received = 0; received <= 6; ++received) {
            Sender sender;
            sender.send(1);
            sender.send(2);
            written(sender.queue);  // a write of its own
            sender.ping();
            sender.send(3);
            sender.ping();  // between two envelopes of one run
            sender.send(4);
            sender.send(5);
            sender.send(6);
            OutputQueue next;
            REQUIRE(sender.session.can_resume(received));
            sender.session.resume(received, next);
            std::vector<int> expected;
            for (int number = static_cast<int>(received) + 1; number <= 6; ++number) {
                expected.push_back(number);
            }
            CHECK(numbers(written(next)) == expected);
            CHECK(sender.session.acknowledged() == received);
            CHECK(given_back(sender.session) == expected);
            CHECK(sender.session.kept_bytes() == 0);
        }
    }

    TEST_CASE("it can be resumed again and again, with what was sent in between") {
        Sender sender;
        sender.send(1);
        sender.send(2);
        for (std::uint8_t round = 3; round < 10; ++round) {
            OutputQueue next;
            sender.session.resume(static_cast<std::uint64_t>(round - 3), next);
            sender.session.keep(next.push(header(), Bytes{round}, nullptr));
            CHECK(numbers(written(next)) == std::vector<int>{round - 2, round - 1, round});
        }
    }

    TEST_CASE("what is sent while there is no connection waits for the next one") {
        Sender sender;
        sender.send(1);
        sender.session.keep_apart(header(), Bytes{2}, nullptr);
        sender.session.keep_apart(header(), Bytes{3}, nullptr);
        OutputQueue next;
        sender.session.resume(1, next);
        CHECK(numbers(written(next)) == std::vector<int>{2, 3});
        sender.session.keep(next.push(header(), Bytes{4}, nullptr));
        CHECK(given_back(sender.session) == std::vector<int>{2, 3, 4});
    }

    TEST_CASE("ACK lets go of what it counts, anywhere in a run") {
        for (std::uint64_t count = 0; count <= 5; ++count) {
            Sender sender;
            for (std::uint8_t number = 1; number <= 5; ++number) {
                sender.send(number);
            }
            const std::size_t whole = sender.session.kept_bytes();
            CHECK(sender.session.on_ack(count));
            CHECK(sender.session.kept_bytes() == whole / 5 * (5 - count));
            CHECK(given_back(sender.session).size() == 5 - count);
        }
    }

    TEST_CASE("an ACK of what was never sent, or of less than before, is none") {
        Sender sender;
        sender.send(1);
        sender.send(2);
        CHECK_FALSE(sender.session.on_ack(3));
        CHECK(sender.session.on_ack(2));
        CHECK_FALSE(sender.session.on_ack(1));
        CHECK_FALSE(sender.session.can_resume(1));
        CHECK_FALSE(sender.session.can_resume(3));
        CHECK(sender.session.can_resume(2));
    }

    TEST_CASE("a large body is kept by reference, resent with its header, and given back") {
        Sender sender;
        const auto owner = std::make_shared<Bytes>(OutputQueue::large, std::uint8_t{9});
        sender.send(1);
        sender.session.keep(sender.queue.push(header(), *owner, &owner));
        sender.send(2);
        CHECK(owner.use_count() == 3);  // ours, the queue's, the session's
        written(sender.queue);
        CHECK(owner.use_count() == 2);
        OutputQueue next;
        sender.session.resume(1, next);
        Bytes expected;
        envelope::append_frame(expected, header(), *owner);
        envelope::append_frame(expected, header(), Bytes{2});
        CHECK(written(next) == expected);
        std::vector<std::size_t> sizes;
        sender.session.give_back(
            [&](const envelope::Frame& frame) { sizes.push_back(frame.body.size()); });
        CHECK(sizes == std::vector<std::size_t>{OutputQueue::large, 1});
        CHECK(owner.use_count() == 1);
    }

    TEST_CASE("what came is acknowledged after 64 frames, 256 KiB or 20 ms") {
        const base::Instant start{std::chrono::seconds(5)};
        Session session(Bytes(Session::id_size, 7));
        CHECK(session.ack_due() == base::never);
        session.receive(100, start);
        session.receive(100, start + milliseconds(5));
        CHECK(session.ack_due() == start + milliseconds(20));
        for (int i = 0; i < 62; ++i) {
            session.receive(100, start + milliseconds(6));
        }
        CHECK(session.ack_due() == start);
        session.told();
        CHECK(session.ack_due() == base::never);
        CHECK(session.received() == 64);
        session.receive(Session::ack_bytes, start + milliseconds(9));
        CHECK(session.ack_due() == start + milliseconds(9));
    }

    TEST_CASE("with a peer that has no sessions nothing is kept") {
        Session session{Bytes{}};
        OutputQueue queue;
        session.keep(queue.push(header(), Bytes{1}, nullptr));
        CHECK(session.kept_bytes() == 0);
        CHECK(session.sent() == 0);
    }
}

}  // namespace jetway::terminal
