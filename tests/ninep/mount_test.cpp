// The files of services whose instances are 9P servers: which instance, failover, `..`, qids.
#include "tests/ninep/mount_shell.h"

using namespace jetway;
using namespace std::chrono_literals;
using ninep::Dialect;
using ninep::File;
using tests::Above;
using tests::check_sound;
using tests::FakeServer;
using tests::Flushable;
using tests::instance;
using tests::Shell;

TEST_SUITE("ninep.mount") {
    TEST_CASE("a file is that of an instance, chosen anew for each walk from the root") {
        for (const Dialect dialect : {Dialect::plain, Dialect::linux}) {
            Shell shell({instance(1), instance(2), instance(3)}, dialect);
            std::map<std::string, int> seen;
            for (int i = 0; i < 9; ++i) {
                ++seen[shell.who()];
            }
            CHECK(seen == std::map<std::string, int>{{"1", 3}, {"2", 3}, {"3", 3}});
            check_sound(shell);
            CHECK(shell.at.size() == 3);  // one connection an instance
        }
    }

    TEST_CASE("what is sticky goes to one instance for a user, and each user attaches once") {
        Shell shell({instance(1), instance(2), instance(3)}, Dialect::plain, "sticky uname");
        for (const char* user : {"ann", "bob", "cid"}) {
            const std::string first = shell.who(user);
            for (int i = 0; i < 5; ++i) {
                CHECK(shell.who(user) == first);
            }
        }
        std::size_t attached = 0;
        for (const auto& [port, server] : shell.servers) {
            attached += server->users.size();
        }
        CHECK(attached == 3);
    }

    TEST_CASE("without a healthy instance the answer is an error, at once") {
        Shell shell({instance(1), instance(2)});
        shell.refused = {1, 2};
        CHECK(shell.who() == "EHOSTUNREACH");
        const std::unique_ptr<File> root = shell.root();
        const auto found = shell.walk(*root, {"who"});
        CHECK(found.error().detail.starts_with("no-instance: "));
        CHECK(shell.mounts.take_effects().connects.empty());
    }

    TEST_CASE("an open file is found again at another instance, and read on") {
        for (const Dialect dialect : {Dialect::plain, Dialect::linux}) {
            Shell shell({instance(1), instance(2)}, dialect);
            const std::unique_ptr<File> root = shell.root();
            auto found = shell.walk(*root, {"who"});
            REQUIRE(found);
            const ninep::Qid before = found->qids[0];
            REQUIRE(shell.open(*found->file, {.read = true}));
            const std::string first = shell.read(*found->file);
            shell.kill(first == "1" ? 1 : 2);
            CHECK(shell.read(*found->file) == (first == "1" ? "2" : "1"));
            CHECK(found->file->qid() == before);
            found->file.reset();
            check_sound(shell);
        }
    }

    TEST_CASE(
        "what is in flight when an instance goes: read again, or EIO where it had an effect") {
        Shell shell({instance(1), instance(2)});
        const auto silent = [&](bool on) {
            for (auto& [port, server] : shell.servers) {
                server->before = [on](const ninep::Message& request) {
                    const bool waits =
                        request.type == ninep::Type::tread || request.type == ninep::Type::twrite;
                    return on && waits ? FakeServer::Do::silence : FakeServer::Do::answer;
                };
            }
        };
        for (const bool write : {false, true}) {
            const std::unique_ptr<File> root = shell.root();
            auto found = shell.walk(*root, {"who"});
            REQUIRE(shell.open(*found->file, {.read = true, .write = write}));
            std::string result;
            silent(true);
            const auto pending = std::make_shared<Flushable>();
            if (write) {
                found->file->write(0, {'x'}, {pending, [&](base::Result<std::uint32_t> done) {
                                                  result = done ? "fine" : done.error().code;
                                              }});
            } else {
                found->file->read(0, 10, {pending, [&](base::Result<base::Bytes> bytes) {
                                              result = bytes ? "fine" : bytes.error().code;
                                          }});
            }
            shell.run();
            CHECK(result.empty());
            silent(false);
            shell.kill(shell.servers[1]->open.empty() ? 2 : 1);
            shell.run();
            CHECK(result == (write ? "EIO" : "fine"));
            shell.refused.clear();
            for (int i = 0; i < 5; ++i) {
                shell.pass(1s);
            }
        }
    }

    TEST_CASE("a file that was truncated, created or written to isn't looked for elsewhere") {
        Shell shell({instance(1), instance(2)});
        const std::unique_ptr<File> root = shell.root();
        auto found = shell.walk(*root, {"who"});
        REQUIRE(shell.open(*found->file, {.write = true, .truncate = true}));
        shell.kill(shell.servers[1]->open.empty() ? 2 : 1);
        CHECK(shell.read(*found->file) == "EIO");
        CHECK(shell.servers[1]->opened_with.size() + shell.servers[2]->opened_with.size() == 1);
    }

    TEST_CASE("`..` is resolved here, and above the root it is the parent's") {
        Shell shell({instance(1)});
        const std::unique_ptr<File> root = shell.root();
        auto found = shell.walk(*root, {"dir", "..", "dir", "file101"});
        REQUIRE(found);
        CHECK(found->qids.size() == 4);
        CHECK(found->qids[0] == found->qids[2]);
        CHECK(found->qids[1] == root->qid());
        REQUIRE(found->file != nullptr);

        auto up = shell.walk(*found->file, {".."});
        CHECK(up.error().code == "ENOTDIR");
        auto directory = shell.walk(*root, {"dir"});
        auto out = shell.walk(*directory->file, {"..", "..", "other"});
        REQUIRE(out);
        CHECK(out->qids.size() == 3);
        CHECK(out->qids[1].path == 77);
        CHECK(out->qids[2].path == 78);
        CHECK(out->file != nullptr);
        auto partly = shell.walk(*directory->file, {"..", "nothing"});
        REQUIRE(partly);
        CHECK(partly->qids.size() == 1);
        CHECK(partly->file == nullptr);
        CHECK(shell.walk(*directory->file, {"nothing", ".."}).error().code == "ENOENT");
        found->file.reset();
        directory->file.reset();
        check_sound(shell);
    }

    TEST_CASE(
        "a directory is listed whole, from any place, with attributes where they are wanted") {
        for (const Dialect dialect : {Dialect::plain, Dialect::linux}) {
            Shell shell({instance(1)}, dialect);
            const std::unique_ptr<File> root = shell.root();
            auto found = shell.walk(*root, {"dir"});
            REQUIRE(shell.open(*found->file, {.read = true}));
            std::vector<std::string> names;
            std::set<std::uint64_t> qids;
            ninep::DirectoryRead what{.cookie = 0, .bytes = 500, .about = true};
            for (;;) {
                const auto some = shell.call<std::vector<ninep::DirectoryEntry>>(
                    [&](const auto& reply) { found->file->read_directory(what, reply); });
                REQUIRE(some);
                if (some->empty()) {
                    break;
                }
                for (const ninep::DirectoryEntry& entry : *some) {
                    names.push_back(entry.name);
                    qids.insert(entry.qid.path);
                    CHECK(entry.about.mode == 0100644U);
                    CHECK(entry.about.qid == entry.qid);
                }
                what.cookie = some->back().next;
            }
            CHECK(names.size() == 40);
            CHECK(qids.size() == 40);
            what.cookie = 38;
            const auto last = shell.call<std::vector<ninep::DirectoryEntry>>(
                [&](const auto& reply) { found->file->read_directory(what, reply); });
            CHECK(last->size() == 2);
            found->file.reset();
            check_sound(shell);
        }
    }

    TEST_CASE("a client that is gone, or flushes, leaves nothing at the instance") {
        Shell shell({instance(1)});
        const std::unique_ptr<File> root = shell.root();
        auto found = shell.walk(*root, {"who"});
        REQUIRE(shell.open(*found->file, {.read = true}));
        shell.servers[1]->before = [](const ninep::Message& request) {
            return request.type == ninep::Type::tread ? FakeServer::Do::silence
                                                      : FakeServer::Do::answer;
        };
        std::string result;
        const auto pending = std::make_shared<Flushable>();
        const auto read = [&] {
            found->file->read(0, 10, {pending, [&](base::Result<base::Bytes> bytes) {
                                          result = bytes ? "fine" : bytes.error().code;
                                      }});
            shell.run();
        };
        read();
        pending->flush();
        shell.run();
        CHECK(result == "EINTR");
        CHECK(shell.servers[1]->count("Tflush") == 1);
        read();
        found->file.reset();
        shell.run();
        CHECK(shell.servers[1]->count("Tflush") == 2);
        check_sound(shell);
    }

    TEST_CASE("files of a service that is gone say so, and its connections end") {
        Shell shell({instance(1)});
        const std::unique_ptr<File> root = shell.root();
        auto found = shell.walk(*root, {"who"});
        REQUIRE(shell.open(*found->file, {.read = true}));
        shell.mounts.update({}, shell.now);
        const auto about =
            shell.call<ninep::About>([&](const auto& reply) { found->file->about(reply); });
        CHECK(about.error().code == "EIDRM");
        CHECK(shell.root() == nullptr);
        CHECK(shell.at.size() == 1);
        found->file.reset();
        shell.run();
        CHECK(shell.at.empty());
    }

    TEST_CASE("one instance by name is never another") {
        Shell shell({instance(1), instance(2)});
        for (int i = 0; i < 3; ++i) {
            const std::unique_ptr<File> root = shell.mounts.instance_root(
                "web", "machine-2.1", {"glenda", 7}, [] { return std::make_unique<Above>(); });
            REQUIRE(root);
            auto found = shell.walk(*root, {"who"});
            REQUIRE(found);
            REQUIRE(shell.open(*found->file, {.read = true}));
            CHECK(shell.read(*found->file) == "2");
            shell.kill(2);
            CHECK(shell.read(*found->file) == "EHOSTUNREACH");
            shell.refused.clear();
        }
        CHECK(shell.mounts.instance_root("web", "machine-9.1", {}, {}) == nullptr);
    }

    TEST_CASE("least-conn favours the instance with fewer files open") {
        Shell shell({instance(1), instance(2)}, Dialect::plain, "least-conn");
        std::vector<std::unique_ptr<File>> held;
        const std::unique_ptr<File> root = shell.root();
        for (int i = 0; i < 10; ++i) {
            auto found = shell.walk(*root, {"who"});
            held.push_back(std::move(found->file));
        }
        CHECK(shell.left(1) == 5);
        CHECK(shell.left(2) == 5);
    }

    TEST_CASE("a file that takes another's place has another qid, the same file keeps its own") {
        ninep::Qids qids(4);
        const std::vector<std::string> path = {"a", "b"};
        const ninep::Qid first = qids.of("web", path, 2, 1, {0, 0, 10});
        CHECK(qids.of("web", path, 2, 1, {0, 0, 10}) == first);
        CHECK(qids.of("web", path, 2, 2, {0, 0, 99}) == first);  // at another instance
        CHECK(qids.of("web", path, 2, 2, {0, 0, 98}).path != first.path);
        CHECK(qids.of("web", path, 1, 1, {0, 0, 10}).path != first.path);
        CHECK(qids.of("other", path, 2, 1, {0, 0, 10}).path != first.path);
        CHECK(qids.of("web", {"ab"}, 1, 1, {}).path != qids.of("web", {"a", "b"}, 2, 1, {}).path);
        for (std::uint64_t i = 0; i < 100; ++i) {
            static_cast<void>(qids.of("web", {std::to_string(i)}, 1, 1, {0, 0, i}));
        }
        CHECK(qids.remembered() == 4);
    }
}
