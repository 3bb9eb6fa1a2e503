// Tags, order, parking and flush.
#include "tests/ninep/client.h"

using namespace jetway;
using namespace jetway::tests;

TEST_SUITE("ninep.session.order") {
    TEST_CASE("a tag in use is refused, and what it was used for goes on") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "park");
            CHECK(c.ask(c.read(7, 1, 0, 10)).empty());
            const std::string in_use = c.refused(7, "that tag is in use", 22);
            CHECK(c.ask(c.stat(7, 0)) == in_use);
            CHECK(c.ask(Client::clunk(7, 1)) == in_use);
            CHECK(c.ask(Client::flush(7, 7)) == in_use);
            CHECK(c.ask(c.attach(7, 9)) == in_use);
            c.tree.answer_parked("data");
            CHECK(c.answers() == Client::got(7, "data"));
            CHECK(c.session->fids() == 2);
        }
    }

    TEST_CASE("a tag is free as soon as its answer is written") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "text");
            CHECK(c.ask(c.read(7, 1, 0, 5) + c.read(7, 1, 7, 5) + c.read(none, 1, 0, 1)) ==
                  Client::got(7, "hello") + Client::got(7, "world") + Client::got(none, "h"));
        }
    }

    TEST_CASE("requests of one fid run in the order they came") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.ask(c.attach(1, 1, "late/text"));
            CHECK(c.ask(c.open(1, 1, 2) + Client::write(2, 1, 0, "a") + c.read(3, 1, 0, 5) +
                        Client::write(4, 1, 0, "b") + Client::clunk(5, 1))
                      .empty());
            CHECK(c.session->requests() == 5);
            std::string all;
            for (int i = 0; i < 5; ++i) {
                CHECK(c.tree.later.size() == 1);
                c.tree.answer_later();
                all += c.answers();
            }
            CHECK(all == c.opened(1, qid(0, 9)) + line(119, 2, u32(1)) + Client::got(3, "hello") +
                             line(119, 4, u32(1)) + Client::clunked(5));
            CHECK(c.session->fids() == 1);
        }
    }

    TEST_CASE("different fids don't wait for each other") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "text");
            c.have_closed(2, "late");
            CHECK(c.ask(c.open(1, 2) + c.stat(2, 2) + c.read(3, 1, 0, 5)) ==
                  Client::got(3, "hello"));
            CHECK(c.works());
            c.tree.answer_later();
            CHECK(c.answers() == c.opened(1, qid(0x80, 8)));
        }
    }

    TEST_CASE("a parked read holds nothing, its own fid neither") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "park", 2);
            CHECK(c.ask(c.read(1, 1, 0, 10) + Client::write(2, 1, 0, "x") + c.read(3, 1, 0, 10)) ==
                  line(119, 2, u32(1)));
            CHECK(c.works());
            c.tree.answer_parked("data");
            CHECK(c.answers() == Client::got(1, "data") + Client::got(3, "data"));
        }
    }

    TEST_CASE("what was asked of a fid behind its clunk is refused") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "late");
            CHECK(c.ask(Client::clunk(1, 1) + c.stat(2, 1) + c.stat(3, 1)).empty());
            c.tree.answer_later();
            CHECK(c.answers() == Client::clunked(1) + c.unknown_fid(2) + c.unknown_fid(3));
            c.have_closed(1, "text");
            CHECK(c.works());
        }
    }

    TEST_CASE("what follows a walk that failed is refused") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "late");
            CHECK(c.ask(c.walk(1, 1, 2, {"nothing"}) + c.open(2, 2) + c.walk(3, 1, 2, {"text"}))
                      .empty());
            c.tree.answer_later();
            CHECK(c.answers() == c.refused(1, "file does not exist", 2) + c.unknown_fid(2));
            c.tree.answer_later();
            CHECK(c.answers() == line(111, 3, u16(1), qid(0, 9)));
            CHECK(c.session->fids() == 3);
        }
    }

    TEST_CASE("flush of the unknown, of the answered and of itself is Rflush at once") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            CHECK(c.ask(Client::flush(1, 77)) == Client::flushed(1));
            CHECK(c.ask(Client::flush(1, 1)) == Client::flushed(1));
            CHECK(c.ask(Client::flush(1, none)) == Client::flushed(1));
            c.have(1, "text");
            CHECK(c.ask(c.read(2, 1, 0, 5) + Client::flush(3, 2)) ==
                  Client::got(2, "hello") + Client::flushed(3));
            CHECK(c.session->requests() == 0);
        }
    }

    TEST_CASE("a parked read that is flushed is never answered, and its tag is free") {
        for (const Dialect dialect : dialects) {
            for (const char* name : {"park", "hook"}) {
                Client c(dialect);
                c.have(1, name);
                c.have(2, "text");
                CHECK(c.ask(c.read(5, 1, 0, 10) + Client::flush(6, 5) + c.read(5, 2, 0, 5)) ==
                      Client::flushed(6) + Client::got(5, "hello"));
                CHECK(c.session->requests() == 0);
                c.tree.answer_parked("data");
                CHECK(c.answers().empty());
                CHECK(c.tree.count(std::string("flush ") + name) == (name[0] == 'h' ? 1 : 0));
                CHECK(c.works());
            }
        }
    }

    TEST_CASE("what is flushed may still be answered, before Rflush and never after") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.tree.answers_flushes = false;
            c.have(1, "hook");
            CHECK(c.ask(c.read(5, 1, 0, 10) + Client::flush(6, 5)).empty());
            CHECK(c.tree.count("flush hook") == 1);
            c.tree.answer_parked("data");
            CHECK(c.answers() == Client::got(5, "data") + Client::flushed(6));
            CHECK(c.session->requests() == 0);
            CHECK(c.ask(c.read(5, 1, 0, 10) + Client::flush(6, 5)).empty());
            c.tree.flushed.back()(error("EINTR"));
            CHECK(c.answers() == Client::flushed(6));
            CHECK(c.ask(c.read(5, 1, 0, 10) + Client::flush(6, 5)).empty());
            c.tree.flushed.back()(error("EIO"));
            CHECK(c.answers() == c.refused(5, "i/o error", 5) + Client::flushed(6));
        }
    }

    TEST_CASE("several flushes of one request are answered in their order") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.tree.answers_flushes = false;
            c.have(1, "hook");
            CHECK(c.ask(c.read(5, 1, 0, 10) + Client::flush(9, 5) + Client::flush(6, 5) +
                        Client::flush(7, 5))
                      .empty());
            CHECK(c.tree.count("flush hook") == 1);
            c.tree.answer_parked("data");
            CHECK(c.answers() == Client::got(5, "data") + Client::flushed(9) + Client::flushed(6) +
                                     Client::flushed(7));
        }
    }

    TEST_CASE("flushes of flushes are answered in their order, however many") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.tree.answers_flushes = false;
            c.have(1, "hook");
            CHECK(c.ask(c.read(0, 1, 0, 10)).empty());
            std::string expected = Client::got(0, "data");
            for (unsigned tag = 1; tag < 2'000; ++tag) {
                CHECK(c.ask(Client::flush(tag, tag - 1)).empty());
                expected += Client::flushed(tag);
            }
            c.tree.answer_parked("data");
            CHECK(c.answers() == expected);
            CHECK(c.session->requests() == 0);
        }
    }

    TEST_CASE("a request that waits for its fid is flushed before it runs") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "late");
            CHECK(c.ask(c.stat(1, 1) + c.open(2, 1) + Client::clunk(3, 1)).empty());
            CHECK(c.ask(Client::flush(4, 2) + Client::flush(5, 3)) ==
                  Client::flushed(4) + Client::flushed(5));
            CHECK(c.session->requests() == 1);
            c.tree.answer_later();
            CHECK_FALSE(c.answers().empty());
            CHECK(c.tree.count("open late r") == 0);
            CHECK(c.tree.count("clunk late") == 0);
            CHECK(c.session->fids() == 2);
        }
    }

    TEST_CASE("a walk that is flushed makes no fid") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "late");
            CHECK(c.ask(c.walk(1, 1, 2, {"text"}) + c.open(3, 2) + Client::flush(4, 1)) ==
                  c.unknown_fid(3) + Client::flushed(4));
            c.tree.answer_later();
            CHECK(c.answers().empty());
            CHECK(c.session->fids() == 2);
            CHECK(c.tree.live == 2);
            CHECK(c.ask(c.walk(1, 0, 2, {"text"})) == line(111, 1, u16(1), qid(0, 2)));
        }
    }

    TEST_CASE("a clunk that has begun is answered, and then its flush") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have_closed(1, "late");
            CHECK(c.ask(Client::clunk(1, 1) + Client::flush(2, 1)).empty());
            c.tree.answer_later();
            CHECK(c.answers() == Client::clunked(1) + Client::flushed(2));
            CHECK(c.tree.live == 1);
        }
    }

    TEST_CASE("a clunk ends the parked reads of its fid first") {
        for (const Dialect dialect : dialects) {
            for (const char* name : {"park", "hook"}) {
                Client c(dialect);
                c.have(1, name);
                c.have(2, name);
                CHECK(
                    c.ask(c.read(5, 1, 0, 10) + c.read(4, 1, 0, 10) + c.read(6, 2, 0, 10)).empty());
                CHECK(c.ask(Client::clunk(7, 1)) == c.refused(5, "Interrupted system call", 4) +
                                                        c.refused(4, "Interrupted system call", 4) +
                                                        Client::clunked(7));
                CHECK(c.session->requests() == 1);
                c.tree.answer_parked("data");
                CHECK(c.answers() == Client::got(6, "data"));
            }
        }
    }

    TEST_CASE("so does a remove, and in .L a walk of the open fid to somewhere else") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "park");
            CHECK(c.ask(c.read(5, 1, 0, 10) + wire(122, 7, u32(1))) ==
                  c.refused(5, "Interrupted system call", 4) +
                      c.refused(7, "permission denied", 13));
            CHECK(c.session->requests() == 0);
            if (c.linux()) {
                c.have(1, "many");
                c.ask(c.walk(1, 1, 2, {}));
                CHECK(c.ask(c.walk(1, 1, 1, {"..", "text"})) ==
                      line(111, 1, u16(2), Client::root(), qid(0, 2)));
                CHECK(c.ask(c.open(1, 1)) == c.opened(1, qid(0, 2), 8192 - 24));
            }
        }
    }

    TEST_CASE("a client that goes leaves nothing, whatever was under way") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.tree.answers_flushes = false;
            c.have(1, "park");
            c.have(2, "hook");
            c.have(3, "text");
            c.have_closed(4, "late");
            c.ask(c.read(1, 1, 0, 10) + c.read(2, 2, 0, 10) + Client::flush(3, 2) + c.stat(4, 4) +
                  c.open(5, 4) + c.walk(6, 4, 7, {"text"}) + c.attach(7, 8, "late/text"));
            c.leave();
            CHECK(c.tree.count("flush hook") == 1);
            // The answers come when nobody waits for them.
            c.tree.answer_parked("data");
            c.tree.answer_later();
            CHECK(c.tree.live == 0);
        }
    }

    TEST_CASE("a call that nobody answers is answered EIO when its last reply goes") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "park");
            CHECK(c.ask(c.read(1, 1, 0, 10)).empty());
            c.tree.parked.clear();
            CHECK(c.answers() == c.refused(1, "i/o error", 5));
            CHECK(c.session->requests() == 0);
        }
    }

    TEST_CASE("an answer counts once") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "park");
            CHECK(c.ask(c.read(1, 1, 0, 10)).empty());
            const Reply<base::Bytes> reply = c.tree.parked.front();
            CHECK(reply.wanted());
            c.tree.answer_parked("data");
            CHECK_FALSE(reply.wanted());
            reply(error("EIO"));
            CHECK(c.answers() == Client::got(1, "data"));
        }
    }
}
