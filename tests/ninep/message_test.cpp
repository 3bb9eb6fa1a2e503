#include "ninep/message.h"

#include <doctest/doctest.h>

#include "tests/ninep/hex.h"

namespace jetway::ninep {

using tests::hex;

namespace {

base::Bytes written(const Message& message, Dialect dialect) {
    base::Bytes bytes;
    append_message(bytes, message, dialect);
    return bytes;
}

// One of each message that a dialect has, with every field set to something.
std::vector<Message> every_message(Dialect dialect) {
    std::vector<Message> all;
    for (unsigned number = 0; number < 256; ++number) {
        Message m;
        m.type = static_cast<Type>(number);
        if (!known(m.type, dialect)) {
            continue;
        }
        m.tag = 7;
        m.oldtag = 6;
        m.fid = 1;
        m.newfid = 2;
        m.afid = 3;
        m.msize = 8192;
        m.version = "9P2000";
        m.uname = "glenda";
        m.aname = "web";
        m.n_uname = 1000;
        m.name = "a";
        m.name2 = "b";
        m.ename = "no";
        m.names.push_back("x");
        m.names.push_back("yz");
        m.qids.push_back({0x80, 1, 2});
        m.data = base::as_bytes("data");
        m.stat.name = "file";
        m.lock.client_id = "host";
        all.push_back(m);
    }
    return all;
}

}  // namespace

TEST_SUITE("ninep.message") {
    TEST_CASE("Tversion is the bytes of the manual") {
        Message m;
        m.type = Type::tversion;
        m.msize = 8192;
        m.version = "9P2000";
        CHECK(written(m, Dialect::plain) == hex("13000000 64 ffff 00200000 0600 395032303030"));
    }

    TEST_CASE("Tattach has n_uname in .L alone") {
        Message m;
        m.type = Type::tattach;
        m.tag = 1;
        m.fid = 0;
        m.uname = "u";
        CHECK(written(m, Dialect::plain) == hex("14000000 68 0100 00000000 ffffffff 0100 75 0000"));
        CHECK(written(m, Dialect::linux) ==
              hex("18000000 68 0100 00000000 ffffffff 0100 75 0000 ffffffff"));
    }

    TEST_CASE("every message reads back as it was written, in both dialects") {
        for (const Dialect dialect : {Dialect::plain, Dialect::linux}) {
            for (const Message& m : every_message(dialect)) {
                const base::Bytes bytes = written(m, dialect);
                const base::Result<Message> back = read_message(bytes, dialect);
                INFO(type_name(m.type));
                REQUIRE(back);
                CHECK(written(*back, dialect) == bytes);
            }
        }
    }

    TEST_CASE("a message cut at any byte, or longer by one, is malformed") {
        for (const Dialect dialect : {Dialect::plain, Dialect::linux}) {
            for (const Message& m : every_message(dialect)) {
                const base::Bytes whole = written(m, dialect);
                for (std::size_t size = message_header; size <= whole.size() + 1; ++size) {
                    base::Bytes cut(
                        whole.begin(),
                        whole.begin() + static_cast<std::ptrdiff_t>(std::min(size, whole.size())));
                    cut.resize(size);
                    for (std::size_t i = 0; i < 4; ++i) {
                        cut[i] = static_cast<std::uint8_t>(size >> (8 * i));
                    }
                    const bool fits = size == whole.size() ||
                                      (m.type == Type::tfsync && size == whole.size() - 4);
                    INFO(type_name(m.type), " of ", size, " instead of ", whole.size());
                    CHECK(read_message(cut, dialect).has_value() == fits);
                }
            }
        }
    }

    TEST_CASE("a walk of 17 names, a string with a NUL and a stat that lies are malformed") {
        base::Bytes walk = hex("00000000 6e 0100 01000000 02000000 1100");
        for (int i = 0; i < 17; ++i) {
            base::append(walk, hex("0100 61"));
        }
        walk[0] = static_cast<std::uint8_t>(walk.size());
        CHECK_FALSE(read_message(walk, Dialect::plain));
        CHECK_FALSE(read_message(hex("13000000 6e 0100 01000000 02000000 0100 0100 00"), {}));
        Message m;
        m.type = Type::twstat;
        base::Bytes stat = written(m, Dialect::plain);
        ++stat[11];  // n, which counts the stat's own size field too
        CHECK_FALSE(read_message(stat, Dialect::plain));
    }

    TEST_CASE("a message of the other dialect, or of none, is malformed") {
        for (const Message& m : every_message(Dialect::linux)) {
            const base::Bytes bytes = written(m, Dialect::linux);
            const bool both =
                known(m.type, Dialect::plain) && m.type != Type::tattach && m.type != Type::tauth;
            CHECK(read_message(bytes, Dialect::plain).has_value() == both);
        }
        CHECK_FALSE(read_message(hex("07000000 06 0000"), Dialect::linux));
        CHECK_FALSE(read_message(hex("07000000 6a 0000"), Dialect::plain));
    }

    TEST_CASE("a stream cut at every byte yields the same messages") {
        base::Bytes stream;
        std::vector<base::Bytes> expected;
        for (const Message& m : every_message(Dialect::linux)) {
            expected.push_back(written(m, Dialect::linux));
            base::append(stream, expected.back());
        }
        for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, stream.size()}) {
            MessageReader reader;
            std::vector<base::Bytes> seen;
            for (std::size_t at = 0; at < stream.size(); at += piece) {
                const base::ByteView part =
                    base::ByteView(stream).subspan(at, std::min(piece, stream.size() - at));
                CHECK(reader.feed(part, [&](base::ByteView whole) {
                    seen.emplace_back(whole.begin(), whole.end());
                    return true;
                }));
            }
            CHECK(seen == expected);
            CHECK(reader.held() == 0);
        }
    }

    TEST_CASE(
        "a size below a header's or above the bound ends the stream before anything is kept") {
        for (const char* start : {"06000000", "ffffffff", "01200000", "00000000"}) {
            MessageReader reader;
            CHECK_FALSE(reader.feed(hex(start), [](base::ByteView) { return true; }));
            CHECK(reader.held() == 0);
        }
    }
}

}  // namespace jetway::ninep
