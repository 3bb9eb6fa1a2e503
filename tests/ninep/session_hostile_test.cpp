// Clients that lie, and that send what is none.
#include "tests/ninep/client.h"

using namespace jetway;
using namespace jetway::tests;

namespace {

// A request of every type that the dialect has, each about a fid that is there.
std::vector<std::string> every_request(const Client& c) {
    std::vector<std::string> all = {
        c.version(),
        wire(102, 1, u32(9), s("glenda"), s(""), c.linux() ? u32(1000) : std::string()),
        c.attach(1, 50, "many"),
        Client::flush(1, 2),
        c.walk(1, 0, 51, {"many", "007"}),
        c.open(1, 1, 0),
        c.create(1, 0, "new"),
        c.read(1, 2, 0, 10),
        Client::write(1, 2, 3, "data"),
        Client::clunk(1, 3),
        wire(122, 1, u32(3)),
        c.stat(1, 1),
    };
    if (!c.linux()) {
        const std::string stat = u16(0xffff) + u32(0xffff'ffff) + u8(0xff) + u32(0xffff'ffff) +
                                 u64(0xffff'ffff'ffff'ffff) + u32(0xffff'ffff) + u32(0xffff'ffff) +
                                 u32(0xffff'ffff) + u64(0xffff'ffff'ffff'ffff) + s("n") + s("u") +
                                 s("g") + s("m");
        all.push_back(wire(126, 1, u32(1), u16(stat.size() + 2), s(stat)));
        return all;
    }
    const std::string lock = u64(0) + u64(0) + u32(1) + s("host");
    const std::vector<std::string> linux = {
        wire(8, 1, u32(1)),
        wire(16, 1, u32(0), s("a"), s("b"), u32(0)),
        wire(18, 1, u32(0), s("a"), u32(0), u32(0), u32(0), u32(0)),
        wire(20, 1, u32(1), u32(0), s("a")),
        wire(22, 1, u32(1)),
        wire(26, 1, u32(1), u32(0), u32(0), u32(0), u32(0), u64(0), u64(0), u64(0), u64(0), u64(0)),
        wire(30, 1, u32(1), u32(60), s("user.x")),
        wire(32, 1, u32(1), s("user.x"), u64(1), u32(0)),
        wire(40, 1, u32(1), u64(0), u32(100)),
        wire(50, 1, u32(1), u32(0)),
        wire(52, 1, u32(1), u8(0), u32(0), lock),
        wire(54, 1, u32(1), u8(0), lock),
        wire(70, 1, u32(0), u32(1), s("a")),
        wire(72, 1, u32(0), s("a"), u32(0), u32(0)),
        wire(74, 1, u32(0), s("a"), u32(0), s("b")),
        wire(76, 1, u32(0), s("a"), u32(0)),
    };
    all.insert(all.end(), linux.begin(), linux.end());
    return all;
}

void have_files(Client& c) {
    c.have_closed(1, "text");
    c.have(2, "text", 2);
    c.have_closed(3, "text");
}

void set_size(std::string& message, std::uint64_t size) {
    message.replace(0, 4, u32(size));
}

}  // namespace

TEST_SUITE("ninep.session.hostile") {
    TEST_CASE("every request is answered once, with its own type or an error, whole and by a tag") {
        for (const Dialect dialect : dialects) {
            for (std::size_t i = 0; i < every_request(Client(dialect)).size(); ++i) {
                Client c(dialect);
                have_files(c);
                const std::string request = every_request(c)[i];
                const std::string answer = c.raw(request);
                INFO(shown(request), shown(answer));
                REQUIRE(answer.size() >= 7);
                CHECK(answer.substr(0, 4) == u32(answer.size()));
                CHECK(answer.substr(5, 2) == request.substr(5, 2));
                const int type = static_cast<std::uint8_t>(answer[4]);
                const bool right = type == static_cast<std::uint8_t>(request[4]) + 1 ||
                                   type == (c.linux() ? 7 : 107);
                CHECK(right);
            }
        }
    }

    TEST_CASE("a request cut at any byte, with a true size, is an error; the connection goes on") {
        for (const Dialect dialect : dialects) {
            for (std::size_t i = 1; i < every_request(Client(dialect)).size(); ++i) {
                Client c(dialect);
                have_files(c);
                const std::string whole = every_request(c)[i];
                for (std::size_t size = 7; size < whole.size(); ++size) {
                    if (static_cast<std::uint8_t>(whole[4]) == 50 && size == whole.size() - 4) {
                        continue;  // Tfsync may lack its last field
                    }
                    std::string cut = whole.substr(0, size);
                    set_size(cut, size);
                    const std::string answer = c.raw(cut);
                    INFO(shown(cut), shown(answer));
                    REQUIRE(answer.size() >= 7);
                    CHECK(static_cast<std::uint8_t>(answer[4]) == (c.linux() ? 7 : 107));
                    CHECK_FALSE(c.session->broken());
                }
                CHECK(c.session->fids() == 4);
                CHECK(c.works());
            }
        }
    }

    TEST_CASE("a request with a byte too many is an error; the connection goes on") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            have_files(c);
            const std::vector<std::string> all = every_request(c);
            for (std::size_t i = 1; i < all.size(); ++i) {
                std::string longer = all[i] + '\0';
                set_size(longer, longer.size());
                const std::string answer = c.raw(longer);
                INFO(shown(longer), shown(answer));
                REQUIRE(answer.size() >= 7);
                CHECK(static_cast<std::uint8_t>(answer[4]) == (c.linux() ? 7 : 107));
            }
            CHECK(c.session->fids() == 4);
            CHECK(c.works());
        }
    }

    TEST_CASE("a request that is cut and never goes on is kept, within msize, and leaves nothing") {
        for (const Dialect dialect : dialects) {
            for (std::size_t i = 0; i < every_request(Client(dialect)).size(); ++i) {
                const std::size_t length = every_request(Client(dialect))[i].size();
                for (std::size_t size = 0; size < length; ++size) {
                    Client c(dialect);
                    CHECK(c.ask(every_request(c)[i].substr(0, size)).empty());
                    CHECK_FALSE(c.session->broken());
                }
            }
        }
    }

    TEST_CASE("a session cut into single bytes answers the same") {
        for (const Dialect dialect : dialects) {
            Client whole(dialect);
            Client bytes(dialect);
            have_files(whole);
            have_files(bytes);
            std::string stream;
            for (const std::string& each : every_request(whole)) {
                stream += each;
            }
            std::string answers;
            for (const char byte : stream) {
                answers += bytes.ask(std::string_view(&byte, 1));
            }
            CHECK(answers == whole.ask(stream));
        }
    }

    TEST_CASE("a size below 7 or above msize ends the connection, and nothing is kept for it") {
        for (const Dialect dialect : dialects) {
            for (const std::uint64_t size : {0U, 1U, 6U, 8193U, 0x7fff'ffffU, 0xffff'ffffU}) {
                Client c(dialect);
                c.have(1, "park");
                CHECK(c.ask(c.read(1, 1, 0, 10)).empty());
                CHECK(c.ask(u32(size)).empty());
                REQUIRE(c.session->broken());
                CHECK(c.counters.malformed == 1);
                CHECK(c.ask(c.version()).empty());
                c.tree.answer_parked("data");  // nobody hears that
                CHECK(c.answers().empty());
            }
        }
    }

    TEST_CASE("a size that swallows the next message costs that one alone") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            std::string lies = Client::flush(1, 2);
            const std::string next = Client::flush(3, 4);
            set_size(lies, lies.size() + next.size());
            const std::string answer = c.raw(lies + next);
            REQUIRE(answer.size() >= 7);
            CHECK(static_cast<std::uint8_t>(answer[4]) == (c.linux() ? 7 : 107));
            CHECK(c.works());
        }
    }

    TEST_CASE("counts and lengths that say more than there is are errors") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            have_files(c);
            const std::string cut = " is cut short, or says more than it has";
            CHECK(c.ask(wire(118, 1, u32(2), u64(0), u32(0xffff'ffff), std::string("data"))) ==
                  c.refused(1, "Twrite" + cut, 22));
            CHECK(c.ask(wire(118, 1, u32(2), u64(0), u32(5), std::string("data"))) ==
                  c.refused(1, "Twrite" + cut, 22));
            CHECK(c.ask(wire(118, 1, u32(2), u64(0), u32(3), std::string("data"))) ==
                  c.refused(1, "Twrite has bytes behind its last field", 22));
            CHECK(c.ask(wire(110, 1, u32(0), u32(9), u16(1), u16(0xffff), std::string("x"))) ==
                  c.refused(1, "Twalk" + cut, 22));
            CHECK(c.ask(wire(110, 1, u32(0), u32(9), u16(0xffff))) ==
                  c.refused(1, "Twalk" + cut, 22));
            CHECK(c.ask(wire(110, 1, u32(0), u32(9), u16(2), s("many"))) ==
                  c.refused(1, "Twalk" + cut, 22));
            CHECK(c.session->fids() == 4);
            CHECK(c.works());
        }
    }

    TEST_CASE("a wstat whose sizes disagree is an error") {
        Client c(Dialect::plain);
        have_files(c);
        const std::string good = every_request(c).back();
        const std::size_t outer = 7 + 4;
        for (const std::size_t at : {outer, outer + 2}) {
            for (const int change : {-1, 1, 100}) {
                std::string bad = good;
                bad[at] = static_cast<char>(bad[at] + change);
                CHECK(c.ask(bad) ==
                      c.refused(1, "Twstat is cut short, or says more than it has", 22));
            }
        }
        CHECK(c.works());
    }

    TEST_CASE("an answer sent as a request, and a type that is none, are errors") {
        for (const Dialect dialect : dialects) {
            Client c(dialect);
            CHECK(c.ask(wire(109, 3)) == c.refused(3, "Rflush is no request", 22));
            CHECK(c.ask(wire(121, 3)) == c.refused(3, "Rclunk is no request", 22));
            CHECK(c.ask(wire(119, 3, u32(1))) == c.refused(3, "Rwrite is no request", 22));
            for (const unsigned type : {0U, 5U, 6U, 99U, 106U, 128U, 255U}) {
                CHECK(c.ask(wire(type, 3, u32(1))) ==
                      c.refused(3,
                                "9P message " + std::to_string(type) + " is none of this dialect",
                                22));
            }
            // The other dialect's.
            const unsigned other = c.linux() ? 112 : 12;
            CHECK(c.ask(wire(other, 3, u32(0), c.linux() ? u8(0) : u32(0))) ==
                  c.refused(
                      3, std::string(c.linux() ? "Topen" : "Tlopen") + " is none of this dialect",
                      22));
            CHECK(c.works());
        }
    }

    TEST_CASE("others are unaffected by a client that is broken") {
        Client bad(Dialect::plain);
        Client good(Dialect::plain);
        bad.ask(u32(0xffff'ffff));
        CHECK(bad.session->broken());
        CHECK(good.works());
    }
}
