#include "cli/live_reach.h"

#include <nlohmann/json.hpp>

#include "cli/find_router.h"
#include "cli/report.h"
#include "cli/view.h"
#include "client/control.h"
#include "console/fields.h"

namespace jetway::cli {

namespace {

// One router's own part of the mesh: its ways, and its services.
void add_answer(Reach& reach, const std::string& machine, const envelope::Json& answer) {
    for (const envelope::Json& way : console::list_at(answer, "ways")) {
        if (console::text_at(way, "state") == "selected") {
            reach.ways[{machine, console::text_at(way, "machineId")}] = {
                console::text_at(way, "neighbour"),
                static_cast<std::uint32_t>(console::number_at(way, "hops")),
                static_cast<std::uint32_t>(console::number_at(way, "cost"))};
        }
    }
}

// What the first router knows of everybody: who can be reached, with which services.
void add_machines(Reach& reach, const envelope::Json& answer) {
    for (const envelope::Json& machine : console::list_at(answer, "machines")) {
        if (!console::flag_at(machine, "reachable")) {
            continue;
        }
        const std::string name = console::text_at(machine, "machineId");
        reach.machines.push_back(name);
        for (const envelope::Json& service : console::list_at(machine, "services")) {
            reach.services[name].insert(console::text_at(service, "name"));
        }
    }
}

}  // namespace

std::optional<Reach> read_live_reach(const RouterOptions& options, int& exit_code) {
    client::Runtime runtime;
    const auto client = reach_router(runtime, options, {}, exit_code);
    if (!client) {
        return std::nullopt;
    }
    const auto ask = [&](const std::string& machine) {
        return client::control(*client, {"graph", {}, machine}, options.timeout);
    };
    const base::Result<envelope::Json> first = ask("");
    if (!first) {
        exit_code = fail("graph of router@" + client->machine_id(), first.error());
        return std::nullopt;
    }
    Reach reach;
    add_machines(reach, *first);
    add_answer(reach, client->machine_id(), *first);
    for (const std::string& machine : reach.machines) {
        if (machine == client->machine_id()) {
            continue;
        }
        if (const base::Result<envelope::Json> answer = ask(machine)) {
            add_answer(reach, machine, *answer);
        } else {
            reach.silent.insert(machine);
            complain("router@" + machine + " does not say what it reaches: " + answer.error().code +
                     "; nothing is compared from there");
        }
    }
    return reach;
}

}  // namespace jetway::cli
