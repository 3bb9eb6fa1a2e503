// The answer of Control to `explain`: where an envelope would go now, and for every other candidate
// the one reason why not. The decision is Forwarder's own.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "envelope/address.h"
#include "envelope/packer.h"
#include "router/control.h"

namespace jetway::router {

using Json = nlohmann::ordered_json;

namespace {

std::string_view outcome_name(Decision::Outcome outcome) {
    switch (outcome) {
        case Decision::Outcome::delivered:
            return "delivered";
        case Decision::Outcome::forwarded:
            return "forwarded";
        case Decision::Outcome::router:
            return "router";
        case Decision::Outcome::echo:
            return "echo";
        case Decision::Outcome::copied:
            return "copied";
        case Decision::Outcome::waits:
            return "waits";
        case Decision::Outcome::refused:
            return "refused";
    }
    return "refused";
}

// The health of a service on one machine, and how many instances are up: the best there is.
struct Offered {
    bool listed = false;
    bool ninep = false;  // all of what there is are 9P servers
    std::size_t up = 0;
    envelope::Health health = envelope::Health::detached;
};

Offered offered(const envelope::Catalog* catalog, std::string_view service) {
    Offered found;
    if (catalog == nullptr) {
        return found;
    }
    for (const envelope::CatalogService& instance : catalog->services) {
        if (instance.service.name == service) {
            const bool ninep = !instance.ninep.empty();
            const bool better = !found.listed || instance.health == envelope::Health::up;
            found.health = better ? instance.health : found.health;
            found.ninep = ninep && (found.ninep || !found.listed);
            found.listed = true;
            found.up += instance.health == envelope::Health::up && !ninep ? 1 : 0;
        }
    }
    return found;
}

// The envelope that is asked about, as far as a policy goes by it.
envelope::EnvelopeView envelope_of(const ControlRequest& request, base::Bytes& headers) {
    envelope::EnvelopeView view;
    if (const auto source = request.texts.find("source"); source != request.texts.end()) {
        view.source = source->second;
    }
    if (const auto header = request.texts.find("header"); header != request.texts.end()) {
        const std::string_view text = header->second;
        const std::size_t mark = std::min(text.find('='), text.size());
        envelope::Packer(headers)
            .map(1)
            .text(text.substr(0, mark))
            .text(text.substr(std::min(mark + 1, text.size())));
        view.headers = headers;
    }
    return view;
}

// Why an instance that could have it isn't the one that a policy chose.
std::string not_chosen(const ServiceEntry& service, const Decision& decision,
                       std::string_view machine, std::uint16_t cost, std::uint16_t least) {
    switch (service.policy.kind) {
        case balance::Policy::Kind::nearest:
            return cost > least ? "farther" : "not its turn";
        case balance::Policy::Kind::least_conn:
            if (decision.picks != nullptr && decision.machine != nullptr) {
                const Loads& loads = service.balancing->loads;
                return loads.of(machine) > loads.of(std::string_view(decision.machine->name))
                           ? "busier"
                           : "not its turn";
            }
            return "not its turn";
        case balance::Policy::Kind::random:
            return "not drawn";
        case balance::Policy::Kind::sticky:
            return "the key is another's";
        default:
            return "not its turn";
    }
}

// Bytes that wait to be written there.
std::size_t queued_at(const ConnectionTable& connections, TerminalId id) {
    const Connection* connection = connections.find(id);
    return connection != nullptr ? connection->terminal.output().size() : 0;
}

}  // namespace

base::Result<Json> Control::explain(const ControlRequest& request, base::Instant now) const {
    const auto asked = request.texts.find("destination");
    if (asked == request.texts.end() || !envelope::valid_address(asked->second)) {
        return base::Error{"bad-envelope",
                           "explain needs `destination`: service, service@machine or service@*"};
    }
    const std::string& destination = asked->second;
    const envelope::Address address = envelope::split_address(destination);
    base::Bytes headers;
    const envelope::EnvelopeView asked_for = envelope_of(request, headers);
    const Decision decision = of_.forwarder.decide(destination, &asked_for);
    const RouteTable& table = of_.forwarder.table();
    const ServiceEntry* service = table.service(address.service);
    Json answer = begin("jetway.explain/1");
    answer["destination"] = destination;
    answer["outcome"] = outcome_name(decision.outcome);
    const Neighbour* next_router = of_.neighbours.find(decision.link);
    answer["terminal"] =
        next_router != nullptr ? next_router->name : terminal_name(decision.terminal);
    answer["boundTo"] = decision.machine != nullptr ? decision.machine->name : std::string();
    answer["code"] = decision.outcome == Decision::Outcome::refused ? refusal_code(decision.refusal)
                                                                    : std::string_view();
    answer["message"] = decision.message;
    const bool by_name = address.machine.empty() && !envelope::reserved_name(address.service);
    const bool by_policy = service != nullptr && service->balancing != nullptr;
    const std::string policy = service != nullptr ? service->policy.text() : std::string();
    answer["policy"] = policy;
    const std::uint16_t least = service != nullptr && !service->nearest.empty()
                                    ? table.machine_at(service->nearest.front()).cost
                                    : envelope::infinity;
    Json candidates = Json::array();
    for (const auto& view : of_.gossip.machines()) {
        const bool ours = view.machine == of_.options.machine;
        const bool named =
            address.machine == view.machine || (address.machine.empty() && ours && !by_name);
        const Offered has = offered(view.catalog, address.service);
        const bool any_service = envelope::reserved_name(address.service);
        if (by_name || address.everywhere() ? !has.listed : !named) {
            continue;
        }
        // Why this machine isn't bound to; empty: it is.
        const bool bound =
            (decision.machine != nullptr && decision.machine->name == view.machine) ||
            (decision.outcome == Decision::Outcome::copied && has.up > 0);
        const auto reason_of_machine = [&]() -> std::string {
            if (bound) {
                return {};
            }
            if (has.ninep) {
                return "a 9P server";
            }
            if (!any_service && has.up == 0) {
                return has.listed ? std::string(envelope::health_name(has.health))
                                  : "not listed there";
            }
            if (!ours && view.selected == nullptr) {
                return view.awaited ? "unfeasible" : "unreachable";
            }
            const std::uint16_t cost = ours ? std::uint16_t{0} : view.selected->cost;
            return service == nullptr ? "not its turn"
                                      : not_chosen(*service, decision, view.machine, cost, least);
        };
        const std::string why_not = reason_of_machine();
        const auto add = [&](std::string_view terminal, std::string_view neighbour,
                             std::uint16_t cost, std::uint16_t hops, bool chosen,
                             const std::string& reason, base::Duration age, TerminalId by) {
            const Holds& holds = of_.forwarder.holds();
            candidates.push_back(
                {{"machineId", view.machine},
                 {"terminal", terminal},
                 {"neighbour", neighbour},
                 {"cost", cost},
                 {"hops", hops},
                 {"instances", has.up},
                 {"health",
                  any_service ? std::string_view("up") : envelope::health_name(has.health)},
                 {"chosen", chosen},
                 {"reason", reason},
                 {"queuedBytes", queued_at(of_.connections, by)},
                 {"held",
                  ours ? holds.crowded(by) : holds.held(view.machine, address.service) != nullptr},
                 {"ageMs", std::max<std::int64_t>(0, base::to_microseconds(age)) / 1'000}});
        };
        if (ours) {
            const bool delivered = decision.outcome == Decision::Outcome::delivered;
            if (service == nullptr || service->here.empty()) {
                const bool itself = any_service && bound;
                add(itself ? address.service : std::string_view(), {}, 0, 0, itself,
                    itself ? std::string(address.service.starts_with(envelope::client_prefix)
                                             ? "here"
                                             : "it is this router's own")
                    : why_not.empty() ? "detached"
                                      : why_not,
                    {}, 0);
                continue;
            }
            for (const TerminalId terminal : service->here) {
                const bool chosen = bound && ((delivered && terminal == decision.terminal) ||
                                              decision.outcome == Decision::Outcome::copied);
                add(terminal_name(terminal), {}, 0, 0, chosen,
                    chosen            ? (by_policy ? policy : std::string("here"))
                    : why_not.empty() ? "not its turn"
                                      : why_not,
                    {}, terminal);
            }
            continue;
        }
        for (const gossip::LearnedRoute& route : view.routes) {
            const Neighbour* next = of_.neighbours.find(route.link);
            const bool selected = route.state == gossip::RouteState::selected;
            std::string reason = why_not;
            if (reason.empty()) {
                reason = selected ? (by_policy ? policy : "nearest")
                         : route.state == gossip::RouteState::unfeasible ? "unfeasible"
                         : view.selected != nullptr && route.cost == view.selected->cost
                             ? "as far as the one in use"
                             : "farther";
            }
            add(next != nullptr ? std::string_view(next->name) : std::string_view(),
                next != nullptr ? std::string_view(next->machine) : std::string_view(), route.cost,
                route.hops, bound && selected, reason, now - route.learned,
                next != nullptr ? next->terminal : TerminalId{0});
        }
    }
    answer["candidates"] = std::move(candidates);
    return answer;
}

}  // namespace jetway::router
