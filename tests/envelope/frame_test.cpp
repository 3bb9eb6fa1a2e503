#include "envelope/frame.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/envelope/allocations.h"
#include "tests/envelope/hex.h"

using namespace jetway;
using namespace jetway::envelope;
using test::hex;
using test::to_hex;

namespace {

struct Kept {
    Kind kind;
    std::uint8_t flags;
    std::uint8_t hops;
    std::string pin;
    base::Bytes body;

    friend bool operator==(const Kept&, const Kept&) = default;
};

// Feeds `stream` in pieces of `size` and keeps what comes out.
FrameFault feed_in_pieces(FrameReader& reader, base::ByteView stream, std::size_t size,
                          std::vector<Kept>& kept) {
    FrameFault fault = FrameFault::none;
    while (!stream.empty() && fault == FrameFault::none) {
        // A copy of just that size, so that a read past its end is seen.
        const base::Bytes piece = test::copy(stream.first(std::min(size, stream.size())));
        fault = reader.feed(piece, nullptr, [&](const Frame& frame) {
            kept.push_back({frame.kind, frame.flags, frame.hops, std::string(frame.pin),
                            test::copy(frame.body)});
            return true;
        });
        stream = stream.subspan(piece.size());
    }
    return fault;
}

base::Bytes frame_of(const Header& header, std::string_view body) {
    base::Bytes bytes;
    append_frame(bytes, header, base::as_bytes(body));
    return bytes;
}

base::Bytes some_stream() {
    base::Bytes stream = frame_of({.kind = Kind::ping, .pin = {}}, "\xc0");
    base::append(stream, frame_of({.kind = Kind::envelope,
                                   .flags = flag::reroutable | flag::trace,
                                   .hops = 31,
                                   .pin = "machine-b"},
                                  "\xa5hello"));
    base::append(
        stream,
        frame_of({.kind = Kind::envelope, .flags = 0, .hops = 255, .pin = std::string(255, 'm')},
                 std::string(1000, '\x01')));
    base::append(stream, frame_of({.kind = static_cast<Kind>(200), .pin = {}}, "\x01"));
    return stream;
}

}  // namespace

TEST_SUITE("envelope.frame") {
    TEST_CASE("a frame of every kind has the bytes of the protocol page") {
        for (int kind = 1; kind <= 11; ++kind) {
            const base::Bytes bytes =
                frame_of({.kind = static_cast<Kind>(kind), .pin = {}}, "\xc0");
            const auto byte = static_cast<std::uint8_t>(kind);
            CHECK(to_hex(bytes) == "00000005" + to_hex({&byte, 1}) + "000000c0");
        }
    }

    TEST_CASE("flags, hops and pin stand at their places") {
        CHECK(to_hex(frame_of({.kind = Kind::envelope, .flags = 0x0b, .hops = 0x20, .pin = "m-b"},
                              "\x90")) == "00000008020b20036d2d6290");
    }

    TEST_CASE("append_header writes all of a frame but its body") {
        base::Bytes bytes;
        append_header(bytes, {.kind = Kind::envelope, .flags = 1, .hops = 2, .pin = "m"}, 0x10203);
        CHECK(to_hex(bytes) ==
              "00010208"
              "02010201"
              "6d");
    }

    TEST_CASE("a stream gives the same frames in pieces of every size") {
        const base::Bytes stream = some_stream();
        FrameReader whole(4096);
        std::vector<Kept> expected;
        REQUIRE(feed_in_pieces(whole, stream, stream.size(), expected) == FrameFault::none);
        REQUIRE(expected.size() == 4);
        CHECK(expected[1].pin == "machine-b");
        CHECK(expected[1].flags == 3);
        CHECK(expected[1].hops == 31);
        CHECK(expected[2].pin == std::string(255, 'm'));
        CHECK(expected[3].kind == static_cast<Kind>(200));
        for (std::size_t size = 1; size < stream.size(); ++size) {
            FrameReader reader(4096);
            std::vector<Kept> kept;
            CHECK(feed_in_pieces(reader, stream, size, kept) == FrameFault::none);
            CHECK(kept == expected);
            CHECK(reader.held() == 0);
        }
    }

    TEST_CASE("a stream gives the same frames when it is cut once at any position") {
        const base::Bytes stream = some_stream();
        FrameReader whole(4096);
        std::vector<Kept> expected;
        REQUIRE(feed_in_pieces(whole, stream, stream.size(), expected) == FrameFault::none);
        for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
            FrameReader reader(4096);
            std::vector<Kept> kept;
            const base::ByteView view = stream;
            CHECK(feed_in_pieces(reader, view.first(cut), stream.size(), kept) == FrameFault::none);
            CHECK(reader.held() <= cut);
            CHECK(feed_in_pieces(reader, view.subspan(cut), stream.size(), kept) ==
                  FrameFault::none);
            CHECK(kept == expected);
        }
    }

    TEST_CASE(
        "an over-long length is refused from its four bytes, however they are cut, "
        "and no room is made") {
        for (const char* length : {"00001001", "00ffffff", "ffffffff"}) {
            for (std::size_t size = 1; size <= 4; ++size) {
                FrameReader reader(4096);
                std::vector<Kept> kept;
                const base::Bytes bytes = hex(length);
                FrameFault fault = FrameFault::none;
                const test::Allocations made = test::allocations_of(
                    [&] { fault = feed_in_pieces(reader, bytes, size, kept); });
                CHECK(fault == FrameFault::too_large);
                CHECK(made.bytes < 512);
                CHECK(kept.empty());
            }
        }
    }

    TEST_CASE("a length of exactly the limit is taken, and only what came is held") {
        FrameReader reader(16U << 20U);
        std::vector<Kept> kept;
        const base::Bytes start = hex("01000000 02 00 00 00 c6");
        const test::Allocations made = test::allocations_of(
            [&] { CHECK(feed_in_pieces(reader, start, start.size(), kept) == FrameFault::none); });
        CHECK(reader.held() == start.size());
        CHECK(made.bytes < 1024);
    }

    TEST_CASE("a length below what a header and a body need is broken, however it is cut") {
        for (const char* text : {"00000000", "00000001", "00000003", "00000004",
                                 "00000004 02000000", "00000000 00000000"}) {
            const base::Bytes bytes = hex(text);
            for (std::size_t size = 1; size <= bytes.size(); ++size) {
                FrameReader reader(4096);
                std::vector<Kept> kept;
                CHECK(feed_in_pieces(reader, bytes, size, kept) == FrameFault::broken);
                CHECK(kept.empty());
            }
        }
    }

    TEST_CASE("a pin that leaves no body, or reaches beyond its frame, is broken") {
        for (const char* text :
             {"00000005 02000001 61", "00000005 020000ff 61", "00000006 02000002 6161"}) {
            const base::Bytes bytes = hex(text);
            for (std::size_t size = 1; size <= bytes.size(); ++size) {
                FrameReader reader(4096);
                std::vector<Kept> kept;
                CHECK(feed_in_pieces(reader, bytes, size, kept) == FrameFault::broken);
            }
        }
    }

    TEST_CASE("nothing is read after a fault") {
        FrameReader reader(4096);
        std::vector<Kept> kept;
        base::Bytes stream = hex("ffffffff");
        base::append(stream, some_stream());
        CHECK(feed_in_pieces(reader, stream, stream.size(), kept) == FrameFault::too_large);
        CHECK(feed_in_pieces(reader, some_stream(), 4096, kept) == FrameFault::too_large);
        CHECK(kept.empty());
    }

    TEST_CASE("a whole frame is given in place, with the owner of the bytes") {
        const auto owner = std::make_shared<base::Bytes>(some_stream());
        FrameReader reader(4096);
        int frames = 0;
        CHECK(reader.feed(*owner, &owner, [&](const Frame& frame) {
            ++frames;
            CHECK(frame.owner == &owner);
            CHECK(frame.body.data() >= owner->data());
            CHECK(frame.body.data() + frame.body.size() <= owner->data() + owner->size());
            return true;
        }) == FrameFault::none);
        CHECK(frames == 4);
    }

    TEST_CASE("a completed frame that its receiver keeps stays as it was while others come") {
        FrameReader reader(4096);
        std::vector<std::shared_ptr<base::Bytes>> owners;
        std::vector<base::ByteView> bodies;
        for (char c = 'a'; c < 'f'; ++c) {
            const base::Bytes bytes = frame_of({}, std::string(100, c));
            const base::ByteView view = bytes;
            for (const base::ByteView piece : {view.first(50), view.subspan(50)}) {
                CHECK(reader.feed(piece, nullptr, [&](const Frame& frame) {
                    REQUIRE(frame.owner != nullptr);
                    owners.push_back(*frame.owner);
                    bodies.push_back(frame.body);
                    return true;
                }) == FrameFault::none);
            }
        }
        REQUIRE(bodies.size() == 5);
        for (std::size_t i = 0; i < bodies.size(); ++i) {
            CHECK(base::as_text(bodies[i]) == std::string(100, static_cast<char>('a' + i)));
        }
    }

    TEST_CASE("a receiver that says stop gets no more of that piece") {
        for (std::size_t size : {std::size_t{1}, std::size_t{9}, some_stream().size()}) {
            FrameReader reader(4096);
            int frames = 0;
            const base::Bytes stream = some_stream();
            base::ByteView rest = stream;
            while (!rest.empty() && frames == 0) {
                const std::size_t step = std::min(size, rest.size());
                CHECK(reader.feed(rest.first(step), nullptr, [&](const Frame&) {
                    ++frames;
                    return false;
                }) == FrameFault::none);
                rest = rest.subspan(step);
            }
            CHECK(frames == 1);
        }
    }

    TEST_CASE("reading whole frames allocates nothing") {
        base::Bytes stream;
        for (int i = 0; i < 1000; ++i) {
            base::append(stream, frame_of({.pin = "machine-b"}, "\xa5hello"));
        }
        FrameReader reader(4096);
        std::size_t frames = 0;
        const test::Allocations made = test::allocations_of([&] {
            const FrameFault fault = reader.feed(stream, nullptr, [&](const Frame&) {
                ++frames;
                return true;
            });
            CHECK(fault == FrameFault::none);
        });
        CHECK(frames == 1000);
        CHECK(made.calls == 0);
    }

    TEST_CASE("frames cut in two allocate nothing once their buffer has grown") {
        const base::Bytes one = frame_of({.pin = "machine-b"}, std::string(300, '\x01'));
        FrameReader reader(4096);
        std::size_t frames = 0;
        const auto round = [&] {
            const base::ByteView view = one;
            for (const base::ByteView piece : {view.first(7), view.subspan(7)}) {
                const FrameFault fault = reader.feed(piece, nullptr, [&](const Frame&) {
                    ++frames;
                    return true;
                });
                CHECK(fault == FrameFault::none);
            }
        };
        round();
        const test::Allocations made = test::allocations_of([&] {
            for (int i = 0; i < 100; ++i) {
                round();
            }
        });
        CHECK(frames == 101);
        CHECK(made.calls == 0);
    }

    TEST_CASE("a buffer that a large frame needed is given back") {
        FrameReader reader(16U << 20U);
        std::vector<Kept> kept;
        const base::Bytes large = frame_of({}, std::string(1U << 20U, '\x01'));
        CHECK(feed_in_pieces(reader, large, 65536, kept) == FrameFault::none);
        CHECK(kept.size() == 1);
        CHECK(reader.held() == 0);
    }
}
