#include "sim/run.h"

#include <algorithm>

#include "sim/plan.h"

namespace jetway::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// By then all machines have started. Before, an answer may find no way back to whoever asked.
constexpr base::Duration links_up = seconds(4);
constexpr base::Duration quiet_least =
    seconds(60);  // a mesh that can't settle in this time never will
constexpr base::Duration quiet_most =
    seconds(200);  // where duplicates were suspected: they are for 60 s each
constexpr base::Duration look = milliseconds(500);  // how often it is asked whether it has settled

class Story {
public:
    Story(std::uint64_t seed, const RunOptions& options)
        : options_(options),
          random_(seed),
          policies_(~seed),
          plan_(draw_plan(random_, policies_, options.least_machines, options.most_machines)) {
        outcome_.seed = seed;
        outcome_.machines = plan_.topology.machines.size();
        outcome_.what = plan_.what;
    }

    Outcome tell() {
        World world(plan_.topology, plan_.options, random_.next());
        Checker checker({.loops = !plan_.has(Fault::corrupt),
                         .envelopes = plan_.traffic,
                         .story = options_.story});
        world.observe(&checker);
        const base::Instant begin = world.now();
        std::vector<std::unique_ptr<Service>> services = attach_services(world);
        Faults faults(world, checker, services, random_.next());
        start_machines(world);
        const base::Instant faults_begin = begin + milliseconds(random_.below(4000));
        const base::Instant faults_end = faults_begin + milliseconds(500 + random_.below(8000));
        schedule(world, faults, faults_begin, faults_end);
        schedule_traffic(world, services, begin, faults_end + seconds(1));
        schedule_policies(world, begin, faults_end + seconds(1));
        run_while_good(world, checker, faults_end);
        faults.end_all();
        world.story("all faults have ended");
        wait_for_rest(world, checker, faults, faults_end);
        world.observe(nullptr);
        // A damaged envelope may bear another's number.
        if (outcome_.violation.empty() && !plan_.has(Fault::corrupt)) {
            outcome_.violation = ledger_.repeated();
        }
        if (outcome_.violation.empty() && !plan_.has(Fault::corrupt)) {
            outcome_.violation = ledger_.answered_twice();
        }
        // Faults that no link dies of: what is sent over it waits. But of two that dialled each
        // other at the start one may have to give way, and a link may be slow for so long that it
        // is given up after all.
        const bool gentle =
            returned(world) == 0 &&
            std::all_of(plan_.kinds.begin(), plan_.kinds.end(), [](const Fault fault) {
                return fault == Fault::reset || fault == Fault::slow;
            });
        if (outcome_.violation.empty() && gentle) {
            outcome_.violation = ledger_.contradicted();
        }
        // Who heeds HOLD is refused nothing, where a queue has room for what is under way.
        if (outcome_.violation.empty() && gentle && ledger_.codes().contains("overloaded") &&
            plan_.options.terminal.queue >= (200U << 10U)) {
            outcome_.violation =
                std::to_string(ledger_.codes().at("overloaded")) + " envelopes found no room";
        }
        for (const auto& service : services) {
            if (outcome_.violation.empty() && service->holding() > 0 &&
                !plan_.has(Fault::corrupt)) {
                outcome_.violation = world.host(service->host()).name +
                                     ": a service was told to hold, and never to resume";
            }
        }
        // Where queues are short or few hops are allowed, the answer to a refused one may be
        // refused itself.
        if (outcome_.violation.empty() && gentle && plan_.options.terminal.queue >= (1U << 20U) &&
            plan_.options.hop_limit == 32) {
            if (const std::vector<std::uint64_t> lost = ledger_.unanswered(begin + links_up);
                !lost.empty()) {
                outcome_.violation = std::to_string(lost.size()) +
                                     " envelopes were neither delivered nor refused, and no link "
                                     "died; the first was " +
                                     std::to_string(lost.front()) + " to " +
                                     ledger_.entries().at(lost.front()).destination;
            }
            const std::vector<std::uint64_t> silent = ledger_.without_answer(begin + links_up);
            if (outcome_.violation.empty() && plan_.answers && !silent.empty()) {
                outcome_.violation = std::to_string(silent.size()) +
                                     " envelopes were delivered and never answered, and no link "
                                     "died; the first was " +
                                     std::to_string(silent.front()) + " to " +
                                     ledger_.entries().at(silent.front()).destination;
            }
        }
        finish(world, checker, faults, begin);
        return std::move(outcome_);
    }

private:
    // Envelopes that routers took back because a link ended.
    static std::uint64_t returned(const World& world) {
        std::uint64_t sum = 0;
        for (HostId host = 0; host < world.hosts(); ++host) {
            const router::Router* router = world.host(host).router.get();
            sum += router != nullptr ? router->forwarder().counters().returned : 0;
        }
        return sum;
    }

    // Somebody sets other policies, anywhere.
    void schedule_policies(World& world, base::Instant from, base::Instant until) {
        const auto span = static_cast<std::uint64_t>((until - from).count());
        for (std::uint64_t i = policies_.below(6); plan_.traffic && i > 0; --i) {
            const auto host = static_cast<HostId>(policies_.below(world.hosts()));
            const router::ControlRequest request{
                .name = "policy",
                .texts = {{"service", "s" + std::to_string(policies_.below(3))},
                          {"policy", any_policy(policies_).text()}},
                .flags = {},
                .numbers = {}};
            world.at(from + base::Duration(policies_.below(span)),
                     [host, request, &world] { world.ask(host, request); });
        }
    }

    std::vector<std::unique_ptr<Service>> attach_services(World& world) {
        std::vector<std::unique_ptr<Service>> services;
        for (HostId host = 0; host < world.hosts(); ++host) {
            const std::vector<std::string>& names = world.topology().machines[host].services;
            if (!names.empty() || plan_.traffic) {
                services.push_back(std::make_unique<Service>(host, names, ledger_, plan_.answers));
                Service& service = *services.back();
                world.at(world.now() + milliseconds(random_.below(1500)),
                         [&service, &world] { service.attach(world); });
            }
        }
        return services;
    }

    void start_machines(World& world) {
        const std::uint64_t spread = random_.below(2) == 0 ? 1 : 2000;
        for (HostId host = 0; host < world.hosts(); ++host) {
            const std::uint64_t incarnation = 1000 + random_.below(1000);
            world.at(world.now() + milliseconds(random_.below(spread)),
                     [host, incarnation, &world] {
                         if (!world.host(host).router) {
                             world.start(host, incarnation);
                         }
                     });
        }
    }

    void schedule(World& world, Faults& faults, base::Instant from, base::Instant until) {
        if (plan_.kinds.empty()) {
            return;
        }
        const auto span = static_cast<std::uint64_t>((until - from).count());
        const std::uint64_t count = 1 + random_.below(4 * plan_.kinds.size() + 8);
        for (std::uint64_t i = 0; i < count; ++i) {
            const Fault fault = plan_.kinds[random_.below(plan_.kinds.size())];
            world.at(from + base::Duration(random_.below(span)),
                     [fault, until, &faults] { faults.inject(fault, until); });
        }
    }

    void schedule_traffic(World& world, std::vector<std::unique_ptr<Service>>& services,
                          base::Instant from, base::Instant until) {
        if (!plan_.traffic || services.empty()) {
            return;
        }
        const auto span = static_cast<std::uint64_t>((until - from).count());
        const std::uint64_t count = 20 + random_.below(200);
        for (std::uint64_t i = 0; i < count; ++i) {
            Service& from_service = *services[random_.below(services.size())];
            const Service& to = *services[random_.below(services.size())];
            std::string destination =
                to.names().empty() ? "s0" : to.names()[random_.below(to.names().size())];
            const std::uint64_t form = random_.below(8);
            if (form < 3) {
                destination += "@" + world.host(to.host()).name;
            } else if (form == 3) {
                destination += "@*";
            } else if (form == 4) {
                destination = "nobody";
            }
            const std::uint64_t size = random_.below(60);
            const std::uint64_t burst = size == 0 ? 600 : size < 7 ? 50 : 1;
            world.at(from + base::Duration(random_.below(span)),
                     [&from_service, destination, burst, &world] {
                         for (std::uint64_t n = 0; n < burst; ++n) {
                             from_service.send_to(world, destination);
                         }
                     });
        }
    }

    void run_while_good(World& world, Checker& checker, base::Instant until) {
        while (world.now() < until && checker.violation().empty()) {
            world.run_until(std::min(until, world.now() + look));
        }
    }

    std::uint64_t fulls_asked(const World& world) const {
        std::uint64_t sum = 0;
        for (HostId host = 0; host < world.hosts(); ++host) {
            sum += world.host(host).router ? world.host(host).router->gossip().counters().full_asked
                                           : 0;
        }
        return sum;
    }

    // Settled means: as it must be, and still so two heartbeats later, with no digest that
    // differed.
    void wait_for_rest(World& world, Checker& checker, const Faults& faults, base::Instant since) {
        const base::Instant last =
            since +
            (faults.needs_long_quiet() || plan_.has(Fault::corrupt) ? quiet_most : quiet_least);
        std::string unsettled;
        while (world.now() < last && checker.violation().empty()) {
            world.run_until(world.now() + look);
            unsettled = checker.unsettled(world);
            if (!unsettled.empty()) {
                continue;
            }
            const base::Instant settled = world.now();
            const std::uint64_t asked = fulls_asked(world);
            run_while_good(world, checker,
                           world.now() + 2 * plan_.options.gossip.interval + seconds(1));
            unsettled = checker.unsettled(world);
            if (unsettled.empty() && fulls_asked(world) == asked) {
                outcome_.settled_after = settled - since;
                break;
            }
            unsettled = unsettled.empty() ? "digests differ" : unsettled;
        }
        outcome_.violation = checker.violation();
        if (outcome_.violation.empty() && !unsettled.empty()) {
            outcome_.violation = "it has not settled " +
                                 std::to_string((last - since) / seconds(1)) +
                                 " s after the last fault: " + unsettled;
        }
    }

    // Who believes what, when it has gone wrong.
    void add_tables(const World& world) {
        for (HostId host = 0; host < world.hosts(); ++host) {
            if (!world.host(host).router) {
                continue;
            }
            const gossip::Gossip& gossip = world.host(host).router->gossip();
            outcome_.story.push_back(world.host(host).name + ", number " +
                                     std::to_string(gossip.sequence()));
            for (const gossip::Gossip::MachineView& machine : gossip.machines()) {
                std::string line = "  " + std::string(machine.machine) + ":";
                for (const gossip::LearnedRoute& route : machine.routes) {
                    const std::optional<HostId> next = world.neighbour(host, route.link);
                    static constexpr std::array<std::string_view, 3> states = {"", " feasible",
                                                                               " unfeasible"};
                    line += " via " + (next ? world.host(*next).name : "nobody") + " (" +
                            std::to_string(route.sequence) + ", " +
                            std::to_string(route.announced_cost) + ") cost " +
                            std::to_string(route.cost) +
                            std::string(states[static_cast<std::size_t>(route.state)]);
                }
                outcome_.story.push_back(line);
            }
        }
    }

    void finish(const World& world, const Checker& checker, const Faults& faults,
                base::Instant begin) {
        outcome_.simulated = world.now() - begin;
        outcome_.events = world.events();
        outcome_.states = checker.states();
        outcome_.followed = checker.routes_followed();
        outcome_.sent = ledger_.entries().size();
        outcome_.answered = ledger_.answers();
        outcome_.choices = checker.choices();
        outcome_.fingerprint = world.fingerprint();
        outcome_.story = checker.lines();
        if (options_.story && !outcome_.violation.empty()) {
            add_tables(world);
        }
        for (HostId host = 0; host < world.hosts(); ++host) {
            const router::Router* router = world.host(host).router.get();
            outcome_.holds += router != nullptr ? router->forwarder().counters().holds_told : 0;
        }
        for (std::size_t i = 0; i < fault_names.size(); ++i) {
            outcome_.faults[i] = faults.happened(static_cast<Fault>(i));
        }
    }

    const RunOptions& options_;
    base::Random random_;
    base::Random policies_;  // all that is drawn of balancing
    Plan plan_;
    Ledger ledger_;
    Outcome outcome_;
};

}  // namespace

Outcome run(std::uint64_t seed, const RunOptions& options) {
    return Story(seed, options).tell();
}

}  // namespace jetway::sim
