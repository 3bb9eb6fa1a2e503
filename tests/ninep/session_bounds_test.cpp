// Clients that ask too much at once, and that ask without reading.
#include "tests/ninep/client.h"

using namespace jetway;
using namespace jetway::tests;

TEST_SUITE("ninep.session.bounds") {
    TEST_CASE("requests at once are bounded, and the refused ones may be asked again") {
        for (const Dialect dialect : dialects) {
            ninep::SessionLimits limits;
            limits.requests = 10;
            Client c(dialect, limits);
            c.have(1, "park");
            for (unsigned tag = 0; tag < 10; ++tag) {
                CHECK(c.ask(c.read(tag, 1, 0, 10)).empty());
            }
            const std::string full =
                c.refused(10, "too many requests at once on this connection", 11);
            CHECK(c.ask(c.read(10, 1, 0, 10)) == full);
            CHECK(c.ask(c.stat(10, 0)) == full);
            CHECK(c.ask(c.attach(10, 7)) == full);
            CHECK(c.counters.refused == 3);
            CHECK(c.ask(Client::flush(10, 3)) == Client::flushed(10));
            CHECK(c.ask(c.read(10, 1, 0, 10)).empty());
            CHECK(c.session->requests() == 10);
        }
    }

    TEST_CASE("flushes without end of what isn't answered end the connection") {
        for (const Dialect dialect : dialects) {
            ninep::SessionLimits limits;
            limits.requests = 10;
            Client c(dialect, limits);
            c.tree.answers_flushes = false;
            c.have(1, "hook");
            CHECK(c.ask(c.read(0, 1, 0, 10)).empty());
            for (unsigned tag = 1; tag < 20; ++tag) {
                CHECK(c.ask(Client::flush(tag, 0)).empty());
                CHECK_FALSE(c.session->broken());
            }
            CHECK(c.ask(Client::flush(20, 0)).empty());
            CHECK(c.session->broken());
        }
    }

    TEST_CASE("requests flushed while they wait for their fid are not kept") {
        for (const Dialect dialect : dialects) {
            ninep::SessionLimits limits;
            limits.held = 1'000;
            Client c(dialect, limits);
            c.have_closed(1, "late");
            CHECK(c.ask(c.stat(1, 1)).empty());
            for (int i = 0; i < 1'000; ++i) {
                REQUIRE(c.ask(c.walk(2, 1, 5, {"text"}) + Client::flush(3, 2)) ==
                        Client::flushed(3));
            }
            CHECK(c.session->requests() == 1);
            CHECK(c.session->wants_input());
        }
    }

    TEST_CASE("while more bytes of requests are under way than the bound, nothing more is run") {
        for (const Dialect dialect : dialects) {
            ninep::SessionLimits limits;
            limits.held = 10'000;
            Client c(dialect, limits);
            CHECK(c.ask(c.walk(1, 0, 1, {"late", "text"}) + c.open(2, 1, 1)) ==
                  line(111, 1, u16(2), qid(0x80, 8), qid(0, 9)));
            c.tree.answer_later();
            CHECK(c.answers() == c.opened(2, qid(0, 9)));
            const std::string data(4'000, 'x');
            std::string asked;
            std::string expected;
            for (unsigned tag = 0; tag < 10; ++tag) {
                asked += Client::write(tag, 1, tag, data);
                expected += line(119, tag, u32(data.size()));
            }
            CHECK(c.ask(asked).empty());
            CHECK(c.session->requests() == 3);  // 12,069 bytes
            CHECK_FALSE(c.session->wants_input());
            CHECK(c.ask(c.stat(70, 0)).empty());
            std::string answers;
            for (int i = 0; i < 10; ++i) {
                CHECK(c.session->requests() <= 3);
                c.tree.answer_later();
                answers += c.answers() + c.answers();
            }
            CHECK(answers.starts_with(expected.substr(0, 100)));
            CHECK(c.session->requests() == 0);
            CHECK(c.session->wants_input());
            CHECK(c.tree.offset == 9);
        }
    }

    TEST_CASE("a client that doesn't read is asked nothing more, and goes on when it reads") {
        for (const Dialect dialect : dialects) {
            ninep::SessionLimits limits;
            limits.output = 1'000;
            Client c(dialect, limits);
            c.have(1, "text");
            std::string asked;
            std::string expected;
            for (unsigned tag = 0; tag < 500; ++tag) {
                asked += c.read(tag, 1, 0, 100);
                expected += Client::got(tag, FakeFile::text);
            }
            c.session->on_bytes(base::as_bytes(asked));
            CHECK(c.session->output_size() > 1'000);
            CHECK(c.session->output_size() < 1'100);
            CHECK_FALSE(c.session->wants_input());
            c.session->on_bytes(base::as_bytes(c.read(500, 1, 0, 100)));
            expected += Client::got(500, FakeFile::text);
            CHECK(c.session->output_size() < 1'100);
            CHECK(c.tree.log.size() < 60);
            std::string answers;
            for (std::string part = c.answers(); !part.empty(); part = c.answers()) {
                answers += part;
            }
            CHECK(answers == expected);
            CHECK(c.session->wants_input());
            CHECK(c.works());
        }
    }

    TEST_CASE("a client that never reads what its parked requests bring is closed") {
        for (const Dialect dialect : dialects) {
            ninep::SessionLimits limits;
            limits.output = 10'000;
            limits.unread = 50'000;
            Client c(dialect, limits);
            c.have(1, "park");
            for (unsigned tag = 0; tag < 100; ++tag) {
                CHECK(c.ask(c.read(tag, 1, 0, 1'000)).empty());
            }
            c.tree.answer_parked(std::string(1'000, 'x'));
            REQUIRE(c.session->broken());
            CHECK(c.session->broken()->detail == "the client doesn't read its answers");
            CHECK(c.session->output_size() == 0);
            CHECK(c.counters.unread == 1);
            CHECK(c.answers().empty());
        }
    }

    TEST_CASE("an answer is never longer than what was asked for") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            c.have(1, "park");
            CHECK(c.ask(c.read(1, 1, 0, 3)).empty());
            c.tree.answer_parked("longer than three");
            CHECK(c.answers() == Client::got(1, "lon"));
        }
    }
}
