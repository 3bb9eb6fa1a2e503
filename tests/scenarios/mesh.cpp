// The part of Stage that makes the mesh, before its first router starts.
#include "tests/scenarios/stage.h"

namespace jetway::scenarios {

Stage::Done Stage::machines(Words& words) {
    while (!words.empty()) {
        topology_.machines.push_back({.name = words.take(), .services = {}});
    }
    return world_ ? usage("machines are named before the first one starts") : Done();
}

Stage::Done Stage::link(Words& words) {
    const auto a = machine(words.take());
    const auto b = machine(words.take());
    if (!a || !b || *a == *b || world_) {
        return usage("link A B [cost N] [latency TIME] [dialled-by A]; before the first start");
    }
    topology_.join(*a, *b);
    sim::Link& link = topology_.links[topology_.link_between(*a, *b)];
    while (!words.empty()) {
        const std::string what = words.take();
        if (what == "cost") {
            link.cost_at_a = link.cost_at_b =
                static_cast<std::uint16_t>(read_number(words.take()).value_or(1));
        } else if (what == "latency") {
            const auto latency = read_duration(words.take());
            if (!latency) {
                return latency.error();
            }
            link.latency = *latency;
        } else if (what == "dialled-by") {
            const auto dialler = machine(words.take());
            link.a_dials = dialler && *dialler == link.a;
            link.b_dials = dialler && *dialler == link.b;
        } else {
            return usage("a link has no '" + what + "'");
        }
    }
    return {};
}

Stage::Done Stage::line(Words& words) {
    const auto hosts = some_machines(words);
    if (!hosts || world_) {
        return usage("line A B C…; before the first start");
    }
    for (std::size_t i = 1; i < hosts->size(); ++i) {
        topology_.join((*hosts)[i - 1], (*hosts)[i]);
    }
    return {};
}

Stage::Done Stage::configure(Words& words) {
    const auto host = machine(words.take());
    if (!host || words.empty() || world_) {
        return usage("configure A SERVICE…; before the first start");
    }
    while (!words.empty()) {
        topology_.machines[*host].services.push_back(words.take());
    }
    return {};
}

Stage::Done Stage::option(Words& words) {
    const std::string name = words.take();
    const std::string value = words.take();
    const std::map<std::string, base::Duration*> times = {
        {"interval", &options_.gossip.interval},
        {"min-interval", &options_.gossip.min_interval},
        {"request-timeout", &options_.gossip.request_timeout}};
    const std::uint64_t number = read_number(value).value_or(0);
    if (world_) {
        return usage("options are set before the first start");
    }
    if (const auto found = times.find(name); found != times.end()) {
        const auto time = read_duration(value);
        if (!time) {
            return time.error();
        }
        *found->second = *time;
    } else if (name == "queue") {
        options_.terminal.queue = number;
    } else if (name == "max-machines") {
        options_.gossip.max_machines = number;
    } else if (name == "seed") {
        seed_ = number;
    } else {
        return usage("there is no option '" + name + "'");
    }
    return {};
}

}  // namespace jetway::scenarios
