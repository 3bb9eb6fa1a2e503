// The answer of Control to `explain`: where an envelope would go now, and for every other candidate
// the one reason why not. The decision is Forwarder's own.
#include <nlohmann/json.hpp>

#include "envelope/address.h"
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
            const bool better = !found.listed || instance.health == envelope::Health::up;
            found.health = better ? instance.health : found.health;
            found.listed = true;
            found.up += instance.health == envelope::Health::up ? 1 : 0;
        }
    }
    return found;
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
    const Decision decision = of_.forwarder.decide(destination);
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
            if (!any_service && has.up == 0) {
                return has.listed ? std::string(envelope::health_name(has.health))
                                  : "not listed there";
            }
            if (!ours && view.selected == nullptr) {
                return view.awaited ? "unfeasible" : "unreachable";
            }
            const std::uint16_t cost = ours ? std::uint16_t{0} : view.selected->cost;
            return cost > least ? "farther" : "not its turn";
        };
        const std::string why_not = reason_of_machine();
        const auto add = [&](std::string_view terminal, std::string_view neighbour,
                             std::uint16_t cost, std::uint16_t hops, bool chosen,
                             const std::string& reason, base::Duration age) {
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
                 {"ageMs", std::max<std::int64_t>(0, base::to_microseconds(age)) / 1'000}});
        };
        if (ours) {
            const bool delivered = decision.outcome == Decision::Outcome::delivered;
            if (service == nullptr || service->here.empty()) {
                const bool itself = any_service && bound;
                add(itself ? address.service : std::string_view(), {}, 0, 0, itself,
                    itself            ? std::string("it is this router's own")
                    : why_not.empty() ? "detached"
                                      : why_not,
                    {});
                continue;
            }
            for (const TerminalId terminal : service->here) {
                const bool chosen = bound && ((delivered && terminal == decision.terminal) ||
                                              decision.outcome == Decision::Outcome::copied);
                add(terminal_name(terminal), {}, 0, 0, chosen,
                    chosen            ? std::string("here")
                    : why_not.empty() ? "not its turn"
                                      : why_not,
                    {});
            }
            continue;
        }
        for (const gossip::LearnedRoute& route : view.routes) {
            const Neighbour* next = of_.neighbours.find(route.link);
            const bool selected = route.state == gossip::RouteState::selected;
            std::string reason = why_not;
            if (reason.empty()) {
                reason = selected                                        ? "nearest"
                         : route.state == gossip::RouteState::unfeasible ? "unfeasible"
                         : view.selected != nullptr && route.cost == view.selected->cost
                             ? "as far as the one in use"
                             : "farther";
            }
            add(next != nullptr ? std::string_view(next->name) : std::string_view(),
                next != nullptr ? std::string_view(next->machine) : std::string_view(), route.cost,
                route.hops, bound && selected, reason, now - route.learned);
        }
    }
    answer["candidates"] = std::move(candidates);
    return answer;
}

}  // namespace jetway::router
