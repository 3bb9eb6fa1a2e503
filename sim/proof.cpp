#include "sim/proof.h"

#include <algorithm>

#include "sim/checker.h"

namespace jetway::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Duration longest_settling = seconds(60);
constexpr base::Duration between_looks = milliseconds(200);

// Until all is as it must be; what isn't, if it takes too long.
std::string settle(World& world, Checker& checker) {
    const base::Instant last = world.now() + longest_settling;
    std::string unsettled = "nothing was looked at";
    while (checker.violation().empty() && !unsettled.empty() && world.now() < last) {
        world.run_until(world.now() + between_looks);
        unsettled = checker.unsettled(world);
    }
    return checker.violation().empty() ? unsettled : checker.violation();
}

}  // namespace

Proof::Proof(Topology topology, router::Options options, std::size_t failures, std::size_t orders)
    : topology_(std::move(topology)), options_(std::move(options)), orders_(orders) {
    std::vector<Element> all;
    for (std::size_t link = 0; link < topology_.links.size(); ++link) {
        all.push_back({.is_link = true, .index = link});
    }
    for (std::size_t machine = 0; machine < topology_.machines.size(); ++machine) {
        all.push_back({.is_link = false, .index = machine});
    }
    // Every choice of up to `failures` of them, the smaller sets first.
    std::vector<std::vector<std::size_t>> last = {{}};
    for (std::size_t size = 1; size <= failures; ++size) {
        std::vector<std::vector<std::size_t>> grown;
        for (const std::vector<std::size_t>& set : last) {
            for (std::size_t next = set.empty() ? 0 : set.back() + 1; next < all.size(); ++next) {
                grown.push_back(set);
                grown.back().push_back(next);
            }
        }
        for (const std::vector<std::size_t>& set : grown) {
            std::vector<Element>& elements = sets_.emplace_back();
            for (const std::size_t index : set) {
                elements.push_back(all[index]);
            }
        }
        last = std::move(grown);
    }
}

std::string Proof::name_of(const Element& element) const {
    if (!element.is_link) {
        return "machine:" + topology_.machines[element.index].name;
    }
    const Link& link = topology_.links[element.index];
    return "link:" + topology_.machines[link.a].name + "-" + topology_.machines[link.b].name;
}

Proof::Outcome Proof::run(std::uint64_t number, bool story) const {
    Outcome outcome;
    outcome.number = number;
    const std::vector<Element>& set = sets_[number / orders_];
    base::Random random(number + 1);
    Topology topology = topology_;
    for (Link& link : topology.links) {  // who hears of what first is another in each run
        link.latency = std::chrono::microseconds(50 + random.below(20'000));
        link.jitter = std::chrono::microseconds(random.below(5'000));
    }
    World world(topology, options_, random.next());
    Checker checker({.loops = true, .envelopes = false, .story = story});
    world.observe(&checker);
    for (HostId host = 0; host < world.hosts(); ++host) {
        world.at(world.now() + milliseconds(random.below(500)),
                 [&world, host] { world.start(host, 1000); });
    }
    for (const Element& element : set) {
        outcome.failed += (outcome.failed.empty() ? "" : " ") + name_of(element);
    }
    world.run_until(world.now() + milliseconds(500));
    std::string wrong = settle(world, checker);
    base::Instant last = world.now();
    if (wrong.empty()) {
        for (const Element& element : set) {
            const base::Instant when = world.now() + milliseconds(random.below(300));
            last = std::max(last, when);
            const bool silent = random.below(2) == 0;
            world.at(when, [&world, element, silent] {
                if (element.is_link && silent) {
                    world.stall(element.index, true, true);
                } else if (element.is_link) {
                    world.cut(element.index);
                } else {
                    world.crash(static_cast<HostId>(element.index), silent);
                }
            });
        }
        world.run_until(last);
        wrong = settle(world, checker);
        outcome.settled = std::max(base::Duration(0), checker.last_change() - last);
    }
    if (wrong.empty()) {
        for (const Element& element : set) {
            world.at(world.now() + milliseconds(random.below(300)), [&world, element] {
                if (element.is_link) {
                    world.mend(element.index);
                } else {
                    world.start(static_cast<HostId>(element.index), 2000);
                }
            });
        }
        world.run_until(world.now() + milliseconds(300));
        wrong = settle(world, checker);
    }
    world.observe(nullptr);
    outcome.violation = wrong;
    outcome.states = checker.states();
    outcome.events = world.events();
    outcome.story = checker.lines();
    return outcome;
}

}  // namespace jetway::sim
