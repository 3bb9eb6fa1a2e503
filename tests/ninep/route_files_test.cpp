// `log`, `event`, `events` and `explain`, as a client of either dialect sees them.
#include "tests/ninep/tree_client.h"

using namespace jetway;
using namespace jetway::tests;

namespace {

base::Report report(std::string event, std::string value = "b") {
    return {base::Report::Level::info, std::move(event), {{"peer", std::move(value)}}};
}

}  // namespace

TEST_SUITE("ninep.route_files") {
    TEST_CASE("event parks, gives one batch of whole lines, then 0 bytes, then parks again") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            TreeClient c(mesh, dialect);
            mesh.happen(report("before"));
            c.go(1, {"route", "event"});
            CHECK(c.ask(c.read(1, 1, 0, 1'000)).empty());
            mesh.happen(report("link up"));
            CHECK(c.answers() == TreeClient::got(1, "2 link up peer=b\n"));
            CHECK(c.ask(c.read(1, 1, 17, 1'000)) == TreeClient::got(1, ""));
            mesh.happen(report("link down"));
            mesh.happen(report("said", "two words"));
            CHECK(c.ask(c.read(1, 1, 17, 1'000)) ==
                  TreeClient::got(1, "3 link down peer=b\n4 said peer=\"two words\"\n"));
            CHECK(c.ask(c.read(1, 1, 99, 1'000)) == TreeClient::got(1, ""));
            CHECK(c.ask(c.read(1, 1, 0, 1'000)).empty());
            CHECK(c.text({"route", "log"}) ==
                  "1 before peer=b\n2 link up peer=b\n3 link down peer=b\n"
                  "4 said peer=\"two words\"\n");
        }
    }

    TEST_CASE("events parks, and never gives 0 bytes") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            TreeClient c(mesh, dialect);
            c.go(1, {"route", "events"});
            std::uint64_t offset = 0;
            for (int i = 1; i <= 3; ++i) {
                CHECK(c.ask(c.read(1, 1, offset, 1'000)).empty());
                mesh.happen(report("link up"));
                const std::string line = std::to_string(i) + " link up peer=b\n";
                CHECK(c.answers() == TreeClient::got(1, line));
                offset += line.size();
            }
            CHECK(c.ask(c.read(1, 1, 0, 1'000)).empty());
        }
    }

    TEST_CASE("events have the numbers of the router's log, and those of debug are left out") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            TreeClient c(mesh, dialect);
            const base::Report debug{base::Report::Level::debug, "heard", {}};
            mesh.happen(debug);
            c.go(1, {"route", "events"});
            CHECK(c.ask(c.read(1, 1, 0, 1'000)).empty());
            mesh.happen(debug);
            CHECK(c.answers().empty());
            mesh.happen(report("link up"));
            CHECK(c.answers() == TreeClient::got(1, "3 link up peer=b\n"));
            mesh.happen(debug);
            CHECK(c.ask(c.read(1, 1, 0, 1'000)).empty());
            mesh.happen({base::Report::Level::warning, "held", {}});
            CHECK(c.answers() == TreeClient::got(1, "5 held\n"));
            CHECK(c.text({"route", "log"}) == "3 link up peer=b\n5 held\n");
        }
    }

    TEST_CASE("log gives the last 1'000 events that are kept") {
        Mesh mesh;
        TreeClient c(mesh, Dialect::plain);
        for (int i = 0; i < 1'005; ++i) {
            mesh.happen({base::Report::Level::info, "e", {}});
        }
        const std::string log = c.text({"route", "log"});
        CHECK(log.starts_with("6 e\n7 e\n"));
        CHECK(log.ends_with("\n1004 e\n1005 e\n"));
    }

    TEST_CASE("a long event is cut to a line of 1'024 bytes") {
        Mesh mesh;
        TreeClient c(mesh, Dialect::plain);
        const std::string longest(router::EventLog::longest_value, 'x');
        mesh.happen({base::Report::Level::info, "e", {{"a", longest}, {"b", longest}, {"c", ""}}});
        const std::string log = c.text({"route", "log"});
        CHECK(log.size() == 1'024);
        CHECK(log.ends_with("xx\n"));
    }

    TEST_CASE("a line with no room in a read is given in parts, and nothing is lost") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            TreeClient c(mesh, dialect);
            c.go(1, {"route", "event"});
            mesh.happen(report("link up"));
            mesh.happen(report("link down"));
            std::string all;
            for (std::string part = "x"; !part.empty(); all += part) {
                part = c.raw(c.read(1, 1, all.size(), 1)).substr(11);
                CHECK(part.size() <= 1);
            }
            CHECK(all == "1 link up peer=b\n");
            CHECK(c.ask(c.read(1, 1, 0, 1'000)) == TreeClient::got(1, "2 link down peer=b\n"));
        }
    }

    TEST_CASE("a slow reader of events is told how many it lost") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            TreeClient c(mesh, dialect);
            c.go(1, {"route", "events"});
            for (std::size_t i = 0; i < router::EventLog::most + 5; ++i) {
                mesh.happen(report("e"));
            }
            const std::string answer = c.raw(c.read(1, 1, 0, 100)).substr(11);
            CHECK(answer.starts_with("lost 5\n6 e peer=b\n7 e peer=b\n"));
            CHECK(answer.back() == '\n');
        }
    }

    TEST_CASE("a read of events that parks holds nothing, and ends by flush and by clunk") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            TreeClient c(mesh, dialect);
            c.go(1, {"route", "event"});
            CHECK(c.ask(c.read(1, 1, 0, 1'000) + c.read(2, 1, 0, 1'000)).empty());
            CHECK(c.text({"route", "log"}).empty());
            CHECK(c.ask(TreeClient::flush(3, 1)) == TreeClient::flushed(3));
            mesh.happen(report("link up"));
            CHECK(c.answers() == TreeClient::got(2, "1 link up peer=b\n"));
            CHECK(c.ask(c.read(1, 1, 0, 10)) == TreeClient::got(1, ""));
            CHECK(c.ask(c.read(1, 1, 0, 10) + TreeClient::clunk(2, 1)) ==
                  c.refused(1, "Interrupted system call", 4) + TreeClient::clunked(2));
            mesh.happen(report("link up"));
            CHECK(c.answers().empty());
        }
    }

    TEST_CASE("explain takes a destination, and gives the decision on the same open file") {
        for (const Dialect dialect : dialects) {
            Mesh mesh;
            TreeClient c(mesh, dialect);
            c.go(1, {"route", "explain"}, 2);
            CHECK(c.ask(c.read(1, 1, 0, 100)) == TreeClient::got(1, ""));
            CHECK(c.ask(TreeClient::write(1, 1, 0, "web\n")) == c.written(1, 4));
            const std::string decision = "destination web\ndecision a.1\n";
            CHECK(c.ask(c.read(1, 1, 4, 11)) == TreeClient::got(1, decision.substr(0, 11)));
            CHECK(c.ask(c.read(1, 1, 0, 100)) == TreeClient::got(1, decision.substr(11)));
            CHECK(c.ask(c.read(1, 1, 0, 100)) == TreeClient::got(1, ""));
            CHECK(c.ask(TreeClient::write(1, 1, 0, "nobody")) ==
                  c.refused(1, "no such destination: nobody", 22));
        }
    }
}
