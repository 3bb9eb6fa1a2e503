// Mesh: the /svc tree of a made-up router, whose services and answers somebody says.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "envelope/packer.h"
#include "ninep/errors.h"
#include "ninep/tree.h"

namespace jetway::tests {

class Mesh {
public:
    Mesh() { tree.set_now(now); }

    // What a service was sent, and the way to answer it.
    struct Sent {
        std::string destination;
        std::string data;  // msgpack
        std::string headers;
        std::string reply_to;
        base::Bytes id;  // empty: no answer is wanted
    };

    static ninep::InstanceView instance(std::string machine, std::uint64_t number) {
        ninep::InstanceView view;
        view.machine = std::move(machine);
        view.number = number;
        return view;
    }
    void serve(const std::string& name, std::string machine = "a") {
        ninep::ServiceView view;
        view.name = name;
        view.instances.push_back(instance(std::move(machine), 1));
        services.push_back(view);
        std::sort(services.begin(), services.end(),
                  [](const auto& x, const auto& y) { return x.name < y.name; });
        tree.on_services();
    }
    void end(std::string_view name) {
        std::erase_if(services, [name](const auto& view) { return view.name == name; });
        tree.on_services();
    }

    // Data as msgpack.
    void answer(const Sent& to, const base::Bytes& data) {
        envelope::EnvelopeView view;
        view.in_reply_to = to.id;
        view.data = data;
        asks.on_envelope(view);
    }
    void answer_text(const Sent& to, std::string_view text) {
        base::Bytes data;
        envelope::Packer(data).text(text);
        answer(to, data);
    }
    void refuse(const Sent& to, std::string_view code, std::string_view message) {
        base::Bytes map;
        envelope::Packer packer(map);
        packer.map(2);
        packer.text("code").text(code).text("message").text(message);
        envelope::EnvelopeView view;
        view.in_reply_to = to.id;
        view.error = map;
        asks.on_envelope(view);
    }
    void happen(const base::Report& report) {
        events.add(report, now);
        tree.on_events();
    }
    void pass(base::Duration time) {
        now += time;
        tree.set_now(now);
        asks.on_deadline(now);
    }

    std::vector<ninep::ServiceView> services;
    std::vector<Sent> sent;
    std::vector<std::string> commands;  // names of those that were done
    std::vector<std::string> asked;     // control requests that only read
    std::string refuses;                // a command that is refused
    base::Instant now{std::chrono::seconds(1'000)};
    router::EventLog events;
    ninep::Asks asks{[this](const envelope::EnvelopeFields& fields) -> base::Result<void> {
        sent.push_back({std::string(fields.destination), std::string(base::as_text(fields.data)),
                        std::string(base::as_text(fields.headers)), std::string(fields.reply_to),
                        base::Bytes(fields.id.begin(), fields.id.end())});
        return {};
    }};
    ninep::Tree tree{outside(), asks, nullptr};

private:
    ninep::Outside outside() {
        using Json = nlohmann::ordered_json;
        ninep::Outside outside;
        outside.ask = [this](const router::ControlRequest& request,
                             const router::Arrival& /*who*/) -> base::Result<Json> {
            asked.push_back(request.name);
            if (request.name == "explain") {
                const std::string to = request.texts.at("destination");
                if (to == "nobody") {
                    return base::Error{"bad-envelope", "no such destination: nobody"};
                }
                return Json{{"destination", to}, {"decision", "a.1"}};
            }
            if (request.name == "policy") {
                Json rows = Json::array();
                for (const ninep::ServiceView& view : services) {
                    if (request.texts.empty() || request.texts.at("service") == view.name) {
                        rows.push_back(
                            {{"name", view.name}, {"policy", "nearest"}, {"revision", 1U}});
                    }
                }
                return Json{{"services", rows}};
            }
            return Json{{"schema", 1}, {request.name, Json::array({Json{{"name", "x"}}})}};
        };
        outside.command = [this](const std::vector<router::ControlRequest>& requests,
                                 const router::Arrival& /*who*/) -> base::Result<void> {
            for (const router::ControlRequest& request : requests) {
                if (request.name == refuses) {
                    return base::Error{"bad-envelope", request.name + ": not today"};
                }
            }
            for (const router::ControlRequest& request : requests) {
                commands.push_back(request.name);
            }
            return {};
        };
        outside.services = [this]() -> const std::vector<ninep::ServiceView>& { return services; };
        outside.events = &events;
        outside.started = 1'700'000'000;
        outside.machine = "a";
        return outside;
    }
};

}  // namespace jetway::tests
