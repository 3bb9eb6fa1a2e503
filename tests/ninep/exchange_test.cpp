// Requests and answers on one connection to a 9P server: versions, flushes, deadlines, bounds,
// lies.
#include <deque>

#include "tests/ninep/pair.h"

using namespace jetway;
using namespace std::chrono_literals;
using ninep::Dialect;
using ninep::Instance;
using tests::check_nothing_left;
using tests::FakeServer;
using tests::Pair;
using tests::start;

TEST_SUITE("ninep.exchange") {
    TEST_CASE("the dialect is the one that the server takes, 9P2000.L first") {
        Pair linux(Dialect::linux);
        linux.run();
        CHECK(linux.instance.exchange().state() == ninep::Exchange::State::ready);
        CHECK(linux.instance.dialect() == Dialect::linux);
        CHECK(linux.instance.exchange().msize() == 8192);

        Pair plain(Dialect::plain);
        plain.run();
        CHECK(plain.instance.exchange().state() == ninep::Exchange::State::ready);
        CHECK(plain.instance.dialect() == Dialect::plain);
        CHECK(plain.server.count("Tversion") == 2);
    }

    TEST_CASE("a server that answers 9P2000 to 9P2000.L, or an error, is spoken to in 9P2000") {
        Pair answers(Dialect::plain);
        answers.server.version = "9P2000";
        answers.run();
        CHECK(answers.instance.exchange().state() == ninep::Exchange::State::ready);
        CHECK(answers.server.count("Tversion") == 1);

        Instance refused({});
        refused.exchange().take_output();
        refused.exchange().on_bytes(
            base::as_bytes(std::string_view("\x0c\0\0\0\x6b\xff\xff\x03\0bad", 12)), start);
        CHECK(refused.exchange().state() == ninep::Exchange::State::greeting);
        CHECK(base::as_text(refused.exchange().take_output()).ends_with("9P2000"));
    }

    TEST_CASE("a version that nobody offered, or larger messages, end the connection") {
        for (const char* version : {"unknown", "9P2000.u", "", "9P2000.L.Google.7"}) {
            Pair pair(Dialect::plain);
            pair.server.version = *version == '\0' ? "9p2000" : version;
            pair.run();
            CHECK(pair.instance.exchange().state() == ninep::Exchange::State::ended);
        }
        Pair small(Dialect::linux);
        small.server.msize = 100;
        small.run();
        CHECK(small.instance.exchange().state() == ninep::Exchange::State::ended);
    }

    TEST_CASE("a request that isn't answered is flushed, and what it makes later is clunked") {
        Pair pair(Dialect::linux);
        const auto root = pair.attach();
        // The walk is answered behind everything else: silence first.
        ninep::Message late;
        pair.server.before = [&](const ninep::Message& request) {
            if (request.type == ninep::Type::twalk) {
                late = request;
                return FakeServer::Do::silence;
            }
            return request.type == ninep::Type::tflush ? FakeServer::Do::silence
                                                       : FakeServer::Do::answer;
        };
        std::optional<base::Result<Instance::Found>> result;
        pair.instance.walk(root->fid, {},
                           [&](base::Result<Instance::Found> found) { result = std::move(found); });
        pair.run();
        pair.pass(30s);
        CHECK(pair.server.count("Tflush") == 1);
        CHECK_FALSE(result.has_value());
        // It lives, as other answers show.
        pair.server.before = nullptr;
        CHECK(pair.call<ninep::About>(
            [&](const auto& then) { pair.instance.about(root->fid, then); }));
        pair.pass(5s);
        REQUIRE(result.has_value());
        CHECK(result->error().code == "ETIMEDOUT");
        CHECK(pair.instance.fids() == 2);

        ninep::Message answer;
        answer.type = ninep::Type::rwalk;
        answer.tag = late.tag;
        pair.server.fids[late.newfid] = "/";
        base::Bytes bytes;
        ninep::append_message(bytes, answer, Dialect::linux);
        pair.instance.exchange().on_bytes(bytes, pair.now);
        pair.run();
        pair.clunk(root->fid);
        check_nothing_left(pair);
    }

    TEST_CASE("a cancelled request is answered by Rflush, or by what comes before it") {
        for (const bool answered : {false, true}) {
            Pair pair(Dialect::plain);
            const auto root = pair.attach();
            const auto at = pair.walk(root->fid, {"srv", "web", "who"});
            ninep::Message asked;
            pair.server.before = [&](const ninep::Message& request) {
                if (request.type == ninep::Type::tread) {
                    asked = request;
                    return FakeServer::Do::silence;
                }
                return FakeServer::Do::answer;
            };
            std::optional<base::Result<base::Bytes>> result;
            const Instance::Asked read = pair.instance.read(
                at->fid, 0, 10, [&](base::Result<base::Bytes> got) { result = std::move(got); });
            pair.run();
            pair.instance.cancel(read);
            pair.instance.cancel(read);
            if (answered) {
                ninep::Message answer;
                answer.type = ninep::Type::rread;
                answer.tag = asked.tag;
                base::Bytes bytes;
                ninep::append_message(bytes, answer, Dialect::plain);
                pair.instance.exchange().on_bytes(bytes, pair.now);
            }
            pair.run();
            REQUIRE(result.has_value());
            CHECK(result->has_value() == answered);
            CHECK((answered || result->error().code == "EINTR"));
            CHECK(pair.server.count("Tflush") == 1);
            pair.clunk(at->fid);
            pair.clunk(root->fid);
            check_nothing_left(pair);
        }
    }

    TEST_CASE("a server that says nothing at all is given up, and what was asked fails") {
        Pair pair(Dialect::linux);
        const auto root = pair.attach();
        pair.server.before = [](const ninep::Message&) { return FakeServer::Do::silence; };
        int unanswered = 0;
        for (int i = 0; i < 5; ++i) {
            pair.instance.about(root->fid, [&](const base::Result<ninep::About>& about) {
                unanswered += !about && about.error().code == "unanswered" ? 1 : 0;
            });
        }
        pair.run();
        CHECK(pair.instance.exchange().next_deadline() == pair.now + 30s);
        pair.pass(30s);
        pair.pass(5s);
        CHECK(pair.instance.exchange().state() == ninep::Exchange::State::ended);
        CHECK(unanswered == 5);
    }

    TEST_CASE("no answer to Tversion ends it in time") {
        Pair pair(Dialect::linux);
        pair.server.before = [](const ninep::Message&) { return FakeServer::Do::silence; };
        pair.run();
        pair.pass(5s);
        CHECK(pair.instance.exchange().state() == ninep::Exchange::State::ended);
    }

    TEST_CASE("what never left is told apart from what did when the connection is gone") {
        Pair pair(Dialect::linux);
        const auto root = pair.attach();
        std::vector<std::string> codes;
        const auto note = [&](const base::Result<ninep::About>& about) {
            codes.push_back(about ? "fine" : about.error().code);
        };
        pair.instance.about(root->fid, note);
        pair.instance.exchange().take_output();
        pair.instance.about(root->fid, note);
        pair.instance.exchange().end({"ECONNRESET", "gone"});
        pair.instance.about(root->fid, note);
        CHECK(codes == std::vector<std::string>{"unanswered", "not-sent", "not-sent"});
    }

    TEST_CASE("requests, fids and bytes are bounded") {
        ninep::ExchangeOptions options;
        options.requests = 3;
        options.output = 10'000;
        Pair pair(Dialect::linux, options);
        const auto root = pair.attach();
        int refused = 0;
        for (int i = 0; i < 5; ++i) {
            pair.instance.about(root->fid, [&](const base::Result<ninep::About>& about) {
                refused += !about && about.error().code == "not-sent" ? 1 : 0;
            });
        }
        CHECK(refused == 2);
        pair.run();
        pair.instance.write(root->fid, 0, base::Bytes(8'000), [](const auto&) {});
        std::string code;
        pair.instance.write(root->fid, 0, base::Bytes(8'000),
                            [&](const base::Result<std::uint32_t>& done) {
                                code = done ? "fine" : done.error().code;
                            });
        CHECK(code == "not-sent");

        Instance narrow({}, 2);
        CHECK(narrow.fids() == 0);
    }

    TEST_CASE("every answer that no sound server gives ends the connection") {
        struct Row {
            const char* what;
            std::function<void(base::Bytes&)> lie;
        };
        const std::vector<Row> rows = {
            {"another tag", [](base::Bytes& b) { b[5] = static_cast<std::uint8_t>(b[5] ^ 0x55U); }},
            {"another type", [](base::Bytes& b) { b[4] = 113; }},
            {"a request", [](base::Bytes& b) { b[4] = 116; }},
            {"an unknown type", [](base::Bytes& b) { b[4] = 250; }},
            {"a size below the least", [](base::Bytes& b) { b[0] = 6; }},
            {"a size of 4 GiB", [](base::Bytes& b) { b[3] = 0xff; }},
            {"bytes behind the last field",
             [](base::Bytes& b) {
                 b.push_back(0);
                 ++b[0];
             }},
            {"cut short",
             [](base::Bytes& b) {
                 b.pop_back();
                 --b[0];
             }},
            {"a count above the bytes", [](base::Bytes& b) { b[7] = 200; }},
        };
        for (const Dialect dialect : {Dialect::plain, Dialect::linux}) {
            for (const Row& row : rows) {
                CAPTURE(row.what);
                Pair pair(dialect);
                const auto root = pair.attach();
                const auto at = pair.walk(root->fid, {"srv", "web", "who"});
                pair.server.lie = row.lie;
                bool failed = false;
                pair.instance.read(at->fid, 0, 100, [&](const base::Result<base::Bytes>& got) {
                    failed = !got && got.error().code == "unanswered";
                });
                pair.run();
                CHECK(failed);
                CHECK(pair.instance.exchange().state() == ninep::Exchange::State::ended);
            }
        }
    }

    TEST_CASE("more than was asked ends the connection: bytes read, bytes written, names walked") {
        for (const int which : {0, 1, 2}) {
            Pair pair(Dialect::plain);
            const auto root = pair.attach();
            const auto at = pair.walk(root->fid, {"srv", "web", "who"});
            pair.server.lie = [&](base::Bytes& bytes) {
                ninep::Message answer = *ninep::read_message(bytes, Dialect::plain);
                static const base::Bytes much(100);
                answer.data = much;
                answer.count = 100;
                answer.qids.count = 16;
                base::Bytes made;
                ninep::append_message(made, answer, Dialect::plain);
                bytes = made;
            };
            if (which == 0) {
                pair.instance.read(at->fid, 0, 99, [](const auto&) {});
            } else if (which == 1) {
                pair.instance.write(at->fid, 0, base::Bytes(99), [](const auto&) {});
            } else {
                pair.instance.walk(root->fid, {"srv"}, [](const auto&) {});
            }
            pair.run();
            CHECK(pair.instance.exchange().state() == ninep::Exchange::State::ended);
            CHECK(pair.why().find("more") != std::string::npos);
        }
    }
}
