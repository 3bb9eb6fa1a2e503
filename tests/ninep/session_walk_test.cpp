// Walks, opens, and what ends a fid.
#include "tests/ninep/client.h"

using namespace jetway;
using namespace jetway::tests;

namespace {

std::string walked(unsigned tag, std::initializer_list<std::string> qids) {
    std::string all;
    for (const std::string& each : qids) {
        all += each;
    }
    return line(111, tag, u16(qids.size()), all);
}

}  // namespace

TEST_SUITE("ninep.session.walk") {
    TEST_CASE("a walk of no names clones the fid") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "text");
            CHECK(c.ask(c.walk(1, 1, 2, {})) == walked(1, {}));
            CHECK(c.ask(c.open(1, 2)) == c.opened(1, qid(0, 2), 8192 - 24));
            CHECK(c.ask(c.open(1, 1, 1)) == c.opened(1, qid(0, 2), 8192 - 24));
            CHECK(c.session->fids() == 3);
        }
    }

    TEST_CASE("a walk of no names to the fid itself changes nothing") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "text");
            CHECK(c.ask(c.walk(1, 1, 1, {})) == walked(1, {}));
            CHECK(c.ask(c.open(1, 1)) == c.opened(1, qid(0, 2), 8192 - 24));
            CHECK(c.session->fids() == 2);
        }
    }

    TEST_CASE("sixteen names are walked, seventeen refused") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            const std::initializer_list<std::string_view> sixteen = {
                "many", "..", "many", "..", "many", "..", "many", "..",
                "many", "..", "many", "..", "many", "..", "many", "007"};
            std::string all;
            for (int i = 0; i < 7; ++i) {
                all += qid(0x80, 5) + Client::root();
            }
            CHECK(c.ask(c.walk(1, 0, 1, sixteen)) ==
                  line(111, 1, u16(16), all, qid(0x80, 5), qid(0, 1007)));
            std::string seventeen;
            for (int i = 0; i < 17; ++i) {
                seventeen += s("..");
            }
            CHECK(c.ask(wire(110, 1, u32(0), u32(2), u16(17), seventeen)) ==
                  c.refused(1, "Twalk is cut short, or says more than it has", 22));
            CHECK(c.ask(c.stat(1, 2)) == c.unknown_fid(1));
            CHECK(c.works());
        }
    }

    TEST_CASE("the first name missing is an error, and newfid stays free") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            CHECK(c.ask(c.walk(1, 0, 1, {"nothing"})) == c.refused(1, "file does not exist", 2));
            CHECK(c.ask(c.walk(1, 0, 1, {"nothing", "text"})) ==
                  c.refused(1, "file does not exist", 2));
            CHECK(c.ask(c.stat(1, 1)) == c.unknown_fid(1));
            CHECK(c.ask(c.walk(1, 0, 1, {"text"})) == walked(1, {qid(0, 2)}));
        }
    }

    TEST_CASE("a later name missing is a short answer, and newfid stays free") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            CHECK(c.ask(c.walk(1, 0, 1, {"many", "nothing"})) == walked(1, {qid(0x80, 5)}));
            CHECK(c.ask(c.stat(1, 1)) == c.unknown_fid(1));
            CHECK(c.session->fids() == 1);
            CHECK(c.ask(c.walk(1, 0, 1, {"text"})) == walked(1, {qid(0, 2)}));
        }
    }

    TEST_CASE("a fid that walks itself moves only when every name was there") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "many");
            CHECK(c.ask(c.walk(1, 1, 1, {"..", "nothing"})) == walked(1, {Client::root()}));
            CHECK(c.ask(c.walk(1, 1, 1, {"nothing"})) == c.refused(1, "file does not exist", 2));
            CHECK(c.ask(c.walk(1, 1, 1, {"007"})) == walked(1, {qid(0, 1007)}));
            CHECK(c.ask(c.open(1, 1)) == c.opened(1, qid(0, 1007)));
            CHECK(c.session->fids() == 2);
            CHECK(c.tree.live == 2);
        }
    }

    TEST_CASE("a newfid in use is refused, and stays what it was") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "text");
            c.have_closed(2, "many");
            CHECK(c.ask(c.walk(1, 2, 1, {"007"})) == c.refused(1, "fid already in use", 9));
            CHECK(c.ask(c.walk(1, 2, 1, {"nothing"})) == c.refused(1, "fid already in use", 9));
            CHECK(c.ask(c.walk(1, 2, 0, {})) == c.refused(1, "fid already in use", 9));
            CHECK(c.ask(c.walk(1, 2, 0xffff'ffff, {})) == c.refused(1, "fid already in use", 9));
            CHECK(c.ask(c.read(1, 1, 0, 5)) == Client::got(1, "hello"));
        }
    }

    TEST_CASE("a walk from an open fid is refused in 9P2000 and allowed in .L") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "many");
            const std::string clone = c.ask(c.walk(1, 1, 2, {}));
            const std::string further = c.ask(c.walk(1, 1, 3, {"007"}));
            CHECK(clone == (c.linux() ? walked(1, {}) : c.bad_use(1)));
            CHECK(further == (c.linux() ? walked(1, {qid(0, 1007)}) : c.bad_use(1)));
            if (c.linux()) {  // the clone is not open
                CHECK(c.ask(c.open(1, 2)) == c.opened(1, qid(0x80, 5)));
            }
            CHECK(c.works());
        }
    }

    TEST_CASE("`..` of the root is the root") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            CHECK(c.ask(c.walk(1, 0, 1, {"..", "..", "many", ".."})) ==
                  walked(1, {Client::root(), Client::root(), qid(0x80, 5), Client::root()}));
        }
    }

    TEST_CASE("empty names, `.`, names with a slash and with a NUL are refused") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            for (const std::string_view name : {"", ".", "/", "many/007", "/text"}) {
                CHECK(c.ask(c.walk(1, 0, 1, {name})) == c.refused(1, "Invalid argument", 22));
                CHECK(c.ask(c.walk(1, 0, 1, {"many", name})) ==
                      c.refused(1, "Invalid argument", 22));
            }
            CHECK(c.ask(c.walk(1, 0, 1, {std::string_view("te\0xt", 5)})) ==
                  c.refused(1, "Twalk is cut short, or says more than it has", 22));
            CHECK(c.session->fids() == 1);
            CHECK(c.works());
        }
    }

    TEST_CASE("a walk from a file, and from a fid that isn't, are errors") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "text");
            CHECK(c.ask(c.walk(1, 1, 2, {"x"})) == c.refused(1, "not a directory", 20));
            CHECK(c.ask(c.walk(1, 77, 2, {"x"})) == c.unknown_fid(1));
            CHECK(c.ask(c.walk(1, 0xffff'ffff, 2, {})) == c.unknown_fid(1));
            CHECK(c.session->fids() == 2);
        }
    }

    TEST_CASE("a fid is opened once") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "text");
            CHECK(c.ask(c.open(1, 1)) == c.bad_use(1));
            CHECK(c.ask(c.open(1, 1, 1)) == c.bad_use(1));
            CHECK(c.ask(c.read(1, 1, 0, 5)) == Client::got(1, "hello"));
        }
    }

    TEST_CASE("a fid whose open was refused is not open, and may be tried again") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "locked");
            CHECK(c.ask(c.open(1, 1)) == c.refused(1, "permission denied", 13));
            CHECK(c.ask(c.read(1, 1, 0, 5)) == c.bad_use(1));
            CHECK(c.ask(c.open(1, 1)) == c.refused(1, "permission denied", 13));
            CHECK(c.ask(Client::clunk(1, 1)) == Client::clunked(1));
        }
    }

    TEST_CASE("a directory isn't opened for writing, nor truncated") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "many");
            const std::uint32_t truncate = c.linux() ? 01000 : 0x10;
            for (const std::uint32_t mode : {1U, 2U, truncate}) {
                CHECK(c.ask(c.open(1, 1, mode)) == c.refused(1, "Is a directory", 21));
            }
            CHECK(c.ask(c.open(1, 1)) == c.opened(1, qid(0x80, 5)));
        }
    }

    TEST_CASE("bits of a mode that nobody knows are refused") {
        for (const std::uint32_t mode : {0x04U, 0x08U, 0x80U, 0xffU}) {
            Client c(Dialect::plain);
            c.have_closed(1, "text");
            CHECK(c.ask(c.open(1, 1, mode)) == c.refused(1, "illegal mode", 22));
            CHECK(c.ask(c.open(1, 1, 0)) == c.opened(1, qid(0, 2), 8192 - 24));
        }
        for (const std::uint32_t flags : {0x3U, 0x4U, 0x8000'0000U, 0xffff'ffffU}) {
            Client c(Dialect::linux);
            c.have_closed(1, "text");
            CHECK(c.ask(c.open(1, 1, flags)) == c.refused(1, "illegal mode", 22));
        }
    }

    TEST_CASE("OCEXEC, O_LARGEFILE, O_CREAT, O_NONBLOCK and O_CLOEXEC mean nothing here") {
        Client c(Dialect::plain);
        c.have_closed(1, "text");
        CHECK(c.ask(c.open(1, 1, 0x20)) == c.opened(1, qid(0, 2), 8192 - 24));
        unsigned fid = 1;
        for (const std::uint32_t flag : {0100000U, 0100U, 04000U, 02000000U}) {
            Client l(Dialect::linux);
            l.have_closed(++fid, "text");
            CHECK(l.ask(l.open(1, fid, flag)) == l.opened(1, qid(0, 2), 8192 - 24));
        }
    }

    TEST_CASE("O_DIRECTORY of a file is refused") {
        Client c(Dialect::linux);
        c.have_closed(1, "text");
        c.have_closed(2, "many");
        CHECK(c.ask(c.open(1, 1, 0200000)) == c.refused(1, "not a directory", 20));
        CHECK(c.ask(c.open(1, 2, 0200000)) == c.opened(1, qid(0x80, 5)));
    }

    TEST_CASE("iounit is 0, or at most msize - 24") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.ask(c.version(300));
            c.ask(c.attach(1, 0));
            c.have_closed(1, "text");   // which says 2^32 - 1
            c.have_closed(2, "empty");  // 0
            CHECK(c.ask(c.open(1, 1)) == c.opened(1, qid(0, 2), 300 - 24));
            CHECK(c.ask(c.open(1, 2)) == c.opened(1, qid(0, 3), 0));
        }
    }

    TEST_CASE("create is refused, and the fid stays the directory") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "text");
            CHECK(c.ask(c.create(1, 0, "new")) == c.refused(1, "permission denied", 13));
            CHECK(c.ask(c.create(1, 0, "..")) == c.refused(1, "Invalid argument", 22));
            CHECK(c.ask(c.create(1, 0, "a/b")) == c.refused(1, "Invalid argument", 22));
            CHECK(c.ask(c.create(1, 1, "new")) == c.refused(1, "not a directory", 20));
            CHECK(c.works());
        }
        Client c(Dialect::linux);
        const std::string to = u32(0) + s("new");
        CHECK(c.ask(wire(72, 1, to, u32(0755), u32(0))) == line(7, 1, u32(13)));  // Tmkdir
        CHECK(c.ask(wire(16, 1, to, s("text"), u32(0))) == line(7, 1, u32(13)));  // Tsymlink
        CHECK(c.ask(wire(18, 1, to, u32(0), u32(0), u32(0), u32(0))) == line(7, 1, u32(13)));
        CHECK(c.ask(wire(76, 1, u32(0), s("text"), u32(0))) == line(7, 1, u32(13)));  // Tunlinkat
        CHECK(c.ask(wire(74, 1, u32(0), s("text"), u32(0), s("t"))) == line(7, 1, u32(13)));
        CHECK(c.ask(wire(74, 1, u32(0), s("text"), u32(9), s("t"))) == c.unknown_fid(1));
        CHECK(c.ask(wire(74, 1, u32(0), s("t"), u32(0xffff'ffff), s("t"))) == c.unknown_fid(1));
        CHECK(c.works());
    }

    TEST_CASE("remove is refused, and the fid is gone all the same") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "text");
            CHECK(c.ask(wire(122, 1, u32(1))) == c.refused(1, "permission denied", 13));
            CHECK(c.ask(c.read(1, 1, 0, 5)) == c.unknown_fid(1));
            CHECK(c.tree.live == 1);
        }
    }

    TEST_CASE("a clunk that answers an error frees the fid all the same") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "stuck");
            CHECK(c.ask(Client::clunk(1, 1)) == c.refused(1, "i/o error", 5));
            CHECK(c.ask(Client::clunk(1, 1)) == c.unknown_fid(1));
            CHECK(c.tree.live == 1);
            CHECK(c.ask(c.walk(1, 0, 1, {"text"})) == walked(1, {qid(0, 2)}));
        }
    }

    TEST_CASE("a fid is of use again as soon as its clunk is answered") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "text");
            CHECK(c.ask(Client::clunk(1, 1) + c.walk(2, 0, 1, {"many"}) + c.open(3, 1)) ==
                  Client::clunked(1) + walked(2, {qid(0x80, 5)}) + c.opened(3, qid(0x80, 5)));
        }
    }

    TEST_CASE("100,000 fids are refused beyond the bound, and the rest go on") {
        for (const Dialect dialect : dialects) {
            ninep::SessionLimits limits;
            limits.fids = 16'384;
            Client c(dialect, limits);
            std::size_t good = 0;
            std::size_t refused = 0;
            const std::string full = c.refused(1, "too many fids on this connection", 12);
            for (unsigned fid = 1; fid <= 100'000; ++fid) {
                const std::string answer = c.ask(c.walk(1, 0, fid, {"text"}));
                answer == full ? ++refused : ++good;
            }
            CHECK(good == 16'383);
            CHECK(refused == 100'000 - 16'383);
            CHECK(c.counters.refused == refused);
            CHECK(c.tree.live == 16'384);
            CHECK(c.ask(c.attach(1, 100'001)) == full);
            CHECK(c.ask(Client::clunk(1, 16'000)) == Client::clunked(1));
            CHECK(c.works());
        }
    }
}
