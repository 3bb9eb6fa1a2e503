// What is asked of a 9P server, in either dialect, and what is left there.
#include <algorithm>

#include "ninep/entries.h"
#include "tests/ninep/pair.h"

using namespace jetway;
using ninep::Dialect;
using ninep::Instance;
using tests::check_nothing_left;
using tests::Pair;

TEST_SUITE("ninep.instance") {
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
