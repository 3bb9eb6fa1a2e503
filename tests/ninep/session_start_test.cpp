// A session's beginning: Tversion, Tauth, Tattach.
#include "tests/ninep/client.h"

using namespace jetway;
using namespace jetway::tests;

TEST_SUITE("ninep.session.start") {
    TEST_CASE("Tversion and Tattach are answered with the bytes of the manual") {
        Client c = Client::silent(Dialect::plain);
        const auto ask = [&c](std::string_view text) {
            return c.ask(base::as_text(base::ByteView(hex(text))));
        };
        CHECK(ask("13000000 64 ffff 00200000 0600 395032303030") ==
              "1300000065ffff002000000600395032303030\n");
        CHECK(ask("14000000 68 0100 00000000 ffffffff 0100 75 0000") ==
              "14000000690100"
              "80"
              "00000000"
              "0100000000000000\n");
        Client l = Client::silent(Dialect::linux);
        CHECK(l.ask(base::as_text(
                  base::ByteView(hex("15000000 64 ffff 00200000 0800 3950323030302e4c")))) ==
              "1500000065ffff0020000008003950323030302e4c\n");
    }

    TEST_CASE("a version is answered with the longest of its beginnings that is spoken here") {
        const std::map<std::string, std::string> versions = {
            {"9P2000", "9P2000"},
            {"9P2000.u", "9P2000"},
            {"9P2000.anything", "9P2000"},
            {"9P2000.L", "9P2000.L"},
            {"9P2000.L.Google.7", "9P2000.L"},
            {"9P2000.Lx", "9P2000"},
            {"9P20001", "unknown"},
            {"9P2001", "unknown"},
            {"9P1999", "unknown"},
            {"9P", "unknown"},
            {"", "unknown"},
            {"NINEP", "unknown"},
            {"9p2000", "unknown"},
        };
        for (const auto& [asked, answer] : versions) {
            Client c = Client::silent(Dialect::plain);
            INFO(asked);
            CHECK(c.ask(wire(100, none, u32(8192), s(asked))) ==
                  line(101, none, u32(8192), s(answer)));
            CHECK_FALSE(c.session->broken());
        }
    }

    TEST_CASE("after an unknown version another one may follow, but nothing else") {
        Client c = Client::silent(Dialect::plain);
        c.ask(wire(100, none, u32(8192), s("9P1999")));
        CHECK(c.ask(c.version()) == line(101, none, u32(8192), s("9P2000")));
        CHECK(c.ask(c.attach(1, 0)) == line(105, 1, Client::root()));
        c.ask(wire(100, none, u32(8192), s("9P1999")));
        CHECK(c.ask(c.attach(1, 0)).empty());
        CHECK(c.session->broken());
    }

    TEST_CASE("nothing is answered before a version: the connection ends") {
        for (const Dialect dialect : dialects) {
            Client c = Client::silent(dialect);
            CHECK(c.ask(c.attach(1, 0) + c.version()).empty());
            REQUIRE(c.session->broken());
            CHECK(c.session->broken()->detail == "the first message must be Tversion, not Tattach");
            CHECK(c.ask(c.version()).empty());
            CHECK(c.tree.live == 0);
        }
    }

    TEST_CASE("msize is the smaller of both, from 256 up to 1 MiB; 4 GiB makes no buffer") {
        for (const Dialect dialect : dialects) {
            for (const auto& [asked, answer] :
                 std::map<std::uint64_t, std::uint64_t>{{256, 256},
                                                        {8192, 8192},
                                                        {1U << 20U, 1U << 20U},
                                                        {(1U << 20U) + 1, 1U << 20U},
                                                        {0xffff'ffff, 1U << 20U}}) {
                Client c = Client::silent(dialect);
                INFO(asked);
                CHECK(c.ask(c.version(asked)) ==
                      line(101, none, u32(answer), s(c.linux() ? "9P2000.L" : "9P2000")));
                CHECK(c.ask(c.attach(1, 0)) == line(105, 1, Client::root()));
                CHECK(c.works());
            }
        }
    }

    TEST_CASE("an msize below 256 is refused, and a better one may follow") {
        for (const std::uint64_t asked : {0U, 7U, 255U}) {
            Client c = Client::silent(Dialect::plain);
            CHECK(c.ask(c.version(asked)) == line(107, none, s("msize must be at least 256")));
            CHECK(c.ask(c.version(256)) == line(101, none, u32(256), s("9P2000")));
        }
    }

    TEST_CASE("a message longer than msize ends the connection, one as long does not") {
        for (const Dialect dialect : dialects) {
            Client c = Client::silent(dialect);
            c.ask(c.version(256));
            c.ask(c.attach(1, 0));
            c.have(1, "text", 1);
            const std::string fits(256 - 23, 'x');
            CHECK(c.ask(Client::write(1, 1, 0, fits)) == line(119, 1, u32(fits.size())));
            CHECK(c.ask(Client::write(1, 1, 0, fits + "x")).empty());
            CHECK(c.session->broken());
        }
    }

    TEST_CASE("another version frees every fid, and what was asked stays unanswered") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "park");
            c.have(2, "hook");
            c.have_closed(3, "late");
            CHECK(c.ask(c.read(1, 1, 0, 10) + c.read(2, 2, 0, 10) + c.stat(3, 3)).empty());
            CHECK(c.session->requests() == 3);
            CHECK(c.ask(c.version()) ==
                  line(101, none, u32(8192), s(c.linux() ? "9P2000.L" : "9P2000")));
            CHECK(c.tree.live == 0);
            CHECK(c.session->fids() == 0);
            CHECK(c.session->requests() == 0);
            CHECK(c.tree.count("flush hook") == 1);
            c.tree.answer_parked("late");
            c.tree.answer_later();
            CHECK(c.answers().empty());
            CHECK(c.ask(c.stat(1, 0)) == c.unknown_fid(1));
            CHECK(c.ask(c.attach(1, 0)) == line(105, 1, Client::root()));
            CHECK(c.works());
        }
    }

    TEST_CASE("a version may change the dialect") {
        Client c(Dialect::plain);
        CHECK(c.ask(wire(100, none, u32(8192), s("9P2000.L"))) ==
              line(101, none, u32(8192), s("9P2000.L")));
        CHECK(c.ask(wire(124, 1, u32(0))) == line(7, 1, u32(22)));  // Tstat is none of .L
        CHECK(c.ask(wire(104, 1, u32(0), u32(0xffff'ffff), s("u"), s(""), u32(0))) ==
              line(105, 1, Client::root()));
    }

    TEST_CASE("Tauth is an error, in .L ENOENT") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            CHECK(c.ask(wire(102, 5, u32(9), s("glenda"), s(""),
                             c.linux() ? u32(1000) : std::string())) ==
                  c.refused(5, "file does not exist", 2));
            CHECK(c.session->fids() == 1);
            CHECK(c.works());
        }
    }

    TEST_CASE("an attach with an afid is refused") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            CHECK(c.ask(c.attach(1, 5, "", 9)) ==
                  c.refused(1, "no authentication is needed: attach without an afid", 9));
            CHECK(c.ask(c.stat(1, 5)) == c.unknown_fid(1));
            CHECK(c.works());
        }
    }

    TEST_CASE("an attach to a fid in use, or to NOFID, is refused, and the fid stays") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "text");
            CHECK(c.ask(c.attach(1, 1)) == c.refused(1, "fid already in use", 9));
            CHECK(c.ask(c.read(1, 1, 0, 5)) == Client::got(1, "hello"));
            CHECK(c.ask(c.attach(1, 0xffff'ffff)) == c.refused(1, "fid already in use", 9));
            CHECK(c.works());
        }
    }

    TEST_CASE("attaching again and again is normal") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            for (unsigned fid = 1; fid < 200; ++fid) {
                REQUIRE(c.ask(c.attach(1, fid)) == line(105, 1, Client::root()));
            }
            CHECK(c.session->fids() == 200);
            CHECK(c.attached.size() == 200);
            CHECK(c.attached.back().uname == "glenda");
            CHECK(c.attached.back().n_uname == (c.linux() ? 1000 : ninep::no_uid));
        }
    }

    TEST_CASE("an aname is a path to start from") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            CHECK(c.ask(c.attach(1, 1, "/")) == line(105, 1, Client::root()));
            CHECK(c.ask(c.attach(1, 2, "many/007")) == line(105, 1, qid(0, 1007)));
            CHECK(c.ask(c.attach(1, 3, "/many/")) == line(105, 1, qid(0x80, 5)));
        }
    }

    TEST_CASE("an attach to nothing is an error, and the fid stays free") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            for (const char* aname : {"nothing", "many/nothing", "text/x", ".", "many/./007"}) {
                INFO(aname);
                CHECK(c.ask(c.attach(1, 1, aname)) == c.refused(1, "file does not exist", 2));
            }
            std::string long_way;
            for (int i = 0; i < 17; ++i) {
                long_way += "many/../";
            }
            CHECK(c.ask(c.attach(1, 1, long_way)) == c.refused(1, "file does not exist", 2));
            CHECK(c.session->fids() == 1);
            CHECK(c.ask(c.attach(1, 1)) == line(105, 1, Client::root()));
        }
    }

    TEST_CASE("who may not attach is told so, and the connection goes on") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            CHECK(c.ask(wire(104, 1, u32(1), u32(0xffff'ffff), s("stranger"), s(""),
                             c.linux() ? u32(7) : std::string())) ==
                  c.refused(1, "permission denied", 13));
            CHECK(c.works());
        }
    }

    TEST_CASE("an attach to what answers later keeps the fid meanwhile, and may be flushed") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            CHECK(c.ask(c.attach(1, 1, "late")) == line(105, 1, qid(0x80, 8)));
            // The fid's walk is late; a request for the new fid waits for it.
            CHECK(c.ask(c.walk(2, 1, 2, {"text"}) + c.open(3, 2)).empty());
            CHECK(c.ask(c.attach(4, 2)) == c.refused(4, "fid already in use", 9));
            c.tree.answer_later();
            CHECK(c.answers() == line(111, 2, u16(1), qid(0, 9)));
            c.tree.answer_later();
            CHECK(c.answers() == c.opened(3, qid(0, 9)));
            CHECK(c.ask(c.walk(5, 1, 3, {"text"}) + c.open(6, 3) + Client::flush(7, 5)) ==
                  c.unknown_fid(6) + Client::flushed(7));
            c.tree.answer_later();
            CHECK(c.answers().empty());
            CHECK(c.session->fids() == 3);
        }
    }
}
