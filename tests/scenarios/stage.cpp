#include "tests/scenarios/stage.h"

#include <algorithm>

#include "tests/scenarios/table.h"

namespace jetway::scenarios {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t first_incarnation = 10;
constexpr base::Duration calm = seconds(1);  // `settle` waits for so long without a change
constexpr base::Duration patience = std::chrono::minutes(5);

}  // namespace

template <typename Handler>
Stage::Command Stage::on_machines(Handler handler) {
    return [this, handler](Words& words) -> Done {
        const auto hosts = some_machines(words);
        if (!hosts) {
            return hosts.error();
        }
        for (const sim::HostId host : *hosts) {
            handler(host);
        }
        return {};
    };
}

Stage::Stage() {
    const auto method = [this](Done (Stage::*what)(Words&)) {
        return [this, what](Words& words) { return (this->*what)(words); };
    };
    commands_["machines"] = method(&Stage::machines);
    commands_["link"] = method(&Stage::link);
    commands_["line"] = method(&Stage::line);
    commands_["configure"] = method(&Stage::configure);
    commands_["option"] = method(&Stage::option);
    commands_["start"] = [this](Words& words) -> Done {
        const auto hosts = some_machines(words);
        if (!hosts) {
            return hosts.error();
        }
        for (const sim::HostId host : *hosts) {
            if (Done done = start(host, words); !done) {
                return done;
            }
        }
        return {};
    };
    commands_["restart"] = [this](Words& words) -> Done {
        const auto host = machine(words.take());
        if (!host) {
            return host.error();
        }
        world().crash(*host, false);
        return start(*host, words);
    };
    commands_["kill"] = on_machines([this](sim::HostId host) { world().crash(host, false); });
    commands_["lose-power"] = on_machines([this](sim::HostId host) { world().crash(host, true); });
    commands_["stop"] = on_machines([this](sim::HostId host) { world().stop(host); });
    commands_["twin"] = method(&Stage::twin);
    commands_["pause"] = method(&Stage::pause);
    using To = std::optional<bool>;
    const auto over_link = [this](std::function<void(std::size_t, To)> act) {
        return [this, act = std::move(act)](Words& words) { return on_link(words, act); };
    };
    commands_["cut"] = over_link([this](std::size_t link, To) { world().cut(link); });
    commands_["mend"] = over_link([this](std::size_t link, To) { world().mend(link); });
    commands_["break"] = over_link([this](std::size_t link, To) { world().reset(link, false); });
    commands_["stall"] = over_link([this](std::size_t link, To to_a) {
        world().stall(link, to_a.value_or(true), !to_a.value_or(false));
    });
    commands_["lose"] = over_link([this](std::size_t link, To to_a) {
        for (const bool end : {true, false}) {
            if (!to_a || *to_a == end) {
                world().lose(link, end);
            }
        }
    });
    commands_["attach"] = method(&Stage::attach);
    commands_["detach"] = method(&Stage::detach);
    commands_["send"] = method(&Stage::send);
    commands_["neighbour"] = method(&Stage::neighbour);
    commands_["say"] = method(&Stage::say);
    commands_["hang-up"] = method(&Stage::hang_up);
    commands_["run"] = method(&Stage::run);
    commands_["settle"] = [this](Words&) { return settle(); };
    commands_["count"] = method(&Stage::count);
    commands_["show"] = [this](Words& words) { return show(words, true); };
    commands_["hide"] = [this](Words& words) { return show(words, false); };
    commands_["routes"] = method(&Stage::routes);
    commands_["counters"] = method(&Stage::counters);
}

base::Result<std::vector<std::string>> Stage::perform(const std::string& command) {
    Words words(command);
    narrator_.quiet = words.take_if("quietly");
    const std::string name = words.take();
    const auto found = commands_.find(name);
    if (found == commands_.end()) {
        return usage("there is no command '" + name + "'");
    }
    printed_.clear();
    Done done = found->second(words);
    if (done && !words.empty()) {
        done = usage("'" + words.rest() + "' is too much for '" + name + "'");
    }
    if (!done) {
        return done.error();
    }
    if (const std::string& wrong = narrator_.checker().violation(); !wrong.empty()) {
        return base::Error{"violation", "what must always hold doesn't, " + wrong};
    }
    std::vector<std::string> lines = narrator_.take_lines();
    lines.insert(lines.end(), printed_.begin(), printed_.end());
    return lines;
}

// --- names

sim::World& Stage::world() {
    if (!world_) {
        world_ = std::make_unique<sim::World>(topology_, options_, seed_);
        world_->observe(&narrator_);
        for (const sim::Machine& machine : topology_.machines) {
            narrator_.width = std::max(narrator_.width, machine.name.size());
        }
    }
    return *world_;
}

base::Result<sim::HostId> Stage::machine(const std::string& name) {
    for (sim::HostId id = 0; world_ && id < world_->hosts(); ++id) {
        if (narrator_.name(*world_, id) == name) {
            return id;
        }
    }
    for (sim::HostId id = 0; !world_ && id < topology_.machines.size(); ++id) {
        if (topology_.machines[id].name == name) {
            return id;
        }
    }
    return usage("there is no machine '" + name + "'");
}

base::Result<std::vector<sim::HostId>> Stage::some_machines(Words& words) {
    std::vector<sim::HostId> hosts;
    if (words.take_if("all")) {
        for (sim::HostId id = 0; id < topology_.machines.size(); ++id) {
            hosts.push_back(id);
        }
    }
    while (!words.empty() && words.peek() != "incarnation") {
        const auto host = machine(words.take());
        if (!host) {
            return host.error();
        }
        hosts.push_back(*host);
    }
    return hosts.empty() ? base::Result<std::vector<sim::HostId>>(usage("which machine?")) : hosts;
}

// The link between the two machines named next; `to_a`: the second of them is the link's a.
base::Result<std::size_t> Stage::link_between(Words& words, bool& to_a) {
    const auto a = machine(words.take());
    const auto b = machine(words.take());
    if (!a || !b) {
        return a ? b.error() : a.error();
    }
    const sim::Topology& topology = world_ ? world_->topology() : topology_;
    const std::size_t link = topology.link_between(*a, *b);
    if (link == topology.links.size()) {
        return usage("there is no link between these two");
    }
    to_a = topology.links[link].a == *b;
    return link;
}

// --- machines and links

Stage::Done Stage::start(sim::HostId host, Words& words) {
    if (world().host(host).router) {
        return usage(world().host(host).name + " runs already");
    }
    std::uint64_t& incarnation = incarnations_[host];
    incarnation = incarnation == 0 ? first_incarnation : incarnation + 1;
    if (words.take_if("incarnation")) {
        incarnation = read_number(words.take()).value_or(incarnation);
    }
    world().start(host, incarnation);
    return {};
}

// twin b at c [incarnation N]
Stage::Done Stage::twin(Words& words) {
    const auto twin = machine(words.take());
    const bool at = words.take_if("at");
    const auto beside = machine(words.take());
    if (!twin || !beside || !at) {
        return usage("twin A at B [incarnation N]");
    }
    const sim::HostId id = world().add_twin(*twin, *beside);
    narrator_.set_name(id, world().host(id).name + "'");
    narrator_.width = std::max(narrator_.width, narrator_.name(world(), id).size());
    narrator_.checker().expect_nothing_of(world().host(id).name);
    return start(id, words);
}

Stage::Done Stage::pause(Words& words) {
    const auto host = machine(words.take());
    const auto time = read_duration(words.take());
    if (!host || !time) {
        return host ? time.error() : host.error();
    }
    world().pause(*host, *time);
    return {};
}

Stage::Done Stage::on_link(Words& words,
                           const std::function<void(std::size_t, std::optional<bool>)>& act) {
    bool to_a = false;
    const auto link = link_between(words, to_a);
    if (!link) {
        return link.error();
    }
    act(*link, words.take_if("one-way") ? std::optional(to_a) : std::nullopt);
    return {};
}

// --- time

bool Stage::settled() {
    for (sim::HostId id = 0; id < world().hosts(); ++id) {
        if (!world().runs(id)) {
            continue;
        }
        const std::vector<gossip::Gossip::LinkView> links =
            world().host(id).router->gossip().links();
        if (!std::all_of(links.begin(), links.end(), [](const auto& l) { return l.settled; })) {
            return false;
        }
    }
    return true;
}

Stage::Done Stage::run(Words& words) {
    const auto time = read_duration(words.take());
    if (!time) {
        return time.error();
    }
    world().run_until(world().now() + *time);
    return {};
}

Stage::Done Stage::settle() {
    const base::Instant since = world().now();
    while (world().now() - std::max(since, narrator_.changed()) < calm || !settled()) {
        if (world().now() - since > patience) {
            return usage("it doesn't settle");
        }
        world().run_until(world().now() + milliseconds(50));
    }
    return {};
}

// What the links carry of announcements in that time.
Stage::Done Stage::count(Words& words) {
    const std::uint64_t announces = narrator_.announces();
    const std::uint64_t bytes = narrator_.announced_bytes();
    if (Done done = run(words); !done) {
        return done;
    }
    print(std::to_string(narrator_.announces() - announces) + " announcements, " +
          std::to_string(narrator_.announced_bytes() - bytes) + " bytes");
    return {};
}

// --- looking

Stage::Done Stage::show(Words& words, bool on) {
    static const std::set<std::string, std::less<>> kinds = {"routes",     "services",   "links",
                                                             "reports",    "envelopes",  "messages",
                                                             "heartbeats", "connections"};
    while (!words.empty()) {
        const std::string kind = words.take();
        if (!kinds.contains(kind)) {
            return usage("nothing called '" + kind + "' can be shown");
        }
        if (on) {
            narrator_.shown.insert(kind);
        } else {
            narrator_.shown.erase(kind);
        }
    }
    return {};
}

Stage::Done Stage::routes(Words& words) {
    base::Result<std::vector<sim::HostId>> hosts = std::vector<sim::HostId>();
    if (words.take_if("of")) {
        hosts = some_machines(words);
    } else {
        for (sim::HostId id = 0; id < world().hosts(); ++id) {
            hosts->push_back(id);
        }
    }
    if (!hosts) {
        return hosts.error();
    }
    for (std::string& line : route_lines(world(), narrator_, *hosts)) {
        print(std::move(line));
    }
    return {};
}

// What became of the envelopes at a router.
Stage::Done Stage::counters(Words& words) {
    const auto host = words.take_if("of") ? machine(words.take()) : usage("counters of A");
    if (!host || !world().host(*host).router) {
        return host ? usage("it doesn't run") : host.error();
    }
    const router::Forwarder& forwarder = world().host(*host).router->forwarder();
    const router::Counters& counters = forwarder.counters();
    std::string line = "received " + std::to_string(counters.received) + ", originated " +
                       std::to_string(counters.originated) +
                       (counters.returned > 0 ? ", returned " + std::to_string(counters.returned)
                                              : std::string()) +
                       ", forwarded " +
                       std::to_string(counters.forwarded) + ", delivered " +
                       std::to_string(counters.delivered);
    for (std::size_t i = 0; i < counters.refused.size(); ++i) {
        if (counters.refused[i] != 0) {
            line += ", " + std::string(router::refusal_codes[i]) + " " +
                    std::to_string(counters.refused[i]);
        }
    }
    print(line + ", waiting " + std::to_string(forwarder.waiting()));
    return {};
}

}  // namespace jetway::scenarios
