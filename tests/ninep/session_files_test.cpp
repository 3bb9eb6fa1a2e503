// Reading and writing files, directories, and what is told of them.
#include "ninep/message.h"
#include "ninep/translate.h"
#include "tests/ninep/client.h"

using namespace jetway;
using namespace jetway::tests;

namespace {

constexpr std::uint64_t last_offset = 0xffff'ffff'ffff'ffff;

std::string treaddir(unsigned tag, unsigned fid, std::uint64_t cookie, std::uint32_t count) {
    return wire(40, tag, u32(fid), u64(cookie), u32(count));
}

// A stat with its size before it, as 9P2000 has it.
std::string stat_of(const std::string& qid, std::uint32_t mode, std::uint64_t length,
                    std::string_view name) {
    return s(u16(0) + u32(0) + qid + u32(mode) + u32(0) + u32(0) + u64(length) + s(name) +
             s("glenda") + s("glenda") + s(""));
}

std::string entry_of(std::uint64_t i) {
    return stat_of(qid(0, 1000 + i), 0644, 0, FakeFile::number(i));
}

std::string linux_entry_of(std::uint64_t i) {
    return qid(0, 1000 + i) + u64(i + 1) + u8(8) + s(FakeFile::number(i));
}

// The data of a raw Rread or Rreaddir.
std::string data_of(const std::string& answer) {
    REQUIRE(answer.size() >= 11);
    const unsigned type = static_cast<std::uint8_t>(answer[4]);
    const bool is_data = type == 117 || type == 41;
    REQUIRE(is_data);
    return answer.substr(11);
}

// Wstat of what `changed` has; all else says "don't touch".
std::string twstat(unsigned tag, unsigned fid, const std::string& stat) {
    return wire(126, tag, u32(fid), u16(stat.size() + 2), u16(stat.size()), stat);
}
std::string untouched(std::uint64_t length = last_offset, std::string_view name = "",
                      std::uint32_t mode = 0xffff'ffff, std::string_view uid = "") {
    return u16(0xffff) + u32(0xffff'ffff) + u8(0xff) + u32(0xffff'ffff) + u64(last_offset) +
           u32(mode) + u32(0xffff'ffff) + u32(0xffff'ffff) + u64(length) + s(name) + s(uid) +
           s("") + s("");
}
std::string tsetattr(unsigned tag, unsigned fid, std::uint32_t valid, std::uint64_t size) {
    return wire(26, tag, u32(fid), u32(valid), u32(0600), u32(1), u32(2), u64(size), u64(3), u64(4),
                u64(5), u64(6));
}

}  // namespace

TEST_SUITE("ninep.session.files") {
    TEST_CASE("a read gives what is at its offset, and 0 bytes at and past the end") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "text");
            CHECK(c.ask(c.read(1, 1, 0, 100)) == Client::got(1, "hello, world\n"));
            CHECK(c.ask(c.read(1, 1, 7, 5)) == Client::got(1, "world"));
            CHECK(c.ask(c.read(1, 1, 0, 0)) == Client::got(1, ""));
            for (const std::uint64_t offset :
                 {std::uint64_t{13}, std::uint64_t{14}, std::uint64_t{1} << 32U,
                  std::uint64_t{1} << 63U, last_offset}) {
                CHECK(c.ask(c.read(1, 1, offset, 0xffff'ffff)) == Client::got(1, ""));
            }
        }
    }

    TEST_CASE("a count beyond msize is cut to msize - 11, not refused") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.ask(c.version(256));
            c.ask(c.attach(0, 0));
            c.have(1, "text");
            CHECK(c.ask(c.read(1, 1, 0, 0xffff'ffff)) == Client::got(1, "hello, world\n"));
            CHECK(c.tree.log.back() == "read text 0 245");
            CHECK(c.ask(c.read(1, 1, 0, 246)) == Client::got(1, "hello, world\n"));
            CHECK(c.tree.log.back() == "read text 0 245");
        }
    }

    TEST_CASE("a read or a write of a fid not open, or open for something else, is an error") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "text");
            c.have(2, "text", 0);
            c.have(3, "text", 1);
            CHECK(c.ask(c.read(1, 1, 0, 5)) == c.bad_use(1));
            CHECK(c.ask(Client::write(1, 1, 0, "x")) == c.bad_use(1));
            CHECK(c.ask(Client::write(1, 2, 0, "x")) == c.bad_use(1));
            CHECK(c.ask(c.read(1, 3, 0, 5)) == c.bad_use(1));
            CHECK(c.ask(c.read(1, 4, 0, 5)) == c.unknown_fid(1));
            CHECK(c.ask(c.read(1, 2, 0, 5)) == Client::got(1, "hello"));
            CHECK(c.ask(Client::write(1, 3, 0, "x")) == line(119, 1, u32(1)));
        }
    }

    TEST_CASE("OEXEC reads") {
        Client c(Dialect::plain);
        c.have(1, "text", 3);
        CHECK(c.ask(c.read(1, 1, 0, 5)) == Client::got(1, "hello"));
        CHECK(c.ask(Client::write(1, 1, 0, "x")) == c.bad_use(1));
    }

    TEST_CASE("a write reaches its file with its offset, whatever that is") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "text", 1);
            for (const std::uint64_t offset :
                 {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{1} << 31U,
                  std::uint64_t{1} << 32U, std::uint64_t{1} << 63U, last_offset}) {
                CHECK(c.ask(Client::write(1, 1, offset, "data")) == line(119, 1, u32(4)));
                CHECK(c.tree.offset == offset);
                CHECK(c.tree.written == "data");
            }
            CHECK(c.ask(Client::write(1, 1, 0, "")) == line(119, 1, u32(0)));
        }
    }

    TEST_CASE("a directory is read in whole entries, in order, until 0 bytes") {
        Client c(Dialect::plain);
        c.have(1, "many");
        std::string expected;
        for (std::uint64_t i = 0; i < FakeFile::many; ++i) {
            expected += entry_of(i);
        }
        for (const std::uint32_t count : {70U, 100U, 1000U, 8192U, 0xffff'ffffU}) {
            std::string all;
            for (std::string part = "x"; !part.empty(); all += part) {
                part = data_of(c.raw(c.read(1, 1, all.size(), count)));
                CHECK(part.size() <= std::min(count, 8192U - 11));
                CHECK(part == expected.substr(all.size(), part.size()));
                CHECK(part.size() % entry_of(0).size() == 0);
            }
            CHECK(all == expected);
        }
    }

    TEST_CASE("a directory is read at 0 or where the last read ended, nowhere else") {
        Client c(Dialect::plain);
        c.have(1, "many");
        const std::size_t size = entry_of(0).size();
        const auto bad = [&c] { return c.refused(1, "bad offset in directory read", 29); };
        CHECK(c.ask(c.read(1, 1, size, 8192)) == bad());
        CHECK(data_of(c.raw(c.read(1, 1, 0, 2 * 70))) == entry_of(0) + entry_of(1));
        for (const std::uint64_t offset : std::initializer_list<std::uint64_t>{
                 1, size - 1, size, size + 1, 2 * size - 1, 2 * size + 1, 4 * size, last_offset}) {
            CHECK(c.ask(c.read(1, 1, offset, 8192)) == bad());
        }
        CHECK(data_of(c.raw(c.read(1, 1, 2 * size, 70))) == entry_of(2));
        CHECK(c.ask(c.read(1, 1, 2 * size, 70)) == bad());
        CHECK(data_of(c.raw(c.read(1, 1, 0, 70))) == entry_of(0));
        CHECK(data_of(c.raw(c.read(1, 1, size, 70))) == entry_of(1));
    }

    TEST_CASE("a count with no room for the next entry is an error, and nothing is skipped") {
        Client c(Dialect::plain);
        c.have(1, "many");
        const std::size_t size = entry_of(0).size();
        for (const std::size_t count : {std::size_t{1}, std::size_t{40}, size - 1}) {
            CHECK(c.ask(c.read(1, 1, 0, static_cast<std::uint32_t>(count))) ==
                  c.refused(1, "the next entry is longer than that count", 22));
        }
        CHECK(data_of(c.raw(c.read(1, 1, 0, static_cast<std::uint32_t>(size)))) == entry_of(0));
        Client l(Dialect::linux);
        l.have(1, "many");
        const std::size_t entry = linux_entry_of(0).size();
        CHECK(l.ask(treaddir(1, 1, 0, static_cast<std::uint32_t>(entry - 1))) ==
              line(7, 1, u32(22)));
        CHECK(data_of(l.raw(treaddir(1, 1, 0, static_cast<std::uint32_t>(entry + 7)))) ==
              linux_entry_of(0));
    }

    TEST_CASE("an entry of a directory is what stat says") {
        Client c(Dialect::plain);
        c.have(1, "many");
        CHECK(c.ask(c.walk(1, 0, 2, {"many", "000"})) ==
              line(111, 1, u16(2), qid(0x80, 5), qid(0, 1000)));
        const std::string entry = data_of(c.raw(c.read(1, 1, 0, 70)));
        CHECK(c.ask(c.stat(1, 2)) == line(125, 1, u16(entry.size()), entry));
    }

    TEST_CASE("an empty directory is 0 bytes, however often") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            CHECK(c.ask(c.walk(1, 0, 1, {}) + c.open(2, 1)) ==
                  line(111, 1, u16(0)) + c.opened(2, Client::root()));
            for (int i = 0; i < 3; ++i) {
                const std::string read =
                    c.linux() ? treaddir(1, 1, 0, 8192) : c.read(1, 1, 0, 8192);
                CHECK(data_of(c.raw(read)).empty());
            }
        }
    }

    TEST_CASE(".L resumes a directory from the cookie of any entry") {
        Client c(Dialect::linux);
        c.have(1, "many");
        std::string all;
        std::uint64_t cookie = 0;
        while (cookie < FakeFile::many) {
            const std::string part = data_of(c.raw(treaddir(1, 1, cookie, 1000)));
            CHECK(part.size() % linux_entry_of(0).size() == 0);
            cookie += part.size() / linux_entry_of(0).size();
            all += part;
        }
        CHECK(data_of(c.raw(treaddir(1, 1, cookie, 1000))).empty());
        std::string expected;
        for (std::uint64_t i = 0; i < FakeFile::many; ++i) {
            expected += linux_entry_of(i);
        }
        CHECK(all == expected);
        for (const std::uint64_t from : {299U, 5U, 150U, 5U}) {
            const std::string part = data_of(c.raw(treaddir(1, 1, from, 30)));
            CHECK(part == linux_entry_of(from));
        }
        CHECK(data_of(c.raw(treaddir(1, 1, last_offset, 1000))).empty());
    }

    TEST_CASE("each dialect reads directories its own way") {
        Client c(Dialect::plain);
        c.have(1, "many");
        CHECK(c.ask(treaddir(1, 1, 0, 100)) ==
              c.refused(1, "Treaddir is none of this dialect", 22));
        Client l(Dialect::linux);
        l.have(1, "many");
        l.have(2, "text");
        CHECK(l.ask(l.read(1, 1, 0, 100)) == line(7, 1, u32(21)));    // EISDIR
        CHECK(l.ask(treaddir(1, 2, 0, 100)) == line(7, 1, u32(20)));  // ENOTDIR
        l.have_closed(3, "many");
        CHECK(l.ask(treaddir(1, 3, 0, 100)) == line(7, 1, u32(9)));  // EBADF
    }

    TEST_CASE("stat has its size inside and the count around it, and the root's name is `/`") {
        Client c(Dialect::plain);
        c.have_closed(1, "text");
        const std::string text = stat_of(qid(0, 2), 0644, 13, "text");
        CHECK(c.ask(c.stat(1, 1)) == line(125, 1, u16(text.size()), text));
        const std::string root = stat_of(Client::root(), 0x8000'0000 | 0555, 0, "/");
        CHECK(c.ask(c.stat(1, 0)) == line(125, 1, u16(root.size()), root));
        CHECK(c.ask(c.stat(1, 9)) == c.unknown_fid(1));
    }

    TEST_CASE("getattr says what was asked for and is known") {
        Client c(Dialect::linux);
        c.have_closed(1, "text");
        const auto attributes = [](std::uint64_t valid) {
            return u64(valid) + qid(0, 2) + u32(0100644) + u32(1000) + u32(1000) + u64(1) + u64(0) +
                   u64(13) + u64(4096) + u64(0) + u64(0) + u64(0) + u64(0) + u64(0) + u64(0) +
                   u64(0) + u64(0) + u64(0) + u64(0) + u64(0);
        };
        CHECK(c.ask(wire(24, 1, u32(1), u64(0x7ff))) == line(25, 1, attributes(0x7ff)));
        CHECK(c.ask(wire(24, 1, u32(1), u64(0x3fff))) == line(25, 1, attributes(0x7ff)));
        CHECK(c.ask(wire(24, 1, u32(1), u64(0x200))) == line(25, 1, attributes(0x200)));
        CHECK(c.ask(wire(24, 1, u32(1), u64(0))) == line(25, 1, attributes(0)));
    }

    TEST_CASE("a stat that has no room in msize is an error") {
        Client c(Dialect::plain);
        c.ask(c.version(256));
        c.ask(c.attach(0, 0));
        CHECK(c.works());
        ninep::Stat stat;
        const std::string name(65'535, 'n');
        stat.name = stat.uid = name;
        base::Bytes bytes;
        ninep::append_stat(bytes, stat);
        CHECK(bytes.size() == 65'535);
        base::ByteView view = bytes;
        CHECK(ninep::take_stat(view, stat));
        CHECK(view.empty());
    }

    TEST_CASE("a wstat that touches nothing, and what truncates, succeed") {
        Client c(Dialect::plain);
        c.have(1, "text", 1 | 0x10);
        CHECK(c.ask(twstat(1, 1, untouched())) == line(127, 1));
        CHECK(c.ask(twstat(1, 1, untouched(0))) == line(127, 1));
        Client l(Dialect::linux);
        l.have(1, "text", 1 | 01000);
        CHECK(l.ask(tsetattr(1, 1, 0, 0)) == line(27, 1));
        CHECK(l.ask(tsetattr(1, 1, 0x68, 0)) == line(27, 1));
        CHECK(l.ask(tsetattr(1, 1, 0x30, 0)) == line(27, 1));
        CHECK(l.ask(wire(50, 1, u32(1), u32(0))) == line(51, 1));  // Tfsync
        CHECK(l.ask(wire(50, 1, u32(1))) == line(51, 1));          // as older kernels have it
    }

    TEST_CASE("a wstat that changes more is refused") {
        Client c(Dialect::plain);
        c.have_closed(1, "text");
        const std::string denied = c.refused(1, "permission denied", 13);
        CHECK(c.ask(twstat(1, 1, untouched(5))) == denied);
        CHECK(c.ask(twstat(1, 1, untouched(last_offset, "new"))) == denied);
        CHECK(c.ask(twstat(1, 1, untouched(last_offset, "", 0600))) == denied);
        CHECK(c.ask(twstat(1, 1, untouched(last_offset, "", 0xffff'ffff, "me"))) ==
              c.refused(1, "Operation not permitted", 1));
        for (const char* name : {"a/b", ".", "..", "/"}) {
            CHECK(c.ask(twstat(1, 1, untouched(last_offset, name))) ==
                  c.refused(1, "Invalid argument", 22));
        }
        Client l(Dialect::linux);
        l.have_closed(1, "text");
        for (const std::uint32_t valid : {0x1U, 0x2U, 0x4U}) {
            CHECK(l.ask(tsetattr(1, 1, valid, 0)) == line(7, 1, u32(13)));
        }
        CHECK(l.ask(tsetattr(1, 1, 0x8, 5)) == line(7, 1, u32(13)));
    }

    TEST_CASE("extended attributes and locks are not supported") {
        Client c(Dialect::linux);
        c.have_closed(1, "empty");
        CHECK(c.ask(wire(30, 1, u32(1), u32(2), s("user.x"))) == line(7, 1, u32(95)));
        CHECK(c.ask(wire(32, 1, u32(1), s("user.x"), u64(1), u32(0))) == line(7, 1, u32(95)));
        const std::string lock = u64(0) + u64(0) + u32(1) + s("host");
        CHECK(c.ask(wire(52, 1, u32(1), u8(0), u32(0), lock)) == line(7, 1, u32(95)));
        CHECK(c.ask(wire(54, 1, u32(1), u8(0), lock)) == line(7, 1, u32(95)));
        CHECK(c.session->fids() == 2);
        CHECK(c.ask(c.walk(1, 0, 2, {"text"})) == line(111, 1, u16(1), qid(0, 2)));
    }

    TEST_CASE("what has extended attributes makes a fid of them, which no other may be") {
        Client c(Dialect::linux);
        c.have_closed(1, "text");
        CHECK(c.ask(wire(30, 1, u32(1), u32(0), s("user.x"))) == line(7, 1, u32(9)));
        CHECK(c.ask(wire(30, 1, u32(1), u32(2), s("user.x"))) == line(31, 1, u64(3)));
        CHECK(c.session->fids() == 3);
        CHECK(c.ask(wire(30, 1, u32(1), u32(1), s("user.x"))) == line(31, 1, u64(3)));
        CHECK(c.session->fids() == 3);
        CHECK(c.tree.live == 3);
    }
}
