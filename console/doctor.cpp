#include "console/doctor.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "console/fields.h"
#include "console/format.h"

namespace jetway::console {

using envelope::Json;
using Severity = Finding::Severity;

namespace {

constexpr std::uint64_t slow_ms = 1'000;  // a shorter hold is how queues work

const Chart* find(const std::vector<Chart>& charts, const std::string& machine) {
    const auto found = std::find_if(charts.begin(), charts.end(), [&machine](const Chart& chart) {
        return chart.machine == machine;
    });
    return found == charts.end() ? nullptr : &*found;
}

std::string port_of(const std::string& address) {
    const std::size_t path =
        address.find('/', address.find("://") == std::string::npos ? 0 : address.find("://") + 3);
    const std::string host = address.substr(0, path);
    const std::size_t colon = host.rfind(':');
    return colon == std::string::npos ? std::string() : host.substr(colon + 1);
}

std::string times(std::uint64_t count) {
    return count == 1 ? "once" : format_count(count) + " times";
}

class Examination {
public:
    explicit Examination(const std::vector<Chart>& charts) : charts_(charts) {}

    std::vector<Finding> findings() {
        for (const Chart& chart : charts_) {
            if (!chart.reachable) {
                add(Severity::error, chart.machine,
                    "can't be reached: no way leads there, or its router does not answer",
                    "jetway explain router@" + chart.machine);
            }
            links(chart);
            services(chart);
            slow(chart);
            refusals(chart);
            events(chart);
            settings(chart);
        }
        std::stable_sort(found_.begin(), found_.end(), [](const Finding& a, const Finding& b) {
            return a.severity < b.severity;
        });
        return std::move(found_);
    }

private:
    void add(Severity severity, const std::string& machine, std::string what, std::string look) {
        found_.push_back({severity, machine, std::move(what), std::move(look)});
    }

    static std::string at(const std::string& verb, const std::string& machine) {
        return "jetway " + verb + " --at " + machine;
    }

    // Both ends of a link that is down may say why: the one that was told more is believed.
    void links(const Chart& chart) {
        for (const Json& row : list_at(chart.neighbours, "neighbours")) {
            const std::string peer = text_at(row, "machineId");
            const std::string state = text_at(row, "state");
            if (state == "suspended") {
                add(Severity::warning, chart.machine,
                    "the connection to " + peer +
                        " broke, and is to be resumed: what goes there waits",
                    at("neighbours", chart.machine));
            }
            if (state != "down" || !seen_.insert(std::minmax(chart.machine, peer)).second) {
                continue;
            }
            const Json& failure = object_at(row, "failure");
            const Json* other = nullptr;
            if (const Chart* there = find(charts_, peer)) {
                for (const Json& back : list_at(there->neighbours, "neighbours")) {
                    if (text_at(back, "machineId") == chart.machine) {
                        other = &back;
                    }
                }
            }
            const bool tell_other =
                other != nullptr && text_at(failure, "code") != "version" &&
                (failure.empty() || text_at(object_at(*other, "failure"), "code") == "version") &&
                !object_at(*other, "failure").empty();
            if (tell_other) {
                link_down(peer, chart.machine, *other);
            } else {
                link_down(chart.machine, peer, row);
            }
        }
    }

    void link_down(const std::string& machine, const std::string& peer, const Json& row) {
        const Json& failure = object_at(row, "failure");
        const std::string address = text_at(row, "address");
        const std::string code = text_at(failure, "code");
        std::string what = "the link to " + peer + " is down: ";
        if (failure.empty()) {
            what += address.empty()
                        ? "it is not dialled from here, and " + peer + " has not dialled in"
                        : "it is dialled at " + address + ", and nothing has come of it yet";
        } else {
            const std::uint64_t count = number_at(failure, "times");
            if (code == "version") {
                what += "the routers speak different versions of the protocol (" +
                        text_at(failure, "why") + "): upgrade the older one";
            } else {
                what += (address.empty() ? std::string() : "dialled at " + address + ", ") +
                        (text_at(failure, "why").empty() ? code : text_at(failure, "why"));
            }
            what +=
                " (" + times(count) + ", last " + format_age(number_at(failure, "ageMs")) + " ago)";
        }
        if (code == "ECONNREFUSED" || code == "ETIMEDOUT" || failure.empty()) {
            what += where_it_listens(peer, address);
        }
        add(Severity::error, machine, std::move(what), at("neighbours", machine));
    }

    // Of a neighbour that can be asked another way.
    std::string where_it_listens(const std::string& peer, const std::string& address) const {
        const Chart* there = find(charts_, peer);
        if (there == nullptr || !there->reachable) {
            return "; no other way leads to " + peer +
                   " either: is its router running, and is the address right?";
        }
        if (there->status.is_null() || address.empty()) {
            return {};
        }
        std::string listens;
        for (const Json& one : list_at(there->status, "listening")) {
            if (text_at(one, "for") != "neighbours") {
                continue;
            }
            if (port_of(text_at(one, "at")) == port_of(address)) {
                return "; " + peer + " runs and listens at " + text_at(one, "at") +
                       ": is something between the two machines?";
            }
            listens += (listens.empty() ? "" : ", ") + text_at(one, "at");
        }
        return "; " + peer + " runs, and listens for neighbours " +
               (listens.empty()
                    ? std::string("nowhere: give it `listen`")
                    : "at " + listens + ", not at port " + port_of(address) +
                          ": correct the address in the deployment file, or its `listen`");
    }

    // What the deployment promises and nobody has attached; what doesn't answer any more.
    void services(const Chart& chart) {
        for (const Json& row : list_at(chart.services, "services")) {
            if (text_at(row, "machineId") != chart.machine) {
                continue;
            }
            const std::string name = text_at(row, "name");
            const std::string health = text_at(row, "health");
            const bool elsewhere = up_elsewhere(chart, name);
            const Severity severity = elsewhere ? Severity::warning : Severity::error;
            const std::string others = elsewhere
                                           ? "; another instance is up"
                                           : "; requests for it are refused with `no-instance`";
            const std::string look = "jetway explain " + name + "@" + chart.machine;
            if (health == "detached") {
                add(severity, chart.machine,
                    "service " + name +
                        " is in the deployment, but no program has attached it: start it" + others,
                    look);
            } else if (health == "unhealthy") {
                add(severity, chart.machine,
                    "service " + name + " is attached, but does not answer" + others, look);
            } else if (health == "draining") {
                add(Severity::note, chart.machine, "service " + name + " is draining", look);
            }
        }
    }

    static bool up_elsewhere(const Chart& chart, const std::string& name) {
        const Json& rows = list_at(chart.services, "services");
        return std::any_of(rows.begin(), rows.end(), [&](const Json& row) {
            return text_at(row, "name") == name && text_at(row, "health") == "up" &&
                   flag_at(row, "reachable");
        });
    }

    void slow(const Chart& chart) {
        for (const Json& row : list_at(chart.terminals, "terminals")) {
            const std::uint64_t held = number_at(row, "heldMs");
            if (held < slow_ms) {
                continue;
            }
            const std::string services = joined_at(row, "services");
            const std::string who =
                services.empty() ? "client " + text_at(row, "name") : "service " + services;
            add(Severity::error, chart.machine,
                who + " is slow: it takes what is sent to it slower than it comes; " +
                    format_bytes(number_at(row, "queuedBytes")) +
                    " wait for it, and its senders have been held for " + format_age(held),
                at("terminals", chart.machine));
        }
    }

    void refusals(const Chart& chart) {
        for (const Json& row : list_at(chart.refusals, "refusals")) {
            if (number_at(row, "lastMs") > recent_ms) {
                continue;
            }
            const std::string code = text_at(row, "code");
            const bool by_rule = code == "forbidden" || code == "forbidden-source";
            const std::string terminal = text_at(row, "terminal");
            const std::string count = format_plural(number_at(row, "count"), "envelope");
            std::string what = count + " for " +
                               (text_at(row, "destination").empty() ? "an unreadable destination"
                                                                    : text_at(row, "destination")) +
                               (terminal.empty() ? "" : " from terminal " + terminal) +
                               " refused with `" + code + "`: " + text_at(row, "why") + " (last " +
                               format_age(number_at(row, "lastMs")) + " ago)";
            if (by_rule) {
                what += "; if that should be allowed, change the rule in the deployment file";
            }
            add(by_rule || code == "overloaded" ? Severity::error : Severity::warning,
                chart.machine, std::move(what),
                at(by_rule ? "terminals" : "refusals", chart.machine));
        }
    }

    // Warnings that no other question shows.
    void events(const Chart& chart) {
        static const std::set<std::string> told_otherwise = {
            "link down", "held", "service doesn't answer", "insecure", "certificate"};
        std::map<std::string, std::pair<std::uint64_t, const Json*>> kinds;
        for (const Json& event : list_at(chart.events, "events")) {
            const std::string name = text_at(event, "event");
            const Json& fields = object_at(event, "fields");
            const std::string code = text_at(fields, "code");
            const std::string level = text_at(event, "level");
            const bool refused_peer =
                name == "connection refused" &&
                (code == "version" || code == "forbidden" || code == "bad-hello");
            if (number_at(event, "ageMs") > recent_ms || told_otherwise.contains(name) ||
                (level != "warning" && level != "error" && !refused_peer)) {
                continue;
            }
            auto& [count, last] = kinds[name + " " + code + " " + text_at(fields, "why")];
            ++count;
            last = &event;
        }
        for (const auto& [kind, counted] : kinds) {
            const Json& event = *counted.second;
            const Json& fields = object_at(event, "fields");
            const std::string code = text_at(fields, "code");
            std::string what = text_at(event, "event");
            for (const auto& [key, value] : fields.items()) {
                what += (what.find('=') == std::string::npos ? ": " : ", ") + key + "=" +
                        (value.is_string() ? value.get<std::string>() : std::string());
            }
            if (code == "version") {
                what +=
                    "; whoever dials in there speaks another version of the protocol: upgrade "
                    "the older one";
            }
            what += " (" + times(counted.first) + ", last " +
                    format_age(number_at(event, "ageMs")) + " ago)";
            add(text_at(event, "level") == "error" || code == "version" ? Severity::error
                                                                        : Severity::warning,
                chart.machine, std::move(what), at("events --level info", chart.machine));
        }
    }

    void settings(const Chart& chart) {
        if (flag_at(chart.status, "insecure")) {
            add(Severity::note, chart.machine,
                "listens beyond loopback without encryption or authentication (insecure: true)",
                "jetway certs --help");
        }
    }

    const std::vector<Chart>& charts_;
    std::vector<Finding> found_;
    std::set<std::pair<std::string, std::string>> seen_;  // links, by their ends
};

}  // namespace

std::vector<Finding> examine(const std::vector<Chart>& charts) {
    return Examination(charts).findings();
}

}  // namespace jetway::console
