// How an instance of a 9P service fares: attaching, probes, silence, lies.
#include "tests/ninep/mount_shell.h"

using namespace jetway;
using namespace std::chrono_literals;
using ninep::Dialect;
using ninep::File;
using tests::check_sound;
using tests::FakeServer;
using tests::Flushable;
using tests::instance;
using tests::Shell;

TEST_SUITE("ninep.backend") {
    TEST_CASE("a server of exports is attached to by its path") {
        Shell shell({instance(1)}, Dialect::linux);
        shell.servers[1]->wants_export = true;
        CHECK(shell.who() == "1");
        CHECK(shell.who("bootes") == "1");
        CHECK(shell.servers[1]->users == std::vector<std::string>{"glenda", "bootes"});
        check_sound(shell);
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
}
