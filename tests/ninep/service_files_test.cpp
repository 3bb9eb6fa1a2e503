// The files of an envelope service: `request`, and the conversations that `clone` makes.
#include "tests/ninep/tree_client.h"

using namespace jetway;
using namespace jetway::tests;

namespace {

// A mesh with the service `web`, and fid 1 its `request`, open.
struct OpenRequest {
    explicit OpenRequest(Dialect dialect) : client((mesh.serve("web"), mesh), dialect) {
        client.go(1, {"web", "request"}, 2);
    }
    void write(std::string_view data) {
        CHECK(client.ask(TreeClient::write(1, 1, 0, data)) == client.written(1, data.size()));
    }
    // A parked read.
    void read(unsigned tag = 2) { CHECK(client.ask(client.read(tag, 1, 0, 1'000)).empty()); }

    Mesh mesh;
    TreeClient client;
};

std::string packed(std::string_view data) {
    base::Bytes bytes;
    envelope::Packer(bytes).binary(base::as_bytes(data));
    return std::string(base::as_text(bytes));
}

}  // namespace

TEST_SUITE("ninep.service_files") {
    TEST_CASE("request gathers what is written in any pieces, and the next read sends it as bin") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            a.write("hel");
            a.write("l");
            a.write("o");
            CHECK(a.mesh.sent.empty());
            a.read();
            REQUIRE(a.mesh.sent.size() == 1);
            CHECK(a.mesh.sent[0].destination == "web");
            CHECK(a.mesh.sent[0].data == packed("hello"));
            a.mesh.answer_text(a.mesh.sent[0], "world");
            CHECK(a.client.answers() == TreeClient::got(2, "world"));
        }
    }

    TEST_CASE(
        "the answer is given whatever the offset says, then 0 bytes once, then the next one") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            for (const std::uint64_t offset :
                 std::initializer_list<std::uint64_t>{0, 5, 0xffff'ffff'ffff'ffff}) {
                a.write("x");
                CHECK(a.client.ask(a.client.read(2, 1, offset, 3)).empty());
                a.mesh.answer_text(a.mesh.sent.back(), "world");
                CHECK(a.client.answers() == TreeClient::got(2, "wor"));
                CHECK(a.client.ask(a.client.read(2, 1, offset, 3)) == TreeClient::got(2, "ld"));
                CHECK(a.client.ask(a.client.read(2, 1, offset, 3)) == TreeClient::got(2, ""));
                CHECK(a.client.ask(a.client.read(2, 1, offset, 3)) == TreeClient::got(2, ""));
            }
            CHECK(a.mesh.sent.size() == 3);
        }
    }

    TEST_CASE("a read with nothing written is 0 bytes at once") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            CHECK(a.client.ask(a.client.read(2, 1, 0, 100)) == TreeClient::got(2, ""));
            CHECK(a.client.ask(a.client.read(2, 1, 7, 100)) == TreeClient::got(2, ""));
            CHECK(a.mesh.sent.empty());
        }
    }

    TEST_CASE("str and bin come as their bytes, anything else as JSON") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            a.write("x");
            a.read();
            base::Bytes data;
            envelope::Packer(data).binary(base::as_bytes(std::string_view("\0\xff", 2)));
            a.mesh.answer(a.mesh.sent.back(), data);
            CHECK(a.client.answers() == TreeClient::got(2, std::string_view("\0\xff", 2)));
            a.write("x");
            a.read();
            base::Bytes map;
            envelope::Packer(map).map(1).text("a").number(1);
            a.mesh.answer(a.mesh.sent.back(), map);
            CHECK(a.client.answers() == TreeClient::got(2, "{\"a\":1}"));
        }
    }

    TEST_CASE("an error answer is an error with its code and message, once") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            a.write("x");
            a.read();
            a.mesh.refuse(a.mesh.sent.back(), "no-route", "nobody is there");
            CHECK(a.client.answers() == a.client.refused(2, "no-route: nobody is there", 113));
            CHECK(a.client.ask(a.client.read(2, 1, 0, 100)) == TreeClient::got(2, ""));
            a.write("y");
            a.read();
            a.mesh.answer_text(a.mesh.sent.back(), "fine");
            CHECK(a.client.answers() == TreeClient::got(2, "fine"));
        }
    }

    TEST_CASE(
        "a request that nobody answers ends after 30 seconds, and its late answer is dropped") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            a.write("x");
            a.read();
            a.mesh.pass(std::chrono::milliseconds(29'999));
            CHECK(a.client.answers().empty());
            a.mesh.pass(std::chrono::milliseconds(1));
            CHECK(a.client.answers() == a.client.refused(2, "Connection timed out", 110));
            a.mesh.answer_text(a.mesh.sent[0], "late");
            CHECK(a.client.answers().empty());
            CHECK(a.mesh.asks.unclaimed() == 1);
            CHECK(a.mesh.asks.under_way() == 0);
        }
    }

    TEST_CASE("an answer of nothing is 0 bytes") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            a.write("x");
            a.read();
            a.mesh.answer_text(a.mesh.sent[0], "");
            CHECK(a.client.answers() == TreeClient::got(2, ""));
            a.write("y");
            a.read();
            CHECK(a.mesh.sent.size() == 2);
        }
    }

    TEST_CASE("closing sends what was written and not read, and forgets the answer") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            a.write("x");
            CHECK(a.client.ask(TreeClient::clunk(2, 1)) == TreeClient::clunked(2));
            REQUIRE(a.mesh.sent.size() == 1);
            CHECK(a.mesh.sent[0].data == packed("x"));
            CHECK(a.mesh.sent[0].id.empty());
            a.client.go(1, {"web", "request"}, 2);
            a.write("y");
            a.read();
            CHECK(a.client.ask(TreeClient::clunk(3, 1)) ==
                  a.client.refused(2, "Interrupted system call", 4) + TreeClient::clunked(3));
            CHECK(a.mesh.asks.under_way() == 0);
            CHECK(a.mesh.sent.size() == 2);
        }
    }

    TEST_CASE("a client that vanishes sends nothing more, and its answers are forgotten") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            a.write("x");
            a.client.go(2, {"web", "request"}, 2);
            CHECK(a.client.ask(TreeClient::write(1, 2, 0, "y")) == a.client.written(1, 1));
            CHECK(a.client.ask(a.client.read(3, 2, 0, 100)).empty());
            a.client.session.reset();
            CHECK(a.mesh.sent.size() == 1);
            CHECK(a.mesh.asks.under_way() == 0);
            a.mesh.answer_text(a.mesh.sent[0], "nobody hears it");
        }
    }

    TEST_CASE("two open files don't mix their answers") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            a.client.go(2, {"web", "request"}, 2);
            a.write("one");
            CHECK(a.client.ask(TreeClient::write(1, 2, 0, "two")) == a.client.written(1, 3));
            CHECK(
                a.client.ask(a.client.read(21, 1, 0, 100) + a.client.read(22, 2, 0, 100)).empty());
            REQUIRE(a.mesh.sent.size() == 2);
            a.mesh.answer_text(a.mesh.sent[1], "to two");
            CHECK(a.client.answers() == TreeClient::got(22, "to two"));
            a.mesh.answer_text(a.mesh.sent[0], "to one");
            CHECK(a.client.answers() == TreeClient::got(21, "to one"));
        }
    }

    TEST_CASE("a write while a read waits for the answer is refused: it is one at a time") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            a.write("x");
            a.read();
            CHECK(a.client.ask(TreeClient::write(3, 1, 0, "y")) ==
                  a.client.refused(3, "Device or resource busy", 16));
            a.mesh.answer_text(a.mesh.sent[0], "fine");
            CHECK(a.client.answers() == TreeClient::got(2, "fine"));
        }
    }

    TEST_CASE("after a flush the next read is given the answer, and a write gives it up") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            a.write("x");
            a.read();
            CHECK(a.client.ask(TreeClient::flush(3, 2)) == TreeClient::flushed(3));
            a.mesh.answer_text(a.mesh.sent[0], "fine");
            CHECK(a.client.answers().empty());
            CHECK(a.client.ask(a.client.read(2, 1, 0, 100)) == TreeClient::got(2, "fine"));
            a.write("y");
            a.read();
            CHECK(a.client.ask(TreeClient::flush(3, 2)) == TreeClient::flushed(3));
            a.mesh.refuse(a.mesh.sent[1], "busy", "not now");
            CHECK(a.client.ask(a.client.read(2, 1, 0, 100)) ==
                  a.client.refused(2, "busy: not now", 5));
            a.write("z");
            a.read();
            CHECK(a.client.ask(TreeClient::flush(3, 2)) == TreeClient::flushed(3));
            a.write("other");
            a.mesh.answer_text(a.mesh.sent[2], "to z");
            a.read();
            REQUIRE(a.mesh.sent.size() == 4);
            a.mesh.answer_text(a.mesh.sent[3], "to other");
            CHECK(a.client.answers() == TreeClient::got(2, "to other"));
        }
    }

    TEST_CASE("a parked read ends when its service does") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            a.write("x");
            a.read();
            a.client.go(3, {"web", "clone"}, 2);
            a.client.go(4, {"web", "0", "data"}, 2);
            CHECK(a.client.ask(a.client.read(5, 4, 0, 100)).empty());
            a.mesh.serve("other");
            CHECK(a.client.answers().empty());
            a.mesh.end("web");
            CHECK(a.client.answers() == a.client.refused(2, "file has been removed", 2) +
                                            a.client.refused(5, "file has been removed", 2));
            CHECK(a.mesh.asks.under_way() == 0);
        }
    }

    TEST_CASE("what one connection writes and doesn't read is bounded") {
        Mesh mesh;
        mesh.serve("web");
        TreeClient c(mesh, Dialect::plain);
        c.raw(c.version(1U << 20U));
        c.raw(c.attach(0, 0));
        const std::string data(1'000'000, 'x');
        const std::string refused =
            c.refused(1, "too much that was written or answered waits on this connection", 11);
        std::size_t taken = 0;
        std::string last;
        for (unsigned fid = 1; fid <= 20 && last.empty(); ++fid) {
            c.go(fid, {"web", "request"}, 2);
            for (int i = 0; i < 8 && last.empty(); ++i) {
                const std::string answer = c.ask(TreeClient::write(1, fid, 0, data));
                answer == c.written(1, data.size()) ? ++taken : (last = answer, 0);
            }
        }
        CHECK(taken == 67);
        CHECK(last == refused);
        CHECK(c.ask(TreeClient::clunk(1, 1)) == TreeClient::clunked(1));
        c.go(50, {"web", "request"}, 2);
        CHECK(c.ask(TreeClient::write(1, 50, 0, data)) == c.written(1, data.size()));
    }

    TEST_CASE("a request is at most 8 MiB") {
        Mesh mesh;
        mesh.serve("web");
        TreeClient c(mesh, Dialect::plain);
        c.raw(c.version(1U << 20U));
        c.raw(c.attach(0, 0));
        c.go(1, {"web", "request"}, 2);
        const std::string data(1U << 19U, 'x');
        for (int i = 0; i < 16; ++i) {
            CHECK(c.ask(TreeClient::write(1, 1, 0, data)) == c.written(1, data.size()));
        }
        CHECK(c.ask(TreeClient::write(1, 1, 0, "x")) ==
              c.refused(1, "a request is at most 8388608 bytes", 22));
    }

    TEST_CASE("opening clone makes a conversation, whose ctl the open file is") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            TreeClient& c = a.client;
            CHECK_FALSE(c.exists({"web", "0"}));
            CHECK(c.raw(c.walk(1, 0, 2, {"web", "clone"})).size() == 9 + 26);
            const std::string clone = c.raw(c.walk(1, 0, 3, {"web", "clone"})).substr(22);
            c.raw(TreeClient::clunk(1, 3));
            const std::string opened = c.raw(c.open(1, 2, 2)).substr(7, 13);
            CHECK(opened != clone);
            CHECK(c.ask(c.read(1, 2, 0, 100)) == TreeClient::got(1, "0\n"));
            const std::string ctl = c.raw(c.walk(1, 0, 3, {"web", "0", "ctl"})).substr(35);
            CHECK(ctl == opened);
            for (const std::string_view name : {"ctl", "data", "remote", "status"}) {
                CHECK(c.exists({"web", "0", name}));
            }
            CHECK_FALSE(c.exists({"web", "0", "other"}));
            CHECK_FALSE(c.exists({"web", "00"}));
            CHECK(c.text({"web", "0", "remote"}) == "web\n");
            c.go(4, {"web", "clone"}, 2);
            CHECK(c.ask(c.read(1, 4, 0, 100)) == TreeClient::got(1, "1\n"));
        }
    }

    TEST_CASE("a conversation goes with its last open file") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            TreeClient& c = a.client;
            c.go(2, {"web", "clone"}, 2);
            c.go(3, {"web", "0", "data"}, 2);
            CHECK(c.ask(TreeClient::clunk(1, 2)) == TreeClient::clunked(1));
            CHECK(c.exists({"web", "0"}));
            CHECK(c.ask(TreeClient::clunk(1, 3)) == TreeClient::clunked(1));
            CHECK_FALSE(c.exists({"web", "0"}));
            CHECK(a.mesh.tree.conversations().size() == 0);
            c.go(2, {"web", "clone"}, 2);
            CHECK(c.ask(c.read(1, 2, 0, 100)) == TreeClient::got(1, "1\n"));  // never again 0
        }
    }

    TEST_CASE("each write to data is an envelope, each read the next answer whole") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            TreeClient& c = a.client;
            c.go(2, {"web", "clone"}, 2);
            c.go(3, {"web", "0", "data"}, 2);
            CHECK(c.ask(TreeClient::write(1, 3, 0, "one")) == c.written(1, 3));
            CHECK(c.ask(TreeClient::write(1, 3, 3, "two")) == c.written(1, 3));
            REQUIRE(a.mesh.sent.size() == 2);
            a.mesh.answer_text(a.mesh.sent[0], "first");
            a.mesh.answer_text(a.mesh.sent[1], "second");
            CHECK(c.ask(c.read(1, 3, 0, 100)) == TreeClient::got(1, "first"));
            CHECK(c.ask(c.read(1, 3, 0, 3)) == TreeClient::got(1, "sec"));
            CHECK(c.ask(c.read(1, 3, 3, 100)) == TreeClient::got(1, "ond"));
            CHECK(c.ask(c.read(1, 3, 0, 100)).empty());
            CHECK(c.ask(TreeClient::write(2, 3, 0, "three")) == c.written(2, 5));
            a.mesh.refuse(a.mesh.sent[2], "forbidden", "not for you");
            CHECK(c.answers() == c.refused(1, "forbidden: not for you", 13));
        }
    }

    TEST_CASE("ctl takes header, replyTo, timeout and machine, all lines or none") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            TreeClient& c = a.client;
            c.go(2, {"web", "clone"}, 2);
            c.go(3, {"web", "0", "data"}, 2);
            const std::string lines = "header k=v\ntimeout 5s\nmachine b\n";
            CHECK(c.ask(TreeClient::write(1, 2, 0, lines)) == c.written(1, lines.size()));
            CHECK(c.ask(TreeClient::write(1, 2, 0, "timeout 9s\nnonsense\n")) ==
                  c.refused(1, "`nonsense`: expected header, replyTo, timeout or machine", 22));
            CHECK(c.ask(TreeClient::write(1, 3, 0, "x")) == c.written(1, 1));
            REQUIRE(a.mesh.sent.size() == 1);
            CHECK(a.mesh.sent[0].destination == "web@b");
            CHECK(a.mesh.sent[0].headers == "\x81\xa1k\xa1v");
            CHECK(c.text({"web", "0", "remote"}) == "web@b\n");
            CHECK(c.ask(c.read(1, 3, 0, 100)).empty());
            a.mesh.pass(std::chrono::seconds(5));
            CHECK(c.answers() == c.refused(1, "Connection timed out", 110));
            CHECK(c.ask(TreeClient::write(1, 2, 0, "replyTo other")) == c.written(1, 13));
            CHECK(c.ask(TreeClient::write(1, 3, 0, "x")) == c.written(1, 1));
            CHECK(a.mesh.sent[1].reply_to == "other");
            CHECK(a.mesh.sent[1].id.empty());
        }
    }

    TEST_CASE("a thousand conversations at once get each its own answer") {
        for (const Dialect dialect : dialects) {
            OpenRequest a(dialect);
            TreeClient& c = a.client;
            c.go(2, {"web", "clone"}, 2);
            for (unsigned i = 0; i < 1'000; ++i) {
                c.go(10'000 + i, {"web", "clone"}, 2);
                const std::string number = std::to_string(i + 1);
                c.go(20'000 + i, {"web", number, "data"}, 2);
                REQUIRE(c.ask(TreeClient::write(1, 20'000 + i, 0, number)) ==
                        c.written(1, number.size()));
                REQUIRE(c.ask(c.read(2'000 + i, 20'000 + i, 0, 100)).empty());
            }
            REQUIRE(a.mesh.sent.size() == 1'000);
            for (unsigned i = 1'000; i > 0; --i) {
                a.mesh.answer_text(a.mesh.sent[i - 1], "to " + std::to_string(i));
                REQUIRE(c.answers() == TreeClient::got(1'999 + i, "to " + std::to_string(i)));
            }
        }
    }
}
