// The part of Router that registers instances which are 9P servers (router/registrations.h), sets
// services' policies (router/policies.h), and answers the control requests for it: register,
// deregister, health and policy.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "envelope/address.h"
#include "router/router.h"

namespace jetway::router {

namespace {

using base::Error;
using base::Result;
using envelope::Health;
using Json = nlohmann::ordered_json;

constexpr std::size_t max_version = 512;  // as in HELLO

Error malformed(std::string detail) {
    return {"bad-envelope", std::move(detail)};
}

// The text of a request's argument; empty: it isn't there.
std::string_view argument(const ControlRequest& request, std::string_view key) {
    const auto found = request.texts.find(key);
    return found != request.texts.end() ? std::string_view(found->second) : std::string_view();
}

// Why no instance of that name can be registered, and no policy be set for it.
std::optional<Error> why_not_name(std::string_view name) {
    if (name.empty()) {
        return malformed("this request needs `service`, the name of a service");
    }
    if (!envelope::valid_name(name)) {
        return malformed(
            "a service's name must be 1 to 128 of A-Z a-z 0-9 . _ - and start with a letter or "
            "digit");
    }
    if (envelope::reserved_name(name) || name == "route") {
        return Error{"forbidden", "the name `" + std::string(name) +
                                      "` is reserved: `route`, `router`, `echo` and names that "
                                      "start with `client-` are the router's own"};
    }
    return std::nullopt;
}

base::Bytes packed_answer(const Json& answer) {
    base::Bytes data;
    Json::to_msgpack(answer, data);
    return data;
}

}  // namespace

// What is registered here was changed by somebody.
void Router::registrations_changed(const std::string& service) {
    attachments_.changed();
    record_service(service, {Event::registration, {}, {}});
    offer_attachments();
}

std::vector<envelope::CatalogService> Router::own_catalog() const {
    std::vector<envelope::CatalogService> entries =
        attachments_.catalog(options_.services, drains_);
    registrations_.append_to(entries, drains_);
    policies_.append_to(entries);
    return entries;
}

// What the deployment gives: its instances come and go with it, and those that were registered by
// request stay.
void Router::deploy_services(const std::vector<ConfiguredService>& before) {
    const auto lists = [](const std::vector<ConfiguredService>& services, std::string_view name,
                          const envelope::NinepAddress& where) {
        return std::any_of(services.begin(), services.end(), [&](const ConfiguredService& one) {
            return one.name == name &&
                   std::find(one.ninep.begin(), one.ninep.end(), where) != one.ninep.end();
        });
    };
    for (const ConfiguredService& old : before) {
        for (const envelope::NinepAddress& where : old.ninep) {
            if (!lists(options_.services, old.name, where)) {
                registrations_.remove(old.name, where.text());
            }
        }
    }
    for (const ConfiguredService& service : options_.services) {
        const bool same = std::find(before.begin(), before.end(), service) != before.end();
        for (const envelope::NinepAddress& where : service.ninep) {
            if (!same) {  // what an operator has done to one that didn't change stands
                registrations_.put({.name = service.name,
                                    .capabilities = service.capabilities,
                                    .version = service.version,
                                    .weight = service.weight},
                                   where, attachments_.new_number());
            }
        }
    }
    policies_.deploy(options_.services, [this](std::string_view service) {
        const ServiceEntry* known = forwarder_.table().service(service);
        return known != nullptr ? known->policy_revision : 0;
    });
    attachments_.changed();
}

Result<base::Bytes> Router::respond(const ControlRequest& request) {
    if (request.name == "drain") {
        return drain(request);
    }
    if (request.name == "undrain") {
        ControlRequest undo = request;
        undo.flags.insert_or_assign("undo", true);
        return request.changes_router() ? drain(undo)
                                        : malformed("undrain what? `service`, or `all`");
    }
    if (request.name == "register") {
        return register_instance(request);
    }
    if (request.name == "deregister") {
        return deregister_instance(request);
    }
    if (request.name == "health") {
        return say_health(request);
    }
    if (request.name == "policy") {
        return policy(request);
    }
    refresh();
    return control_.answer(request, now_);
}

Result<base::Bytes> Router::ask(const ControlRequest& request, const Arrival& who,
                                base::Instant now) {
    now_ = now;
    if (request.name == "ping") {
        return malformed("a ping is answered by envelopes, and must be asked for with one");
    }
    if (request.changes_router()) {
        if (const Refused why = why_not_control(options_.control, who)) {
            return Error{"forbidden", *why};
        }
    }
    return respond(request);
}

Result<void> Router::ask_all(const std::vector<ControlRequest>& requests, const Arrival& who,
                             base::Instant now) {
    const Registrations registrations = registrations_;
    const Policies policies = policies_;
    const Drains drains = drains_;
    const std::size_t reports = reports_.size();
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const Result<base::Bytes> done = ask(requests[i], who, now);
        if (done) {
            continue;
        }
        if (i > 0) {
            registrations_ = registrations;
            policies_ = policies;
            drains_ = drains;
            reports_.resize(reports);
            attachments_.changed();
            drains_changed({});
        }
        const std::string where =
            requests.size() > 1 ? "command " + std::to_string(i + 1) + " of " +
                                      std::to_string(requests.size()) + " (none of them is done): "
                                : "";
        return Error{done.error().code, where + done.error().detail};
    }
    return {};
}

base::Bytes Router::registration_state(const Registration& one, bool registered) const {
    return packed_answer({{"schema", "jetway.registration/1"},
                          {"machineId", options_.machine},
                          {"service", one.service.name},
                          {"address", one.address},
                          {"registered", registered},
                          {"instance", one.number},
                          {"health", envelope::health_name(one.health(drains_))},
                          {"weight", one.service.weight},
                          {"version", one.service.version}});
}

Result<base::Bytes> Router::register_instance(const ControlRequest& request) {
    const std::string_view service = argument(request, "service");
    if (const auto why = why_not_name(service)) {
        return *why;
    }
    if (options_.strict_services &&
        !gossip::gives(*options_.strict_services, options_.machine, service)) {
        return Error{"forbidden", "`" + std::string(service) +
                                      "` may not be registered at this machine: the deployment "
                                      "does not list it there (strict_services)"};
    }
    const auto where = envelope::parse_ninep_address(argument(request, "address"));
    if (!where) {
        return malformed(where.error().detail);
    }
    envelope::ServiceEntry entry{.name = std::string(service), .capabilities = {}, .version = {}};
    const auto weight = request.numbers.find("weight");
    if (weight != request.numbers.end()) {
        if (weight->second < 1 || weight->second > envelope::max_weight) {
            return malformed("`weight` must be from 1 to " + std::to_string(envelope::max_weight));
        }
        entry.weight = static_cast<std::uint32_t>(weight->second);
    }
    entry.version = argument(request, "version");
    if (entry.version.size() > max_version) {
        return malformed("`version` must be at most " + std::to_string(max_version) + " bytes");
    }
    Registration* known = registrations_.find(service, where->text());
    if (known == nullptr && registrations_.size() >= options_.terminal.services) {
        return Error{"overloaded", std::to_string(registrations_.size()) +
                                       " instances are registered here: raise limits.services, or "
                                       "deregister some"};
    }
    const Registration& one =
        registrations_.put(entry, *where, known == nullptr ? attachments_.new_number() : 0);
    registrations_changed(entry.name);
    say(base::Report::Level::info, "registered",
        {{"service", entry.name}, {"address", one.address}});
    return registration_state(one, true);
}

// The instance that a request names by `service` and `address`; an error with what was wrong.
Result<Registration*> Router::registration_of(const ControlRequest& request) {
    const std::string_view service = argument(request, "service");
    if (const auto why = why_not_name(service)) {
        return *why;
    }
    const auto where = envelope::parse_ninep_address(argument(request, "address"));
    if (!where) {
        return malformed(where.error().detail);
    }
    Registration* one = registrations_.find(service, where->text());
    if (one == nullptr) {
        return Error{"no-instance", "no instance of `" + std::string(service) + "` at " +
                                        where->text() + " is registered here: see jetway services"};
    }
    return one;
}

Result<base::Bytes> Router::deregister_instance(const ControlRequest& request) {
    const Result<Registration*> found = registration_of(request);
    if (!found) {
        return found.error();
    }
    const Registration gone = **found;
    registrations_.remove(gone.service.name, gone.address);
    registrations_changed(gone.service.name);
    say(base::Report::Level::info, "deregistered",
        {{"service", gone.service.name}, {"address", gone.address}});
    return registration_state(gone, false);
}

Result<base::Bytes> Router::say_health(const ControlRequest& request) {
    const Result<Registration*> found = registration_of(request);
    if (!found) {
        return found.error();
    }
    const std::string_view said = argument(request, "health");
    if (said != "up" && said != "unhealthy") {
        return malformed("`health` must be `up` or `unhealthy`");
    }
    Registration& one = **found;
    one.said_unhealthy = said == "unhealthy";
    one.found_unhealthy = false;  // until the next probe says so again
    registrations_changed(one.service.name);
    return registration_state(one, true);
}

void Router::set_instance_health(std::string_view service, std::string_view address, Health health,
                                 base::Instant now) {
    now_ = now;
    Registration* one = registrations_.find(service, address);
    if (one == nullptr || one->found_unhealthy == (health != Health::up)) {
        return;
    }
    one->found_unhealthy = health != Health::up;
    registrations_changed(one->service.name);
    say(base::Report::Level::info, one->found_unhealthy ? "instance out" : "instance back",
        {{"service", one->service.name}, {"address", one->address}});
}

balance::Policy Router::policy_of(std::string_view service) {
    refresh();
    const ServiceEntry* known = forwarder_.table().service(service);
    return known != nullptr ? known->policy : balance::Policy{};
}

// `service` and `policy` set it, `service` shows it; without either all are shown.
Result<base::Bytes> Router::policy(const ControlRequest& request) {
    refresh();
    const std::string_view service = argument(request, "service");
    const bool setting = request.texts.find("policy") != request.texts.end();
    if (setting || !service.empty()) {
        if (const auto why = why_not_name(service)) {
            return *why;
        }
        if (forwarder_.table().service(service) == nullptr) {
            return Error{"no-route", "no machine that can be reached lists `" +
                                         std::string(service) + "`: see jetway services"};
        }
    }
    if (setting) {
        if (const auto why = set_policy(service, argument(request, "policy"))) {
            return *why;
        }
        refresh();
    }
    Json rows = Json::array();
    forwarder_.table().for_each_service([&](const ServiceEntry& one) {
        if (service.empty() || one.name == service) {
            rows.push_back({{"name", one.name},
                            {"policy", one.policy.text()},
                            {"setAt", one.policy_machine},
                            {"revision", one.policy_revision}});
        }
    });
    std::sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
        return a["name"].get_ref<const std::string&>() < b["name"].get_ref<const std::string&>();
    });
    return packed_answer({{"schema", "jetway.policy/1"},
                          {"machineId", options_.machine},
                          {"services", std::move(rows)}});
}

std::optional<Error> Router::set_policy(std::string_view service, std::string_view text) {
    const auto wanted = balance::parse_policy(text);
    if (!wanted) {
        return malformed(wanted.error().detail);
    }
    if (options_.strict_services &&
        !gossip::gives(*options_.strict_services, options_.machine, service)) {
        return Error{"forbidden",
                     "this machine may not speak of `" + std::string(service) +
                         "` (strict_services): set its policy at a machine that has it (--at)"};
    }
    const ServiceEntry& known = *forwarder_.table().service(service);
    if (known.policy_revision > 0 && known.policy == *wanted) {
        return std::nullopt;
    }
    if (policies_.said().size() >= options_.terminal.services) {
        return Error{"overloaded", "policies of " + std::to_string(policies_.said().size()) +
                                       " services are set here: raise limits.services"};
    }
    policies_.say(service,
                  {*wanted, std::min(known.policy_revision + 1, envelope::max_policy_revision)});
    attachments_.changed();
    say(base::Report::Level::info, "policy",
        {{"service", std::string(service)}, {"policy", wanted->text()}});
    return std::nullopt;
}

// What was said here is forgotten once something newer is said elsewhere.
void Router::settle_policies() {
    std::vector<std::string> outdone;
    for (const auto& [service, setting] : policies_.said()) {
        const ServiceEntry* known = forwarder_.table().service(service);
        if (known != nullptr && known->policy_revision > 0 &&
            known->policy_machine != options_.machine) {
            outdone.push_back(service);
        }
    }
    for (const std::string& service : outdone) {
        policies_.forget(service);
        attachments_.changed();
    }
}

}  // namespace jetway::router
