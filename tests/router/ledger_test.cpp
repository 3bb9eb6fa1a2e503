// The request `ledger`: its sums are those of the counters, whoever comes and goes.
#include "tests/router/asking.h"

namespace jetway::router::testing {

namespace {

using nlohmann::json;

json ledger(Peer& asker, const std::string& machine) {
    return asker.ask("router@" + machine, request("ledger")).json();
}

std::uint64_t sum(const json& rows, const char* key) {
    std::uint64_t all = 0;
    for (const json& row : rows) {
        all += row[key].get<std::uint64_t>();
    }
    return all;
}

void check_sums(const json& books) {
    const json& counters = books["counters"];
    const json& gone = books["gone"];
    CHECK(counters["received"] == sum(books["links"], "received") +
                                      sum(books["terminals"], "sent") +
                                      gone["received"].get<std::uint64_t>());
    CHECK(counters["forwarded"] == sum(books["links"], "sent") + gone["sent"].get<std::uint64_t>());
    CHECK(counters["delivered"] ==
          sum(books["terminals"], "delivered") + gone["delivered"].get<std::uint64_t>() +
              books["taken"].get<std::uint64_t>() + books["reflected"].get<std::uint64_t>());
}

}  // namespace

TEST_SUITE("router.ledger") {
    TEST_CASE("links, terminals and what is gone add up to the counters") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.add("b");
        Peer& web = mesh.service("b", {"web"});
        Peer& asker = mesh.service("a");
        mesh.wait(seconds(1));
        for (int i = 0; i < 5; ++i) {
            asker.send("web");
        }
        asker.send("echo");
        asker.send("echo@b");
        asker.send("nobody");
        mesh.wait(milliseconds(20));
        asker.envelopes();
        CHECK(web.envelopes().size() == 5);
        for (const std::string machine : {"a", "b"}) {
            CAPTURE(machine);
            const json books = ledger(asker, machine);
            CHECK(books["schema"] == "jetway.ledger/1");
            check_sums(books);
        }
        const json there = ledger(asker, "b");
        const json here = ledger(asker, "a");
        CHECK(row(there["services"], "name", "web")["delivered"] == 5);
        CHECK(row(here["services"], "name", "nobody")["refused"]["no-route"] == 1);
        CHECK(row(there["links"], "machineId", "a")["session"] ==
              row(here["links"], "machineId", "b")["session"]);

        web.hang_up();
        mesh.cut("a", "b");
        mesh.mend("a", "b");
        mesh.wait(seconds(3));
        for (const std::string machine : {"a", "b"}) {
            CAPTURE(machine);
            check_sums(ledger(asker, machine));
        }
    }
}

}  // namespace jetway::router::testing
