#include "ninep/instance.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "ninep/entries.h"
#include "tests/ninep/fake_server.h"
#include "tests/ninep/start.h"

using namespace jetway;
using namespace std::chrono_literals;
using ninep::Dialect;
using ninep::Instance;
using tests::FakeServer;
using tests::start;

namespace {

// An Instance and the server that it speaks to.
struct Pair {
    explicit Pair(Dialect dialect, const ninep::ExchangeOptions& options = {})
        : server(dialect), instance(options) {}

    // Bytes both ways until nothing moves.
    void run() {
        instance.exchange().end_turn(now);
        while (instance.exchange().has_output()) {
            const base::Bytes answer = server.feed(instance.exchange().take_output());
            instance.exchange().on_bytes(answer, now);
            instance.exchange().end_turn(now);
        }
    }
    void pass(base::Duration time) {
        now += time;
        instance.exchange().on_deadline(now);
        run();
    }
    template <typename Value, typename Call>
    base::Result<Value> call(Call make) {
        std::optional<base::Result<Value>> result;
        make(typename Instance::Then<Value>([&result](base::Result<Value> value) {
            CHECK_FALSE(result.has_value());
            result = std::move(value);
        }));
        run();
        REQUIRE(result.has_value());
        return std::move(*result);
    }
    base::Result<Instance::Root> attach() {
        run();
        return call<Instance::Root>(
            [&](const auto& then) { instance.attach("glenda", 7, "", then); });
    }
    base::Result<Instance::Found> walk(ninep::Fid from, const ninep::File::Names& names) {
        return call<Instance::Found>([&](const auto& then) { instance.walk(from, names, then); });
    }
    void clunk(ninep::Fid fid) {
        CHECK(call<ninep::Done>([&](const auto& then) { instance.clunk(fid, then); }));
    }
    std::string why() const { return instance.exchange().why().detail; }

    FakeServer server;
    Instance instance;
    base::Instant now = start;
};

void check_nothing_left(Pair& pair) {
    CHECK(pair.server.fids.empty());
    CHECK(pair.instance.fids() == 0);
    CHECK(pair.instance.exchange().unanswered() == 0);
    CHECK(pair.server.malformed.empty());
}

}  // namespace

TEST_SUITE("ninep.instance") {
    TEST_CASE("the dialect is the one that the server takes, 9P2000.L first") {
        Pair linux(Dialect::linux);
        linux.run();
        CHECK(linux.instance.is_ready());
        CHECK(linux.instance.dialect() == Dialect::linux);
        CHECK(linux.instance.exchange().msize() == 8192);

        Pair plain(Dialect::plain);
        plain.run();
        CHECK(plain.instance.is_ready());
        CHECK(plain.instance.dialect() == Dialect::plain);
        CHECK(plain.server.count("Tversion") == 2);
    }

    TEST_CASE("a server that answers 9P2000 to 9P2000.L, or an error, is spoken to in 9P2000") {
        Pair answers(Dialect::plain);
        answers.server.version = "9P2000";
        answers.run();
        CHECK(answers.instance.is_ready());
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

    TEST_CASE("a file is found, opened, read, and nothing of it is left, in both dialects") {
        for (const Dialect dialect : {Dialect::plain, Dialect::linux}) {
            Pair pair(dialect);
            const auto root = pair.attach();
            REQUIRE(root);
            const auto found = pair.walk(root->fid, {"srv", "web", "health"});
            REQUIRE(found);
            CHECK(found->qids.size() == 3);
            REQUIRE(pair.call<ninep::Opened>(
                [&](const auto& then) { pair.instance.open(found->fid, {.read = true}, then); }));
            const auto read = pair.call<base::Bytes>(
                [&](const auto& then) { pair.instance.read(found->fid, 0, 100, then); });
            REQUIRE(read);
            CHECK(base::as_text(*read) == "ok\n");
            const auto about = pair.call<ninep::About>(
                [&](const auto& then) { pair.instance.about(found->fid, then); });
            REQUIRE(about);
            CHECK(about->length == 3);
            CHECK(about->mode == 0100644U);
            pair.clunk(found->fid);
            pair.clunk(root->fid);
            check_nothing_left(pair);
        }
    }

    TEST_CASE(
        "a walk of any number of names goes in steps of 16, and leaves no fid when it fails") {
        Pair pair(Dialect::plain);
        std::string path;
        ninep::File::Names names;
        for (int i = 0; i < 40; ++i) {
            names.push_back("d" + std::to_string(i));
            path += "/" + names.back();
            pair.server.files_[path] = "";
        }
        const auto root = pair.attach();
        REQUIRE(root);
        const auto all = pair.walk(root->fid, names);
        REQUIRE(all);
        CHECK(all->qids.size() == 40);
        pair.clunk(all->fid);
        names.push_back("nothing");
        const auto short_one = pair.walk(root->fid, names);
        REQUIRE(short_one);
        CHECK(short_one->fid == ninep::no_fid);
        CHECK(short_one->qids.size() == 40);
        names.resize(16);
        names.push_back("nothing");
        const auto refused_later = pair.walk(root->fid, names);
        REQUIRE(refused_later);
        CHECK(refused_later->qids.size() == 16);
        CHECK(pair.walk(root->fid, {"nothing", "at", "all"}).error().code == "ENOENT");
        const auto clone = pair.walk(root->fid, {});
        REQUIRE(clone);
        pair.clunk(clone->fid);
        pair.clunk(root->fid);
        check_nothing_left(pair);
    }

    TEST_CASE("a directory is listed whole, without . and .., in both dialects") {
        for (const Dialect dialect : {Dialect::plain, Dialect::linux}) {
            ninep::ExchangeOptions options;
            options.msize = 700;  // a few entries at a time
            Pair pair(dialect, options);
            const auto root = pair.attach();
            const auto found = pair.walk(root->fid, {"srv", "web", "dir"});
            REQUIRE(found);
            REQUIRE(pair.call<ninep::Opened>(
                [&](const auto& then) { pair.instance.open(found->fid, {.read = true}, then); }));
            std::vector<std::string> names;
            std::uint64_t cookie = 0;
            for (;;) {
                const auto some =
                    pair.call<std::vector<ninep::DirectoryEntry>>([&](const auto& then) {
                        pair.instance.read_directory(found->fid, cookie, then);
                    });
                REQUIRE(some);
                if (some->empty()) {
                    break;
                }
                for (const ninep::DirectoryEntry& entry : *some) {
                    names.push_back(entry.name);
                    CHECK((dialect == Dialect::linux || entry.about.mode == 0100644U));
                }
                cookie = some->back().next;
            }
            CHECK(names.size() == 40);
            CHECK(std::is_sorted(names.begin(), names.end()));
            pair.clunk(found->fid);
            pair.clunk(root->fid);
            check_nothing_left(pair);
        }
    }

    TEST_CASE("what is larger than a message is written in pieces") {
        Pair pair(Dialect::linux);
        const auto root = pair.attach();
        const auto found = pair.walk(root->fid, {"srv", "web", "who"});
        const std::string text(50'000, 'x');
        const auto written = pair.call<std::uint32_t>([&](const auto& then) {
            pair.instance.write(found->fid, 4, base::Bytes(text.begin(), text.end()), then);
        });
        REQUIRE(written);
        CHECK(*written == 50'000);
        CHECK(pair.server.files_["/srv/web/who"] == "one\n" + text);
        CHECK(pair.server.count("Twrite") == 7);
    }

    TEST_CASE("modes and changes are told in the server's dialect") {
        Pair plain(Dialect::plain);
        auto root = plain.attach();
        auto found = plain.walk(root->fid, {"srv", "web"});
        ninep::Changes mode;
        mode.mode_set = true;
        mode.mode = 0700;
        CHECK(plain.call<ninep::Done>(
            [&](const auto& then) { plain.instance.change(found->fid, mode, then); }));
        CHECK(plain.server.mode_set == (ninep::dm_dir | 0700U));
        ninep::Changes owner;
        owner.uid_set = true;
        CHECK(plain
                  .call<ninep::Done>(
                      [&](const auto& then) { plain.instance.change(found->fid, owner, then); })
                  .error()
                  .code == "EPERM");
        CHECK(plain.call<ninep::Done>([&](const auto& then) {
            plain.instance.rename(found->fid, root->fid, "fresh", then);
        }));
        CHECK(plain.server.changed == "fresh");
        CHECK(plain.server.count("Twstat") == 2);
        CHECK(plain.call<ninep::Opened>([&](const auto& then) {
            plain.instance.open(found->fid, {.read = true, .write = true, .truncate = true}, then);
        }));
        CHECK(plain.server.opened_with.back() == 0x12);

        Pair linux(Dialect::linux);
        root = linux.attach();
        found = linux.walk(root->fid, {"srv", "web", "who"});
        CHECK(linux.call<ninep::Done>(
            [&](const auto& then) { linux.instance.change(found->fid, mode, then); }));
        CHECK(linux.server.mode_set == 0700U);
        CHECK(linux.call<ninep::Done>([&](const auto& then) {
            linux.instance.rename(found->fid, root->fid, "fresh", then);
        }));
        CHECK(linux.server.count("Trename") == 1);
        CHECK(linux.call<ninep::Opened>([&](const auto& then) {
            linux.instance.open(found->fid, {.write = true, .truncate = true}, then);
        }));
        CHECK(linux.server.opened_with.back() == 01001);
    }

    TEST_CASE("a directory that a 9P2000 client creates is made, walked to and opened in .L") {
        Pair pair(Dialect::linux);
        const auto root = pair.attach();
        const auto at = pair.walk(root->fid, {"srv"});
        const auto made = pair.call<ninep::Opened>([&](const auto& then) {
            pair.instance.create(
                at->fid, {.name = "fresh", .mode = ninep::s_ifdir | 0755U, .open = {.read = true}},
                then);
        });
        REQUIRE(made);
        CHECK(made->qid.is_directory());
        CHECK(pair.server.fids[at->fid] == "/srv/fresh");
        pair.clunk(at->fid);
        pair.clunk(root->fid);
        check_nothing_left(pair);
    }

    TEST_CASE("ORCLOSE at a server of .L is a remove in the place of the clunk") {
        Pair pair(Dialect::linux);
        const auto root = pair.attach();
        const auto at = pair.walk(root->fid, {"srv", "web", "who"});
        CHECK(pair.call<ninep::Opened>([&](const auto& then) {
            pair.instance.open(at->fid, {.read = true, .remove_on_clunk = true}, then);
        }));
        pair.clunk(at->fid);
        CHECK(pair.server.files_.count("/srv/web/who") == 0);
        pair.clunk(root->fid);
        check_nothing_left(pair);
    }

    TEST_CASE("in 9P2000 a directory is made and a file removed as .L asks for it") {
        Pair pair(Dialect::plain);
        const auto root = pair.attach();
        const auto at = pair.walk(root->fid, {"srv", "web"});
        ninep::Message request;
        request.type = ninep::Type::tmkdir;
        request.fid = at->fid;
        request.name = "fresh";
        request.perm = 0755;
        const auto special = [&] {
            return pair.call<Instance::Special>(
                [&](const auto& then) { pair.instance.special(request, then); });
        };
        auto answer = special();
        REQUIRE(answer);
        CHECK(answer->answer.message.type == ninep::Type::rmkdir);
        CHECK(answer->answer.message.qid.is_directory());
        request.type = ninep::Type::tunlinkat;
        request.name = "who";
        request.flags = 0x200;
        CHECK(special().error().code == "ENOTDIR");
        request.flags = 0;
        CHECK(special());
        CHECK(pair.server.files_.count("/srv/web/who") == 0);
        request.type = ninep::Type::treadlink;
        CHECK(special().error().code == "EOPNOTSUPP");
        pair.clunk(at->fid);
        pair.clunk(root->fid);
        check_nothing_left(pair);
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

    TEST_CASE("a directory's entries are whole, have names, and lead on") {
        struct Row {
            const char* name;
            std::uint64_t next;
        };
        for (const Row& row : std::vector<Row>{{"a/b", 1}, {"", 1}, {"fine", 0}, {"fine", 7}}) {
            base::Bytes data;
            ninep::append_entry(data, {{}, row.next, 8, row.name});
            CHECK_FALSE(ninep::entries_in_linux(data, 7));
        }
        base::Bytes whole;
        ninep::Stat stat;
        stat.name = "fine";
        ninep::append_stat(whole, stat);
        CHECK(ninep::entries_in_plain(whole, 0));
        for (std::size_t cut = 1; cut < whole.size(); ++cut) {
            CHECK_FALSE(ninep::entries_in_plain(base::ByteView(whole).first(cut), 0));
        }
        stat.name = "no/name";
        base::Bytes bad;
        ninep::append_stat(bad, stat);
        CHECK_FALSE(ninep::entries_in_plain(bad, 0));
    }
}
