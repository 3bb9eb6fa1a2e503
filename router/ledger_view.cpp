// The part of Control that shows the ledger: what went in and came out at this router, by link,
// terminal and service.
#include <nlohmann/json.hpp>

#include "router/control.h"

namespace jetway::router {

using Json = nlohmann::ordered_json;

namespace {

Json refusals(const Refusals& refused) {
    Json object = Json::object();
    for (std::size_t i = 0; i < refused.size(); ++i) {
        if (refused[i] > 0) {
            object[std::string(refusal_codes[i])] = refused[i];
        }
    }
    return object;
}

}  // namespace

Json Control::ledger() const {
    const Counters& counters = of_.forwarder.counters();
    const Counters::Gone& gone = counters.gone;
    Json answer = begin("jetway.ledger/1");
    answer["incarnation"] = of_.options.incarnation;
    answer["counters"] = {
        {"received", counters.received},     {"originated", counters.originated},
        {"returned", counters.returned},     {"forwarded", counters.forwarded},
        {"delivered", counters.delivered},   {"refused", refusals(counters.refused)},
        {"waiting", of_.forwarder.waiting()}};
    answer["taken"] = counters.by_router;
    answer["reflected"] = counters.by_loopback;
    answer["gone"] = {
        {"received", gone.received}, {"sent", gone.sent}, {"delivered", gone.delivered}};
    Json links = Json::array();
    Json terminals = Json::array();
    of_.connections.for_each([&](const Connection& connection) {
        const terminal::Terminal& terminal = connection.terminal;
        if (!terminal.is_router()) {
            terminals.push_back({{"name", terminal.name()},
                                 {"delivered", connection.envelopes_out},
                                 {"sent", connection.envelopes_in},
                                 {"queuedBytes", terminal.output().size()}});
        }
    });
    of_.neighbours.for_each(
        [&](const Neighbour& neighbour) { links.push_back(link_ledger(neighbour)); });
    answer["links"] = std::move(links);
    answer["terminals"] = std::move(terminals);
    answer["services"] = service_ledger();
    return answer;
}

Json Control::link_ledger(const Neighbour& neighbour) const {
    const terminal::Session& session = neighbour.session;
    const Connection* carrier = of_.connections.find(neighbour.terminal);
    return {{"machineId", neighbour.machine},
            {"terminal", neighbour.name},
            {"session", session_text(session.id())},
            {"sent", session.numbered() ? session.sent() : neighbour.forwarded},
            {"acknowledged", session.acknowledged()},
            {"received", session.received()},
            {"queuedBytes", carrier != nullptr ? carrier->terminal.output().size() : 0}};
}

// Of those that are attached, and those that something sent to was refused for.
Json Control::service_ledger() const {
    std::map<std::string, Json, std::less<>> rows;
    const auto row = [&rows](const std::string& name) -> Json& {
        Json& at = rows[name];
        if (at.is_null()) {
            at = {{"name", name}, {"instances", 0U},   {"delivered", 0U},
                  {"sent", 0U},   {"queuedBytes", 0U}, {"refused", Json::object()}};
        }
        return at;
    };
    const auto add = [](Json& at, const char* key, std::uint64_t count) {
        at[key] = at[key].get<std::uint64_t>() + count;
    };
    for (const auto& [name, instances] : of_.attachments.instances()) {
        Json& at = row(name);
        for (const Instance& instance : instances) {
            if (const Connection* connection = of_.connections.find(instance.terminal)) {
                add(at, "instances", 1);
                add(at, "delivered", connection->envelopes_out);
                add(at, "sent", connection->envelopes_in);
                add(at, "queuedBytes", connection->terminal.output().size());
            }
        }
    }
    for (const auto& [name, refused] : of_.forwarder.refused_by_service()) {
        row(name)["refused"] = refusals(refused);
    }
    Json services = Json::array();
    for (auto& [name, at] : rows) {
        services.push_back(std::move(at));
    }
    return services;
}

}  // namespace jetway::router
