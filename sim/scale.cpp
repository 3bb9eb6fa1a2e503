#include "sim/scale.h"

#include <algorithm>

#include "sim/checker.h"
#include "sim/plain.h"

namespace jetway::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Duration longest_wait = seconds(120);  // to settle
constexpr base::Duration step = milliseconds(250);

// The longest of all shortest ways, in links.
std::size_t diameter_of(const Topology& topology) {
    std::vector<std::vector<MachineId>> next(topology.machines.size());
    for (const Link& link : topology.links) {
        next[link.a].push_back(link.b);
        next[link.b].push_back(link.a);
    }
    std::size_t longest = 0;
    for (MachineId from = 0; from < next.size(); ++from) {
        std::vector<std::size_t> distance(next.size(), next.size());
        std::vector<MachineId> queue = {from};
        distance[from] = 0;
        for (std::size_t i = 0; i < queue.size(); ++i) {
            for (const MachineId to : next[queue[i]]) {
                if (distance[to] == next.size()) {
                    distance[to] = distance[queue[i]] + 1;
                    longest = std::max(longest, distance[to]);
                    queue.push_back(to);
                }
            }
        }
    }
    return longest;
}

// What a router remembers of its past is bounded by itself, and no part of what is measured.
router::Options without_history() {
    router::Options options;
    options.history = 0;
    return options;
}

class Measurement {
public:
    Measurement(const ScaleOptions& options, Topology topology,
                const std::function<void(const std::string&)>& progress)
        : options_(options),
          topology_(std::move(topology)),
          progress_(progress),
          random_(options.seed),
          checker_({.loops = true,
                    .envelopes = false,
                    .story = false,
                    .thorough = topology_.machines.size() <= 100}),
          world_(topology_, without_history(), options.seed) {
        world_.observe(&checker_);
    }

    ScaleReport take() {
        report_.links = topology_.links.size();
        report_.diameter = diameter_of(topology_);
        for (HostId host = 0; host < world_.hosts(); ++host) {
            world_.at(world_.now() + milliseconds(random_.below(1000)),
                      [this, host] { world_.start(host, 1000); });
        }
        const base::Instant begin = world_.now();
        world_.run_until(begin + seconds(1));  // all have started
        settle("start", begin, 0);
        when_settled();
        for (std::size_t i = 0; i < options_.failures && good(); ++i) {
            fail_link();
            fail_machine();
        }
        if (options_.half && good()) {
            fail_half();
        }
        if (report_.wrong.empty()) {
            report_.wrong = checker_.violation();
        }
        report_.events = world_.events();
        if (options_.plain) {
            measure_plain();
        }
        return std::move(report_);
    }

private:
    bool good() const { return report_.wrong.empty() && checker_.violation().empty(); }

    std::uint64_t announced() const {
        std::uint64_t sum = 0;
        for (HostId host = 0; host < world_.hosts(); ++host) {
            sum += world_.host(host).router
                       ? world_.host(host).router->gossip().counters().bytes_announced
                       : 0;
        }
        return sum;
    }

    void settle(const std::string& after, base::Instant since) {
        settle(after, since, announced());
    }

    // `before`: bytes announced until `since`.
    void settle(const std::string& after, base::Instant since, std::uint64_t before) {
        progress_(after);
        std::uint64_t at_last_change = announced();
        base::Instant last = since;
        std::string unsettled = "nothing was looked at";
        while (world_.now() < since + longest_wait && good()) {
            world_.run_until(world_.now() + step);
            if (checker_.last_change() > last) {
                last = checker_.last_change();
                at_last_change = announced();
                continue;  // it is still at it
            }
            unsettled = checker_.unsettled(world_);
            if (unsettled.empty()) {
                break;
            }
        }
        if (good() && !unsettled.empty()) {
            report_.wrong = "after " + after + ": " + unsettled;
        }
        report_.settlings.push_back(
            {.after = after,
             .took = std::max(base::Duration(0), last - since),
             .bytes_a_link =
                 static_cast<double>(at_last_change - std::min(at_last_change, before)) /
                 static_cast<double>(report_.links)});
    }

    void when_settled() {
        progress_("settled");
        const base::Duration interval = router::Options().gossip.interval;
        world_.run_until(world_.now() + 2 * interval);
        const std::uint64_t announced_before = announced();
        const std::uint64_t all_before = world_.bytes_over_links();
        world_.run_until(world_.now() + seconds(60));
        const auto links = static_cast<double>(report_.links);
        const double heartbeats = 60.0 / std::chrono::duration<double>(interval).count();
        report_.bytes_a_link_and_heartbeat =
            static_cast<double>(announced() - announced_before) / links / 2 / heartbeats;
        report_.bytes_a_link_and_minute =
            static_cast<double>(world_.bytes_over_links() - all_before) / links;
    }

    void fail_link() {
        const std::size_t link = random_.below(topology_.links.size());
        world_.cut(link);
        settle("one link", world_.now());
        world_.mend(link);
        settle("one link back", world_.now());
    }

    void fail_machine() {
        const auto host = static_cast<HostId>(random_.below(world_.hosts()));
        world_.crash(host, false);
        settle("one machine", world_.now());
        world_.start(host, ++incarnation_);
        settle("one machine back", world_.now());
    }

    void fail_half() {
        std::vector<std::size_t> cut;
        for (std::size_t link = 0; link < topology_.links.size(); ++link) {
            if (random_.below(2) == 0) {
                cut.push_back(link);
                world_.cut(link);
            }
        }
        settle("half of the links", world_.now());
        for (const std::size_t link : cut) {
            world_.mend(link);
        }
        settle("half of the links back", world_.now());
    }

    void measure_plain() {
        progress_("the plain algorithm");
        const base::Duration interval = router::Options().gossip.interval;
        Plain plain(topology_, interval, options_.seed);
        const base::Duration enough =
            interval * static_cast<base::Duration::rep>(report_.diameter + 2);
        plain.run_until(base::Instant(enough));
        report_.plain_start = std::max(base::Duration(0), plain.last_change() - base::Instant());
        const std::uint64_t before = plain.bytes_announced();
        plain.run_until(plain.now() + interval);
        report_.plain_bytes_a_link_and_interval =
            static_cast<double>(plain.bytes_announced() - before) /
            static_cast<double>(report_.links) / 2;
        plain.set_link(random_.below(topology_.links.size()), false);
        plain.run_until(plain.now() + enough);
        const Plain::Verdict verdict = plain.verdict();
        report_.plain_lost = verdict.black_holes + verdict.loops;
        report_.plain_routed = report_.plain_lost + verdict.delivered;
    }

    const ScaleOptions& options_;
    Topology topology_;
    const std::function<void(const std::string&)>& progress_;
    base::Random random_;
    Checker checker_;
    World world_;
    ScaleReport report_;
    std::uint64_t incarnation_ = 2000;
};

}  // namespace

base::Result<ScaleReport> measure_scale(const ScaleOptions& options,
                                        const std::function<void(const std::string&)>& progress) {
    base::Random random(options.seed);
    base::Result<Topology> topology = make_topology(options.kind, options.machines, random);
    if (!topology) {
        return topology.error();
    }
    topology->deal_services(options.services);
    for (Link& link : topology->links) {
        link.latency = options.latency;
    }
    return Measurement(options, std::move(*topology), progress).take();
}

}  // namespace jetway::sim
