// The files under /svc, as a client of either dialect sees them: the router's own.
#include "tests/ninep/tree_client.h"

using namespace jetway;
using namespace jetway::tests;

namespace {

using Names = std::vector<std::string>;

std::string truncation(const TreeClient& c, unsigned tag, unsigned fid) {
    if (c.linux()) {
        return wire(26, tag, u32(fid), u32(0x68), u32(0), u32(0), u32(0), u64(0), u64(0), u64(0),
                    u64(0), u64(0));
    }
    const std::string stat = u16(0xffff) + u32(0xffff'ffff) + u8(0xff) + u32(0xffff'ffff) +
                             u64(0xffff'ffff'ffff'ffff) + u32(0xffff'ffff) + u32(0xffff'ffff) +
                             u32(0xffff'ffff) + u64(0) + s("") + s("") + s("") + s("");
    return wire(126, tag, u32(fid), u16(stat.size() + 2), s(stat));
}

}  // namespace

TEST_SUITE("ninep.tree") {
    TEST_CASE("the root has a directory for each service, and `route`") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            mesh.serve("web");
            mesh.serve("gpu");
            mesh.serve("route");  // whose place the router has
            TreeClient c(mesh, dialect);
            c.go(1, {});
            Names expected = {"route", "gpu", "web"};
            if (c.linux()) {
                expected.insert(expected.begin(), {".", ".."});
            }
            CHECK(c.names(1) == expected);
            CHECK_FALSE(c.exists({"nothing"}));
        }
    }

    TEST_CASE("the listing is the one of the open, whatever registers meanwhile") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            mesh.serve("web");
            TreeClient c(mesh, dialect);
            c.go(1, {});
            mesh.serve("aaa");
            const Names before = c.names(1);
            CHECK(std::count(before.begin(), before.end(), "aaa") == 0);
            c.go(2, {});
            const Names after = c.names(2);
            CHECK(std::count(after.begin(), after.end(), "aaa") == 1);
        }
    }

    TEST_CASE("a directory comes with the first instance and goes with the last") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            TreeClient c(mesh, dialect);
            CHECK_FALSE(c.exists({"web"}));
            CHECK_FALSE(c.exists({"route", "service", "web"}));
            mesh.serve("web");
            CHECK(c.exists({"web", "request"}));
            CHECK(c.exists({"route", "service", "web", "inst", "a.1", "health"}));
            mesh.end("web");
            CHECK_FALSE(c.exists({"web"}));
            CHECK_FALSE(c.exists({"route", "service", "web"}));
        }
    }

    TEST_CASE("files still open when their service goes answer that they have been removed") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            mesh.serve("web");
            TreeClient c(mesh, dialect);
            c.go(1, {"web", "health"});
            c.go(2, {"web", "request"}, 2);
            c.go(3, {"web", "clone"}, 2);
            c.go(4, {"web", "0", "data"}, 2);
            CHECK(c.raw(c.walk(900, 0, 5, {"web", "request"})).size() == 9 + 26);
            mesh.end("web");
            const std::string removed = c.refused(1, "file has been removed", 2);
            CHECK(c.ask(c.read(1, 1, 0, 10)) == removed);
            CHECK(c.ask(c.read(1, 2, 0, 10)) == removed);
            CHECK(c.ask(TreeClient::write(1, 2, 0, "x")) == removed);
            CHECK(c.ask(TreeClient::write(1, 4, 0, "x")) == removed);
            CHECK(c.ask(c.read(1, 4, 0, 10)) == removed);
            CHECK(c.ask(c.open(1, 5, 2)) == removed);
            for (unsigned fid = 1; fid <= 5; ++fid) {
                CHECK(c.ask(TreeClient::clunk(1, fid)) == TreeClient::clunked(1));
            }
            CHECK(mesh.sent.empty());
        }
    }

    TEST_CASE("qid.path is the same for the same path, and no two files' is equal") {
        Mesh mesh;
        mesh.serve("web");
        mesh.serve("gpu");
        TreeClient c(mesh, Dialect::plain);
        std::map<std::string, std::string> seen;  // qid -> path
        const auto look = [&](std::initializer_list<std::string_view> path) {
            const std::string qid = c.raw(c.walk(1, 0, 1, path)).substr(9 + 13 * (path.size() - 1));
            REQUIRE(qid.size() == 13);
            c.raw(TreeClient::clunk(1, 1));
            std::string text;
            for (const std::string_view name : path) {
                text += "/" + std::string(name);
            }
            CHECK(seen.emplace(qid, text).first->second == text);
        };
        for (int twice = 0; twice < 2; ++twice) {
            for (const std::string_view service : {"web", "gpu"}) {
                look({service});
                for (const std::string_view file :
                     {"request", "clone", "health", "policy", "instances"}) {
                    look({service, file});
                }
                look({"route", "service", service, "inst", "a.1", "health"});
            }
            look({"route"});
            for (const std::string_view file : {"ctl", "policy", "log", "event", "events"}) {
                look({"route", file});
            }
        }
    }

    TEST_CASE("a text stays as it was at its open, and reports its true length and version 0") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            mesh.serve("web");
            TreeClient c(mesh, dialect);
            c.go(1, {"web", "instances"});
            const std::string before = "a.1 up 0 0 1 - -\n";
            CHECK(c.text({"web", "instances"}) == before);
            mesh.services[0].instances.push_back(Mesh::instance("b", 7));
            mesh.services[0].instances.back().hops = 2;
            CHECK(c.ask(c.read(1, 1, 0, 1'000)) == TreeClient::got(1, before));
            CHECK(c.text({"web", "instances"}) == before + "b.7 up 2 0 1 - -\n");
            const std::string stat = c.raw(c.stat(1, 1));
            const std::size_t length = c.linux() ? 7 + 8 + 13 + 12 + 16 : 7 + 2 + 41 - 8;
            CHECK(stat.substr(length, 8) == u64(before.size()));
            CHECK(stat.substr(c.linux() ? 16 : 7 + 2 + 9, 4) == u32(0));
        }
    }

    TEST_CASE(
        "commands are done whole, whatever their offset, and the last newline may be missing") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            mesh.serve("web");
            TreeClient c(mesh, dialect);
            c.go(1, {"route", "ctl"}, 1);
            const std::string lines = "register web 10.0.0.2:564\n# a comment\n\ndrain web";
            CHECK(c.ask(TreeClient::write(1, 1, 77, lines)) == c.written(1, lines.size()));
            CHECK(mesh.commands == Names{"register", "drain"});
            c.go(2, {"web", "policy"}, 1);
            CHECK(c.ask(TreeClient::write(1, 2, 0, "least-conn\n")) == c.written(1, 11));
            c.go(3, {"route", "policy"}, 1);
            CHECK(c.ask(TreeClient::write(1, 3, 0, "web random\n")) == c.written(1, 11));
            CHECK(mesh.commands == Names{"register", "drain", "policy", "policy"});
        }
    }

    TEST_CASE("a wrong command is refused in words, and none of the lines is done") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            TreeClient c(mesh, dialect);
            c.go(1, {"route", "ctl"}, 2);
            const std::string why =
                "`dereg web`: expected register, deregister, policy, drain, undrain or health";
            CHECK(c.ask(TreeClient::write(1, 1, 0, "drain web\ndereg web\n")) ==
                  c.refused(1, why, 22));
            CHECK(mesh.commands.empty());
            CHECK(c.text({"route", "ctl"}) == "# last error: " + why + "\n");
            mesh.refuses = "undrain";
            CHECK(c.ask(TreeClient::write(1, 1, 0, "drain web\nundrain web\n")) ==
                  c.refused(1, "undrain: not today", 22));
            CHECK(mesh.commands.empty());
            CHECK(c.text({"route", "ctl"}) == "# last error: undrain: not today\n");
            TreeClient other(mesh, dialect);
            CHECK(other.text({"route", "ctl"}).empty());
            // No half line is carried over.
            CHECK(c.ask(TreeClient::write(1, 1, 0, "drain w")) == c.written(1, 7));
            CHECK(c.ask(TreeClient::write(1, 1, 7, "eb\n")) ==
                  c.refused(1,
                            "`eb`: expected register, deregister, policy, drain, undrain or "
                            "health",
                            22));
        }
    }

    TEST_CASE("opening with OTRUNC and truncating afterwards does nothing, and succeeds") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            mesh.serve("web");
            TreeClient c(mesh, dialect);
            unsigned fid = 0;
            for (const auto& path : std::initializer_list<std::initializer_list<std::string_view>>{
                     {"route", "ctl"},
                     {"route", "policy"},
                     {"web", "policy"},
                     {"web", "request"},
                     {"route", "explain"}}) {
                c.go(++fid, path, 1 | (c.linux() ? 01000 : 0x10));
                CHECK(c.ask(truncation(c, 1, fid)) == line(c.linux() ? 27 : 127, 1));
            }
            CHECK(mesh.commands.empty());
        }
    }

    TEST_CASE("who may not change the router is refused by every file that does, and by no other") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            mesh.serve("web");
            TreeClient c(mesh, dialect, false);
            const std::uint32_t truncate = c.linux() ? 01000 : 0x10;
            for (const auto& path : std::initializer_list<std::initializer_list<std::string_view>>{
                     {"route", "ctl"},
                     {"route", "policy"},
                     {"web", "policy"},
                     {"route", "service", "web", "policy"}}) {
                for (const std::uint32_t mode : {1U, 2U, truncate, truncate | 1U}) {
                    const std::string walked = c.raw(c.walk(1, 0, 1, path));
                    CHECK(c.ask(c.open(1, 1, mode)) == c.refused(1, "permission denied", 13));
                    c.raw(TreeClient::clunk(1, 1));
                }
                c.go(1, path, 0);
                c.raw(TreeClient::clunk(1, 1));
            }
            c.go(2, {"web", "request"}, 2);
            c.go(3, {"web", "clone"}, 2);
            c.go(4, {"route", "explain"}, 2);
            CHECK(c.ask(TreeClient::write(1, 2, 0, "x")) == c.written(1, 1));
            CHECK(c.ask(TreeClient::write(1, 3, 0, "timeout 5s")) == c.written(1, 10));
            CHECK(mesh.commands.empty());
            CHECK(c.ask(c.create(1, 0, "new")) == c.refused(1, "permission denied", 13));
            CHECK(c.ask(wire(122, 1, u32(2))) == c.refused(1, "permission denied", 13));
        }
    }

    TEST_CASE("a right that is lost after the open is lost") {
        Mesh mesh;
        TreeClient c(mesh, Dialect::plain);
        c.go(1, {"route", "ctl"}, 1);
        c.who->may_change = false;
        CHECK(c.ask(TreeClient::write(1, 1, 0, "drain web")) ==
              c.refused(1, "permission denied", 13));
        CHECK(mesh.commands.empty());
    }

    TEST_CASE("texts may not be written, nor anything be removed on clunk") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            mesh.serve("web");
            TreeClient c(mesh, dialect);
            CHECK_FALSE(c.can_open(1, {"web", "health"}, 1));
            CHECK_FALSE(c.can_open(2, {"route", "log"}, 2));
            CHECK_FALSE(c.can_open(3, {"route", "stats"}, c.linux() ? 01000 : 0x10));
            CHECK_FALSE(c.can_open(4, {"route", "event"}, 2));
            if (!c.linux()) {
                CHECK_FALSE(c.can_open(5, {"route", "ctl"}, 0x40 | 2));
                CHECK_FALSE(c.can_open(6, {"route", "ctl"}, 3));
            }
        }
    }

    TEST_CASE("`ctl` reads as the commands that rebuild the present state") {
        Mesh mesh;
        mesh.serve("gpu");
        mesh.serve("web");
        mesh.services[1].instances[0].ninep = "10.0.0.2:564/srv/web";
        mesh.services[1].instances[0].weight = 2;
        mesh.services[1].instances[0].version = "v2";
        mesh.services[0].instances[0].health = envelope::Health::draining;
        TreeClient c(mesh, Dialect::plain);
        CHECK(c.text({"route", "ctl"}) ==
              "drain gpu\nregister web 10.0.0.2:564/srv/web weight=2 version=v2\n"
              "policy gpu nearest\npolicy web nearest\n");
    }

    TEST_CASE("`..` leads up, from anywhere, and the root's is the root") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            mesh.serve("web");
            TreeClient c(mesh, dialect);
            CHECK(c.exists({"web", "..", "..", "route", "service", "web", "inst", "a.1", "..", "..",
                            "..", "..", "..", "web", "request"}));
            CHECK_FALSE(c.exists({"web", "request", ".."}));
        }
    }
}
