#include "tests/scenarios/narrator.h"

#include <algorithm>

#include "sim/service.h"
#include "tests/scenarios/speech.h"
#include "tests/scenarios/words.h"

namespace jetway::scenarios {

namespace {

constexpr std::size_t longest = 95;                         // of a line, without its indent
constexpr base::Instant begin{std::chrono::seconds(1000)};  // where World's clock starts

std::string time_text(base::Instant now) {
    const auto ms = base::to_microseconds(now - begin) / 1000;
    std::string digits = std::to_string(ms % 1000);
    digits.insert(0, 3 - digits.size(), '0');
    std::string text = std::to_string(ms / 1000) + "." + digits;
    return text.size() < 6 ? std::string(6 - text.size(), ' ') + text : text;
}

std::string route_text(const gossip::Gossip::MachineView& machine, const std::string& via) {
    if (machine.selected == nullptr) {
        return machine.awaited ? "no feasible route" : "";
    }
    const gossip::LearnedRoute& route = *machine.selected;
    return "via " + via + ", cost " + std::to_string(route.cost) +
           (route.hops != route.cost ? ", hops " + std::to_string(route.hops) : "");
}

}  // namespace

void Narrator::say(const sim::World& world, std::string_view kind, const std::string& who,
                   const std::string& what) {
    if (quiet || !shown.contains(kind)) {
        return;
    }
    std::vector<std::string>& lines =
        kind == "messages" || kind == "heartbeats" ? messages_ : lines_;
    const std::string pad(width > who.size() ? width - who.size() : 0, ' ');
    std::string line = time_text(world.now()) + "  " + who + pad + "  " + what;
    const std::string indent(line.size() - what.size() + 4, ' ');
    while (line.size() > longest) {
        std::size_t end = line.size();
        while (--end > longest || (line[end] != ' ' && end > indent.size())) {
        }
        if (end <= indent.size()) {
            break;
        }
        lines.push_back(line.substr(0, end));
        line = indent + line.substr(end + 1);
    }
    lines.push_back(std::move(line));
}

std::vector<std::string> Narrator::take_lines() {
    tell_messages();
    return std::exchange(lines_, {});
}

// What a router sends is told after what it learned in the same turn.
void Narrator::tell_messages() {
    std::move(messages_.begin(), messages_.end(), std::back_inserter(lines_));
    messages_.clear();
}

std::string Narrator::name(const sim::World& world, sim::HostId host) const {
    const auto found = names_.find(host);
    return found != names_.end() ? found->second : world.host(host).name;
}

std::string Narrator::peer(const sim::World& world, sim::HostId host,
                           terminal::TerminalId id) const {
    if (const std::optional<sim::HostId> other = world.connected_to(host, id)) {
        return name(world, *other);
    }
    const router::Connection* connection = world.host(host).router->connections().find(id);
    return connection != nullptr ? connection->terminal.peer_machine() : "?";
}

std::string Narrator::next_router(const sim::World& world, sim::HostId host,
                                  gossip::LinkId link) const {
    if (const std::optional<sim::HostId> other = world.neighbour(host, link)) {
        return name(world, *other);
    }
    const router::Neighbour* neighbour = world.host(host).router->neighbours().find(link);
    return neighbour != nullptr ? neighbour->machine : "?";
}

std::string Narrator::way_of(std::uint64_t envelope, sim::HostId host) const {
    const auto found = ways_.find({envelope, host});
    return found != ways_.end() ? found->second : "";
}

void Narrator::tell_changes(const sim::World& world, sim::HostId host, std::string_view kind,
                            std::map<std::string, std::string>& before,
                            std::map<std::string, std::string> now) {
    for (const auto& [machine, words] : before) {
        now.try_emplace(machine);
    }
    for (auto& [machine, words] : now) {
        std::string& old = before[machine];
        if (words != old) {
            const std::string gone =
                kind == "routes" ? "unreachable" : "its services are forgotten";
            say(world, kind, name(world, host), machine + ": " + (words.empty() ? gone : words));
            old = words;
            changed_ = world.now();
        }
    }
}

void Narrator::on_changed(sim::World& world, sim::HostId id, std::string_view machine) {
    checker_.on_changed(world, id, machine);
}

void Narrator::on_turn(sim::World& world, sim::HostId id) {
    checker_.on_turn(world, id);
    const sim::Host& host = world.host(id);
    if (!host.router) {
        return;
    }
    Seen& seen = seen_[id];
    if (seen.life != host.life) {
        seen = Seen();
        seen.life = host.life;
    }
    const gossip::Gossip& gossip = host.router->gossip();
    if (seen.version != gossip.table_version()) {
        seen.version = gossip.table_version();
        std::map<std::string, std::string> routes;
        std::map<std::string, std::string> services;
        for (const gossip::Gossip::MachineView& machine : gossip.machines()) {
            if (machine.machine == gossip.machine()) {
                continue;
            }
            const std::string key(machine.machine);
            routes[key] = route_text(machine, machine.selected != nullptr
                                                  ? next_router(world, id, machine.selected->link)
                                                  : "");
            const bool known = machine.catalog != nullptr &&
                               (!machine.catalog->services.empty() || seen.services.contains(key));
            services[key] =
                known ? "has " + catalog_speech(machine.catalog->services) : std::string();
        }
        tell_changes(world, id, "routes", seen.routes, std::move(routes));
        tell_changes(world, id, "services", seen.services, std::move(services));
        std::erase_if(seen.services, [](const auto& entry) { return entry.second.empty(); });
    }
    const std::size_t waiting = host.router->forwarder().waiting();
    if (waiting != std::exchange(seen.waiting, waiting)) {
        say(world, "envelopes", name(world, id),
            waiting == 1 ? "1 envelope waits" : std::to_string(waiting) + " envelopes wait");
    }
    tell_messages();
}

void Narrator::on_envelope(sim::World& world, sim::HostId host, std::optional<sim::HostId> from,
                           const envelope::Frame& frame) {
    checker_.on_envelope(world, host, from, frame);
    if (const std::uint64_t number = sim::number_of(frame); number != 0) {
        ways_[{number, host}] =
            (from ? way_of(number, *from) + "-" : std::string()) + name(world, host);
    }
}

void Narrator::on_other_sent(sim::World& world, sim::HostId host, terminal::TerminalId terminal,
                             const envelope::Frame& frame) {
    if (frame.kind != envelope::Kind::announce) {
        return;
    }
    ++announces_;
    announced_bytes_ += frame.body.size();
    const auto announce = envelope::read_announce(frame.body);
    const std::string what = announce ? speech(*announce) : "what can't be read";
    say(world, what == "digest" ? "heartbeats" : "messages", name(world, host),
        "-> " + peer(world, host, terminal) + ": " + what);
}

void Narrator::on_report(sim::World& world, sim::HostId host, const base::Report& report) {
    if (report.level == base::Report::Level::debug) {
        return;
    }
    const auto field = [&report](std::string_view key) {
        const auto found = std::find_if(report.fields.begin(), report.fields.end(),
                                        [key](const auto& pair) { return pair.first == key; });
        return found != report.fields.end() ? found->second : std::string();
    };
    const std::string who = name(world, host);
    if (report.event == "link up") {
        changed_ = world.now();
        say(world, "links", who,
            "link to " + field("peer") + " is up" +
                (shown.contains("connections") ? ", dialled " + field("dialled") : ""));
        return;
    }
    if (report.event == "link down") {
        changed_ = world.now();
        const std::string why = field("code").empty() ? field("why") : field("code");
        say(world, "links", who,
            "link to " + field("peer") + " is down" + (why.empty() ? "" : ": " + why));
        return;
    }
    std::string line = report.event + ":";
    for (const auto& [key, value] : report.fields) {
        if (key != "address" && key != "terminal" && !value.empty()) {
            line += (line.back() == ':' ? " " : ", ") + key + " " + value;
        }
    }
    say(world, field("code") == "duplicate" ? "connections" : "reports", who, line);
}

}  // namespace jetway::scenarios
