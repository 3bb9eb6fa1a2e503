// The part of Tree that writes texts: the state as commands, policies, statistics.
#include "ninep/lines.h"
#include "ninep/listings.h"
#include "ninep/mount.h"
#include "ninep/tree.h"

namespace jetway::ninep {

base::Result<std::string> Tree::policies(std::string_view service, bool set_only,
                                         const Client& client) const {
    router::ControlRequest request{.name = "policy", .texts = {}, .flags = {}, .numbers = {}};
    if (!service.empty()) {
        request.texts.emplace("service", service);
    }
    const base::Result<Json> answer = outside_.ask(request, client.arrival);
    if (!answer) {
        return error("EIO", answer.error().detail);
    }
    std::string text;
    for (const Json& row : (*answer)["services"]) {
        if (!set_only || row["revision"] != 0U) {
            text += (service.empty() ? row["name"].get<std::string>() + ' ' : "") +
                    row["policy"].get<std::string>() + '\n';
        }
    }
    return text;
}

// The commands that make another router what this one is.
base::Result<std::string> Tree::state(const Client& client) const {
    std::string text;
    for (const ServiceView& view : outside_.services()) {
        bool draining = false;
        for (const InstanceView& instance : view.instances) {
            if (instance.machine != outside_.machine) {
                continue;
            }
            draining = draining || instance.health == envelope::Health::draining;
            if (!instance.ninep.empty()) {
                text += "register " + view.name + ' ' + instance.ninep;
                text += instance.weight != 1 ? " weight=" + std::to_string(instance.weight) : "";
                text += instance.version.empty() ? "" : " version=" + instance.version;
                text += '\n';
            }
        }
        text += draining ? "drain " + view.name + '\n' : "";
    }
    const base::Result<std::string> set = policies({}, true, client);
    if (!set) {
        return set.error();
    }
    std::string_view left = *set;
    while (!left.empty()) {
        text += "policy " + std::string(take_line(left)) + '\n';
    }
    return text;
}

// A line for each instance that is a 9P server, as this router uses it; else how many there are.
std::string Tree::statistics_of(const std::string& name) const {
    const ServiceView* view = service(name);
    if (mounts_ == nullptr || view == nullptr || !view->is_ninep()) {
        return "instances " + std::to_string(view != nullptr ? view->instances.size() : 0) + '\n';
    }
    std::string text;
    const std::string all = mounts_->statistics();
    std::string_view left = all;
    while (!left.empty()) {
        const std::string_view line = take_line(left);
        if (line.starts_with(name + ' ')) {
            text += std::string(line.substr(name.size() + 1)) + '\n';
        }
    }
    return text;
}

std::string Tree::statistics() const {
    const auto line = [](const char* name, std::uint64_t value) {
        return std::string(name) + ' ' + std::to_string(value) + '\n';
    };
    return line("requests", counters_.requests) + line("errors", counters_.errors) +
           line("refused", counters_.refused) + line("malformed", counters_.malformed) +
           line("flushed", counters_.flushed) + line("unread", counters_.unread) +
           line("conversations", conversations_.size()) + line("asked", asks_.under_way()) +
           line("unclaimed", asks_.unclaimed());
}

}  // namespace jetway::ninep
