#include "sim/run.h"

#include <algorithm>

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
        : seed_(seed), options_(options), random_(seed), policies_(~seed) {}

    Outcome tell() {
        draw();
        World world(topology_, router_options_, random_.next());
        Checker checker(
            {.loops = !has(Fault::corrupt), .envelopes = traffic_, .story = options_.story});
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
        if (outcome_.violation.empty() && !has(Fault::corrupt)) {
            outcome_.violation = ledger_.repeated();
        }
        if (outcome_.violation.empty() && !has(Fault::corrupt)) {
            outcome_.violation = ledger_.answered_twice();
        }
        // Faults that no link dies of: what is sent over it waits. But of two that dialled each
        // other at the start one may have to give way, and a link may be slow for so long that it
        // is given up after all.
        const bool gentle = returned(world) == 0 &&
                            std::all_of(kinds_.begin(), kinds_.end(), [](const Fault fault) {
                                return fault == Fault::reset || fault == Fault::slow;
                            });
        if (outcome_.violation.empty() && gentle) {
            outcome_.violation = ledger_.contradicted();
        }
        // Who heeds HOLD is refused nothing, where a queue has room for what is under way.
        if (outcome_.violation.empty() && gentle && ledger_.codes().contains("overloaded") &&
            router_options_.terminal.queue >= (200U << 10U)) {
            outcome_.violation =
                std::to_string(ledger_.codes().at("overloaded")) + " envelopes found no room";
        }
        for (const auto& service : services) {
            if (outcome_.violation.empty() && service->holding() > 0 && !has(Fault::corrupt)) {
                outcome_.violation = world.host(service->host()).name +
                                     ": a service was told to hold, and never to resume";
            }
        }
        // Where queues are short or few hops are allowed, the answer to a refused one may be
        // refused itself.
        if (outcome_.violation.empty() && gentle && router_options_.terminal.queue >= (1U << 20U) &&
            router_options_.hop_limit == 32) {
            if (const std::vector<std::uint64_t> lost = ledger_.unanswered(begin + links_up);
                !lost.empty()) {
                outcome_.violation = std::to_string(lost.size()) +
                                     " envelopes were neither delivered nor refused, and no link "
                                     "died; the first was " +
                                     std::to_string(lost.front()) + " to " +
                                     ledger_.entries().at(lost.front()).destination;
            }
            const std::vector<std::uint64_t> silent = ledger_.without_answer(begin + links_up);
            if (outcome_.violation.empty() && answers_ && !silent.empty()) {
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

    bool has(Fault fault) const {
        return std::find(kinds_.begin(), kinds_.end(), fault) != kinds_.end();
    }

    void draw() {
        const std::size_t span = options_.most_machines - options_.least_machines + 1;
        // Small meshes are run more often: most faults show in them, and sooner.
        const std::size_t machines =
            options_.least_machines + std::min(random_.below(span), random_.below(span));
        static constexpr std::array<std::string_view, 7> kinds = {
            "line", "ring", "mesh", "star", "grid", "random", "scale-free"};
        const std::string_view kind =
            kinds[machines > 12 && random_.below(4) != 0 ? 5 + random_.below(2) : random_.below(7)];
        topology_ = *make_topology(kind, machines, random_);
        topology_.deal_services(1 + random_.below(machines), 1 + random_.below(3));
        const bool costs = random_.below(3) == 0;
        const bool one_sided = random_.below(4) == 0;
        const std::uint64_t latency = random_.below(3) == 0 ? 30'000 : 1'000;
        for (Link& link : topology_.links) {
            link.latency = std::chrono::microseconds(50 + random_.below(latency));
            link.jitter =
                std::chrono::microseconds(random_.below(2) == 0 ? 0 : random_.below(latency));
            link.bandwidth = random_.below(6) == 0 ? 20'000 + random_.below(1'000'000) : 0;
            if (costs) {
                link.cost_at_a = static_cast<std::uint16_t>(1 + random_.below(10));
                link.cost_at_b = random_.below(3) == 0
                                     ? static_cast<std::uint16_t>(1 + random_.below(10))
                                     : link.cost_at_a;
            }
            if (one_sided && random_.below(2) == 0) {
                (random_.below(2) == 0 ? link.a_dials : link.b_dials) = false;
            }
        }
        router_options_.gossip.interval = milliseconds(1000 + random_.below(4001));
        router_options_.gossip.min_interval =
            milliseconds(random_.below(4) == 0 ? random_.below(100) : 20);
        // Most meshes have room, in some a queue is soon long, and in some it is soon full.
        const std::array<std::size_t, 6> queues = {2'000 + random_.below(60'000),
                                                   200'000 + random_.below(400'000),
                                                   8U << 20U,
                                                   8U << 20U,
                                                   8U << 20U,
                                                   8U << 20U};
        router_options_.terminal.queue = queues[random_.below(6)];
        router_options_.hop_limit =
            static_cast<std::uint8_t>(random_.below(6) == 0 ? 2 + random_.below(6) : 32);
        router_options_.history = 100;
        traffic_ = random_.below(2) == 0;
        if (random_.below(10) !=
            0) {  // some runs have no fault of any kind, and some of one kind only
            const bool single = random_.below(3) == 0;
            const std::size_t only = random_.below(fault_names.size());
            for (std::size_t i = 0; i < fault_names.size(); ++i) {
                const bool rare =
                    i >= static_cast<std::size_t>(Fault::twin);  // they hide what else there is
                if (single ? i == only : random_.below(rare ? 10 : 2) == 0) {
                    kinds_.push_back(static_cast<Fault>(i));
                }
            }
        }
        draw_policies();
        outcome_.seed = seed_;
        outcome_.machines = machines;
        outcome_.what = std::string(kind) + " of " + std::to_string(machines) + ", " +
                        std::to_string(topology_.links.size()) + " links";
        for (const Fault fault : kinds_) {
            outcome_.what += (fault == kinds_.front() ? "; " : ", ") +
                             std::string(fault_names[static_cast<std::size_t>(fault)]);
        }
    }

    // From numbers of its own, so that a seed's mesh and faults are what they would be without.
    void draw_policies() {
        for (const Machine& machine : topology_.machines) {
            for (const std::string& service : machine.services) {
                if (!topology_.policies.contains(service) && policies_.below(3) != 0) {
                    topology_.policies.emplace(service, any_policy());
                }
            }
        }
        // Queues may be short, but a full announcement must fit, and policies make it longer: by 64
        // bytes for each entry, and 100 for each that is there for its policy alone.
        for (const Machine& machine : topology_.machines) {
            router_options_.terminal.queue += 64 * machine.services.size();
        }
        router_options_.terminal.queue += 500;
        answers_ = policies_.below(2) == 0;
        router_options_.balance.probe_interval = milliseconds(300 + policies_.below(5'000));
        router_options_.balance.probe_timeout = milliseconds(200 + policies_.below(2'000));
        router_options_.balance.request_timeout = milliseconds(500 + policies_.below(30'000));
    }

    balance::Policy any_policy() {
        static constexpr std::array<std::string_view, 7> all = {
            "round-robin",   "least-conn",        "random", "weighted", "nearest",
            "sticky source", "sticky header:none"};
        return *balance::parse_policy(all[policies_.below(all.size())]);
    }

    // Somebody sets other policies, anywhere.
    void schedule_policies(World& world, base::Instant from, base::Instant until) {
        const auto span = static_cast<std::uint64_t>((until - from).count());
        for (std::uint64_t i = policies_.below(6); traffic_ && i > 0; --i) {
            const auto host = static_cast<HostId>(policies_.below(world.hosts()));
            const router::ControlRequest request{
                .name = "policy",
                .texts = {{"service", "s" + std::to_string(policies_.below(3))},
                          {"policy", any_policy().text()}},
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
            if (!names.empty() || traffic_) {
                services.push_back(std::make_unique<Service>(host, names, ledger_, answers_));
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
        if (kinds_.empty()) {
            return;
        }
        const auto span = static_cast<std::uint64_t>((until - from).count());
        const std::uint64_t count = 1 + random_.below(4 * kinds_.size() + 8);
        for (std::uint64_t i = 0; i < count; ++i) {
            const Fault fault = kinds_[random_.below(kinds_.size())];
            world.at(from + base::Duration(random_.below(span)),
                     [fault, until, &faults] { faults.inject(fault, until); });
        }
    }

    void schedule_traffic(World& world, std::vector<std::unique_ptr<Service>>& services,
                          base::Instant from, base::Instant until) {
        if (!traffic_ || services.empty()) {
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
            since + (faults.needs_long_quiet() || has(Fault::corrupt) ? quiet_most : quiet_least);
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
                           world.now() + 2 * router_options_.gossip.interval + seconds(1));
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

    std::uint64_t seed_;
    const RunOptions& options_;
    base::Random random_;
    base::Random policies_;  // all that is drawn of balancing
    Topology topology_;
    router::Options router_options_;
    std::vector<Fault> kinds_;
    bool traffic_ = false;
    bool answers_ = false;
    Ledger ledger_;
    Outcome outcome_;
};

}  // namespace

Outcome run(std::uint64_t seed, const RunOptions& options) {
    return Story(seed, options).tell();
}

}  // namespace jetway::sim
