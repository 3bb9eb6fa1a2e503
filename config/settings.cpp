#include "config/settings.h"

#include <utility>

#include "base/units.h"
#include "router/options.h"

namespace jetway::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

template <typename To, typename From>
void put(To& to, const std::optional<From>& from) {
    if (from) {
        to = static_cast<To>(*from);
    }
}

// Durations that only make sense in an order. The one that stands in this section is the culprit.
struct Order {
    std::string_view less;
    base::Duration less_value;
    std::string_view more;
    base::Duration more_value;
    bool may_equal;
};

void check_order(const Section& section, const Order& order, Problems& problems) {
    const bool fine = order.less_value < order.more_value ||
                      (order.may_equal && order.less_value == order.more_value);
    const YamlNode* less = section.find(order.less);
    const YamlNode* more = section.find(order.more);
    if (fine || (less == nullptr && more == nullptr)) {
        return;
    }
    problems.add(less != nullptr ? less->place : more->place,
                 "expected " + quoted(order.less) + " (" + base::format_duration(order.less_value) +
                     (order.may_equal ? ") to be no longer than " : ") to be shorter than ") +
                     quoted(order.more) + " (" + base::format_duration(order.more_value) + ")");
}

void read_gossip(const YamlNode& node, Settings& settings, Problems& problems) {
    const Section section(node, "a map of gossip settings", problems);
    section.check_keys(
        {{"interval", "min_interval", "request_timeout", "hello", "dead_after"}, {}, {}});
    gossip::Options& gossip = settings.gossip;
    terminal::Options& terminal = settings.terminal;
    put(gossip.interval, section.read_duration("interval", {milliseconds(10), hours(1)}));
    put(gossip.min_interval, section.read_duration("min_interval", {seconds(0), minutes(1)}));
    put(gossip.request_timeout,
        section.read_duration("request_timeout", {milliseconds(1), minutes(1)}));
    put(terminal.hello, section.read_duration("hello", {milliseconds(1), hours(1)}));
    put(terminal.dead_after, section.read_duration("dead_after", {milliseconds(2), hours(1)}));
    terminal.measure = std::max(gossip.interval, terminal.hello);
    check_order(section, {"hello", terminal.hello, "dead_after", terminal.dead_after, false},
                problems);
    check_order(section, {"min_interval", gossip.min_interval, "interval", gossip.interval, true},
                problems);
}

void read_security(const YamlNode& node, Settings& settings, Problems& problems) {
    const Section section(node, "a map of security settings", problems);
    section.check_keys({{"certificates", "ca", "certificate", "key", "network"}, {}, {}});
    Security& security = settings.security;
    put(security.certificates, section.read_path("certificates", "the path of a folder"));
    put(security.ca, section.read_path("ca", "the path of a file"));
    put(security.certificate, section.read_path("certificate", "the path of a file"));
    put(security.key, section.read_path("key", "the path of a file"));
    if (const auto network = section.read_text("network", "`tcp` or `tls`")) {
        if (*network != "tcp" && *network != "tls") {
            problems.add(section.find("network")->place,
                         "network: expected `tcp` or `tls`, not " + quoted(*network));
        }
        security.network_tls = *network == "tls";
    }
    const bool any = !security.ca.empty() || !security.certificate.empty() || !security.key.empty();
    if (any && !security.complete()) {
        problems.add(
            node.place,
            "security: expected `ca`, `certificate` and `key` together, or `certificates`, "
            "the folder that has all three");
    }
}

// `max_frame` may be larger than `queue`: so are their defaults, and writing these down must not
// turn them into an error.
void read_limits(const YamlNode& node, Settings& settings, Problems& problems) {
    constexpr CountRange many{1, 1'000'000};
    const Section section(node, "a map of limits", problems);
    section.check_keys(
        {{"queue", "max_frame", "services", "machines", "terminals", "errors", "hello_timeout",
          "frame_timeout", "handshakes", "handshakes_per_address", "handshake_timeout",
          "unacknowledged", "held", "hold_timeout", "debug_sessions"},
         {},
         {}});
    terminal::Options& terminal = settings.terminal;
    put(terminal.queue, section.read_size("queue", {1U << 10U, 64ULL << 30U}));
    put(terminal.unacknowledged, section.read_size("unacknowledged", {1U << 10U, 64ULL << 30U}));
    put(terminal.held, section.read_size("held", {1U << 10U, 64ULL << 30U}));
    put(terminal.hold_timeout, section.read_duration("hold_timeout", {milliseconds(1), hours(1)}));
    put(terminal.max_frame, section.read_size("max_frame", {1U << 10U, 1U << 30U}));
    put(terminal.services, section.read_count("services", many));
    put(settings.gossip.max_machines, section.read_count("machines", many));
    put(settings.terminals, section.read_count("terminals", many));
    put(settings.debug_sessions, section.read_count("debug_sessions", many));
    put(settings.errors, section.read_count("errors", {1, 1'000'000'000}));
    put(terminal.hello_timeout,
        section.read_duration("hello_timeout", {milliseconds(1), minutes(10)}));
    put(terminal.frame_timeout,
        section.read_duration("frame_timeout", {milliseconds(1), minutes(60)}));
    put(settings.handshakes.at_once, section.read_count("handshakes", many));
    put(settings.handshakes.per_address, section.read_count("handshakes_per_address", many));
    put(settings.handshakes.timeout,
        section.read_duration("handshake_timeout", {milliseconds(1), minutes(10)}));
}

void read_balance(const YamlNode& node, Settings& settings, Problems& problems) {
    constexpr CountRange few{1, 1'000};
    const Section section(node, "a map of settings of balancing", problems);
    section.check_keys({{"unhealthy_after", "healthy_after", "probe_interval", "probe_timeout",
                         "probe_backoff", "probe_backoff_max", "request_timeout"},
                        {},
                        {}});
    balance::Options& balance = settings.balance;
    put(balance.unhealthy_after, section.read_count("unhealthy_after", few));
    put(balance.healthy_after, section.read_count("healthy_after", few));
    const DurationRange times{milliseconds(10), hours(1)};
    put(balance.probe_interval, section.read_duration("probe_interval", times));
    put(balance.probe_timeout, section.read_duration("probe_timeout", times));
    put(balance.probe_backoff, section.read_duration("probe_backoff", times));
    put(balance.probe_backoff_max, section.read_duration("probe_backoff_max", times));
    put(balance.request_timeout, section.read_duration("request_timeout", times));
    if (balance.probe_backoff > balance.probe_backoff_max) {
        problems.add(node.place, "balance: expected `probe_backoff` not above `probe_backoff_max`");
    }
}

void read_admin(const YamlNode& node, Settings& settings, Problems& problems) {
    const Section section(node, "a map with `listen` and `remote`", problems);
    section.check_keys({{"listen", "remote"}, {}, {}});
    if (const YamlNode* listen = section.find("listen")) {
        settings.admin = {read_listeners(*listen, "HTTP", problems), true};
    }
    if (const YamlNode* remote = section.find("remote")) {
        settings.admin_remote = read_machine_names(*remote, "remote", problems);
    }
}

void read_unknown_neighbours(const Section& section, Settings& settings, Problems& problems) {
    const auto said = section.read_text("unknown_neighbours", "`allow` or `refuse`");
    if (said && *said != "allow" && *said != "refuse") {
        problems.add(section.find("unknown_neighbours")->place,
                     "unknown_neighbours: expected `allow` or `refuse`, not " + quoted(*said));
    } else if (said) {
        settings.refuse_unknown_neighbours = *said == "refuse";
    }
}

}  // namespace

Keys settings_keys() {
    return {
        {"gossip", "limits", "balance", "hop_limit", "insecure", "shutdown_grace", "control_group",
         "strict_services", "unknown_neighbours", "admin", "security", "ninep"},
        {"registry", "dns", "ingress"},
        {"gossip.interval",
         "gossip.min_interval",
         "gossip.request_timeout",
         "gossip.hello",
         "gossip.dead_after",
         "limits.queue",
         "limits.max_frame",
         "limits.machines",
         "limits.terminals",
         "limits.errors",
         "limits.hello_timeout",
         "limits.frame_timeout",
         "limits.handshakes",
         "limits.handshakes_per_address",
         "limits.handshake_timeout",
         "balance.unhealthy_after",
         "balance.healthy_after",
         "balance.probe_interval",
         "balance.probe_timeout",
         "balance.probe_backoff",
         "balance.probe_backoff_max",
         "security.certificates",
         "security.ca",
         "security.certificate",
         "security.key",
         "security.network",
         "admin.listen",
         "admin.remote",
         "ninep.listen"}};
}

Settings read_settings(const Section& section, Settings settings, Problems& problems) {
    if (const YamlNode* gossip = section.find("gossip")) {
        read_gossip(*gossip, settings, problems);
    }
    if (const YamlNode* limits = section.find("limits")) {
        read_limits(*limits, settings, problems);
    }
    if (const YamlNode* balance = section.find("balance")) {
        read_balance(*balance, settings, problems);
    }
    if (const YamlNode* security = section.find("security")) {
        read_security(*security, settings, problems);
    }
    put(settings.hop_limit, section.read_count("hop_limit", {1, 255}));
    put(settings.insecure, section.read_bool("insecure"));
    put(settings.shutdown_grace,
        section.read_duration("shutdown_grace", {seconds(0), minutes(10)}));
    if (auto group = section.read_text("control_group", "the name of a group")) {
        settings.control_group = std::move(group);
    }
    put(settings.strict_services, section.read_bool("strict_services"));
    read_unknown_neighbours(section, settings, problems);
    if (const YamlNode* admin = section.find("admin")) {
        read_admin(*admin, settings, problems);
    }
    if (const YamlNode* ninep = section.find("ninep")) {
        settings.ninep = read_ninep(*ninep, std::move(settings.ninep), problems);
    }
    return settings;
}

void apply(const Settings& settings, router::Options& options) {
    options.gossip = settings.gossip;
    options.terminal = settings.terminal;
    options.balance = settings.balance;
    options.hop_limit = settings.hop_limit;
    options.errors = settings.errors;
    options.terminals = settings.terminals;
    options.insecure = settings.insecure;
    options.control.remote.clear();
    for (const PlacedName& machine : settings.admin_remote) {
        options.control.remote.push_back(machine.name);
    }
}

}  // namespace jetway::config
