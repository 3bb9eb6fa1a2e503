#include "ninep/mount.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <set>

#include "tests/ninep/fake_server.h"
#include "tests/ninep/start.h"

using namespace jetway;
using namespace std::chrono_literals;
using ninep::Dialect;
using ninep::File;
using ninep::Mounts;
using tests::FakeServer;

namespace {

// A request that somebody may flush.
class Flushable final : public ninep::Pending {
public:
    void park() override {}
    void overlap() override {}
    void on_flush(std::function<void()> flush) override { flush_ = std::move(flush); }
    bool dead() const override { return false; }
    void flush() {
        if (flush_) {
            flush_();
        }
    }

private:
    std::function<void()> flush_;
};

// The directory above a service.
class Above final : public File {
public:
    ninep::Qid qid() const override { return {ninep::qid_type::directory, 0, 77}; }
    void walk(const Names& names, ninep::Reply<ninep::Walked> reply) override {
        if (names.front() != "other") {
            return reply(ninep::error("ENOENT"));
        }
        reply(ninep::Walked{{{0, 0, 78}}, std::make_unique<Above>()});
    }
    void open(const ninep::OpenMode&, ninep::Reply<ninep::Opened> reply) override {
        reply(ninep::error("EACCES"));
    }
    void read(std::uint64_t, std::uint32_t, ninep::Reply<base::Bytes> reply) override {
        reply(ninep::error("EACCES"));
    }
    void write(std::uint64_t, base::Bytes, ninep::Reply<std::uint32_t> reply) override {
        reply(ninep::error("EACCES"));
    }
    void about(ninep::Reply<ninep::About> reply) override { reply(ninep::error("EACCES")); }
};

ninep::MountInstance instance(std::uint16_t port, bool here = false) {
    ninep::MountInstance made;
    made.machine = "machine-" + std::to_string(port);
    made.name = made.machine + ".1";
    made.address = *envelope::parse_ninep_address("10.0.0.1:" + std::to_string(port) + "/srv/web");
    made.here = here;
    return made;
}

// Mounts with their shell and the servers at its other end.
struct Shell {
    explicit Shell(std::vector<ninep::MountInstance> instances, Dialect dialect = Dialect::plain,
                   const std::string& policy = "round-robin")
        : instances_(std::move(instances)) {
        for (const ninep::MountInstance& each : instances_) {
            const std::uint16_t port = each.address.port;
            servers[port] = std::make_unique<FakeServer>(dialect);
            servers[port]->qid_base = port * 1'000'000ULL;
            servers[port]->files_["/srv/web/who"] = std::to_string(port);
        }
        update(policy);
    }
    void update(const std::string& policy = "round-robin") {
        mounts.update({{"web", *balance::parse_policy(policy), instances_}}, now);
    }
    void run() {
        for (bool moved = true; moved;) {
            moved = false;
            mounts.end_turn(now);
            Mounts::Effects effects = mounts.take_effects();
            for (const Mounts::Verdict& verdict : effects.verdicts) {
                verdicts.push_back(verdict.address + (verdict.healthy ? " up" : " out"));
            }
            for (const ninep::LinkId link : effects.closes) {
                at.erase(link);
                moved = true;
            }
            for (const Mounts::Connect& connect : effects.connects) {
                moved = true;
                const std::uint16_t port = connect.address.port;
                if (refused.count(port) == 1) {
                    mounts.on_connect_failed(connect.link, {"ECONNREFUSED", "refused"}, now);
                } else {
                    at[connect.link] = port;
                    mounts.on_connected(connect.link, now);
                }
            }
            for (const ninep::LinkId link : effects.writes) {
                const auto to = at.find(link);
                if (to == at.end()) {
                    continue;
                }
                moved = true;
                const base::Bytes answer = servers[to->second]->feed(mounts.take_output(link));
                if (!answer.empty()) {
                    mounts.on_bytes(link, answer, now);
                }
            }
        }
    }
    // The instance dies: nothing connects to it, and its connection is gone.
    void kill(std::uint16_t port) {
        refused.insert(port);
        for (auto link = at.begin(); link != at.end();) {
            const auto here = link++;
            if (here->second == port) {
                const ninep::LinkId id = here->first;
                at.erase(here);
                servers[port]->fids.clear();
                servers[port]->open.clear();
                mounts.on_closed(id, {"ECONNRESET", "reset"}, now);
            }
        }
    }
    void pass(base::Duration time) {
        now += time;
        mounts.on_deadline(now);
        run();
    }
    template <typename Value, typename Call>
    base::Result<Value> call(Call make) {
        auto result = std::make_shared<std::optional<base::Result<Value>>>();
        make(ninep::Reply<Value>(
            std::make_shared<Flushable>(),
            [result](base::Result<Value> value) { *result = std::move(value); }));
        run();
        REQUIRE(result->has_value());
        return std::move(**result);
    }
    std::unique_ptr<File> root(const std::string& uname = "glenda") {
        return mounts.service_root("web", {uname, 7}, [] { return std::make_unique<Above>(); });
    }
    base::Result<ninep::Walked> walk(File& from, const File::Names& names) {
        return call<ninep::Walked>([&](const auto& reply) { from.walk(names, reply); });
    }
    base::Result<ninep::Opened> open(File& file, const ninep::OpenMode& mode) {
        base::Result<ninep::Opened> opened =
            call<ninep::Opened>([&](const auto& reply) { file.open(mode, reply); });
        if (opened) {
            file.set_open(mode);
        }
        return opened;
    }
    std::string read(File& file) {
        const base::Result<base::Bytes> bytes =
            call<base::Bytes>([&](const auto& reply) { file.read(0, 4096, reply); });
        return bytes ? std::string(base::as_text(*bytes)) : bytes.error().code;
    }
    // What a fresh walk to `who` finds.
    std::string who(const std::string& uname = "glenda") {
        const std::unique_ptr<File> top = root(uname);
        base::Result<ninep::Walked> found = walk(*top, {"who"});
        if (!found || found->file == nullptr) {
            return found ? "not found" : found.error().code;
        }
        const base::Result<ninep::Opened> opened = open(*found->file, {.read = true});
        return opened ? read(*found->file) : opened.error().code;
    }
    // Fids at an instance, those of users' roots apart.
    std::size_t left(std::uint16_t port) {
        run();
        return static_cast<std::size_t>(
            std::count_if(servers[port]->fids.begin(), servers[port]->fids.end(),
                          [](const auto& fid) { return fid.second != "/srv/web"; }));
    }

    std::vector<ninep::MountInstance> instances_;
    base::Instant now = tests::start;
    std::map<std::uint16_t, std::unique_ptr<FakeServer>> servers;
    std::set<std::uint16_t> refused;
    std::map<ninep::LinkId, std::uint16_t> at;
    std::vector<std::string> verdicts;
    Mounts mounts{{}, base::Random(1)};
};

void check_sound(Shell& shell) {
    for (const auto& [port, server] : shell.servers) {
        CHECK(server->malformed.empty());
        CHECK(shell.left(port) == 0);
        CHECK(server->open.empty());
    }
}

}  // namespace

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

    TEST_CASE("a server of exports is attached to by its path") {
        Shell shell({instance(1)}, Dialect::linux);
        shell.servers[1]->wants_export = true;
        CHECK(shell.who() == "1");
        CHECK(shell.who("bootes") == "1");
        CHECK(shell.servers[1]->users == std::vector<std::string>{"glenda", "bootes"});
        check_sound(shell);
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

    TEST_CASE("a refused instance is out at once, and back after good probes") {
        Shell shell({instance(1), instance(2)});
        shell.refused = {1};
        for (int i = 0; i < 4; ++i) {
            CHECK(shell.who() == "2");
        }
        shell.refused = {};
        for (int i = 0; i < 4; ++i) {
            shell.pass(1s);
        }
        std::set<std::string> seen = {shell.who(), shell.who()};
        CHECK(seen == std::set<std::string>{"1", "2"});
        CHECK(shell.verdicts.empty());  // others say what their instances are
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

    TEST_CASE("an instance that breaks the protocol is out, and its clients go elsewhere") {
        Shell shell({instance(1), instance(2)});
        shell.servers[1]->lie = [](base::Bytes& bytes) { bytes[4] = 250; };
        for (int i = 0; i < 4; ++i) {
            CHECK(shell.who() == "2");
        }
        CHECK(shell.mounts.counters().broken == 1);
    }

    TEST_CASE("an instance that is registered here is probed, by its health file too") {
        Shell shell({instance(1, true)});
        shell.pass(0s);
        CHECK(shell.servers[1]->users == std::vector<std::string>{"nobody"});
        CHECK(shell.servers[1]->count("Tread") == 1);
        CHECK(shell.who() == "1");
        shell.servers[1]->files_["/srv/web/health"] = "failing\n";
        for (int i = 0; i < 60 && shell.verdicts.empty(); ++i) {
            shell.pass(500ms);
        }
        CHECK(shell.verdicts == std::vector<std::string>{"10.0.0.1:1/srv/web out"});
        CHECK(shell.who() == "EHOSTUNREACH");
        shell.servers[1]->files_["/srv/web/health"] = "OK, it is\n";
        for (int i = 0; i < 240 && shell.verdicts.size() == 1; ++i) {
            shell.pass(500ms);
        }
        CHECK(shell.verdicts.back() == "10.0.0.1:1/srv/web up");
        CHECK(shell.who() == "1");
        check_sound(shell);
    }

    TEST_CASE("an instance that forbids the prober its files is well") {
        for (const ninep::Type forbidden : {ninep::Type::tattach, ninep::Type::tstat}) {
            Shell shell({instance(1, true)});
            shell.servers[1]->forbids = forbidden;
            for (int i = 0; i < 20; ++i) {
                shell.pass(500ms);
            }
            CHECK(shell.servers[1]->count("Tattach") >= 1);
            CHECK(shell.verdicts.empty());
            shell.servers[1]->forbids = {};
            CHECK(shell.who() == "1");
        }
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

    TEST_CASE("a silent instance costs a request its time, and is out after three") {
        Shell shell({instance(1)});
        CHECK(shell.who() == "1");
        shell.servers[1]->before = [](const ninep::Message& request) {
            return request.type == ninep::Type::tstat ? FakeServer::Do::silence
                                                      : FakeServer::Do::answer;
        };
        const std::unique_ptr<File> root = shell.root();
        auto found = shell.walk(*root, {"who"});
        std::string result;
        found->file->about(
            {std::make_shared<Flushable>(), [&](const base::Result<ninep::About>& got) {
                 result = got ? "fine" : got.error().code;
             }});
        shell.run();
        CHECK(shell.mounts.next_deadline() <= shell.now + 30s);
        shell.pass(30s);
        CHECK(result == "ETIMEDOUT");
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
