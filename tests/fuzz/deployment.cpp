// deployment.yml: options or problems, never both, and problems that stand in the text.
#include "config/deployment.h"

#include <algorithm>

#include "config/reload.h"
#include "envelope/address.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

void check_problems(const std::vector<config::Problem>& problems, std::string_view text) {
    const auto lines =
        2 + std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r');
    int line = 1;
    for (const config::Problem& problem : problems) {
        ensure(problem.line >= line, "problems stand in the order of their lines");
        ensure(problem.column >= 1 && problem.line <= lines, "a problem stands in the text");
        ensure(!problem.text.empty(), "a problem says what is wrong");
        line = problem.line;
    }
    ensure(problems.size() <= config::Problems::max_kept + 1, "problems are bounded");
}

void check_machine(const config::MachineConfig& machine, const config::Deployment& all) {
    ensure(envelope::valid_name(machine.name) && machine.router.machine == machine.name,
           "a machine has a well formed name");
    for (const config::LinkConfig& link : machine.links) {
        ensure(all.find(link.peer) != nullptr && link.peer != machine.name,
               "a link leads to another machine of the file");
        ensure(link.cost >= 1 && link.cost < 65'535, "a cost is in its range");
    }
    for (const router::ConfiguredService& service : machine.router.services) {
        ensure(envelope::valid_name(service.name) && !envelope::reserved_name(service.name),
               "a service has a well formed name");
    }
    const config::Reload same = config::compare(machine, machine);
    ensure(same.nothing() && config::describe(same).empty(), "what is the same has not changed");
    static_cast<void>(config::insecure_listeners(machine));
}

}  // namespace

void deployment(base::ByteView bytes) {
    const std::string_view text = base::as_text(bytes);
    const config::Checked checked = config::parse_deployment(text);
    ensure(checked.deployment.has_value() == checked.problems.empty(), "options or problems");
    check_problems(checked.problems, text);
    if (!checked.deployment) {
        return;
    }
    for (const config::MachineConfig& machine : checked.deployment->machines) {
        ensure(checked.deployment->find(machine.name) == &machine, "names are unique");
        check_machine(machine, *checked.deployment);
    }
    const config::Deployment here = config::map_to_loopback(*checked.deployment, nullptr);
    ensure(here.machines.size() == checked.deployment->machines.size(), "all are on one host");
    for (const config::MachineConfig& machine : here.machines) {
        ensure(config::insecure_listeners(machine).empty(), "and none listens beyond it");
    }
}

}  // namespace jetway::fuzz
