#include "ninep/tree.h"

#include <algorithm>
#include <array>

#include "envelope/digest.h"
#include "ninep/commands.h"
#include "ninep/event_lines.h"
#include "ninep/listings.h"
#include "ninep/mount.h"
#include "ninep/route_files.h"
#include "ninep/service_files.h"

namespace jetway::ninep {

namespace {

constexpr std::array<std::string_view, 12> route_files = {
    "ctl",    "event",  "events",   "explain", "log",    "neighbours",
    "policy", "routes", "services", "stats",   "status", "terminals"};
constexpr std::array<std::string_view, 4> about_files = {"health", "instances", "policy", "stats"};
constexpr std::array<std::string_view, 5> service_files = {"clone", "health", "instances", "policy",
                                                           "request"};
constexpr std::array<std::string_view, 4> conversation_files = {"ctl", "data", "remote", "status"};

template <typename Names>
bool has(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Tree::Tree(Outside outside, Asks& asks, Mounts* mounts)
    : outside_(std::move(outside)), asks_(asks), mounts_(mounts), conversations_(asks) {}

Tree::~Tree() = default;

Qid Tree::qid_of(const Path& path, bool directory) const {
    std::string text;
    for (const std::string& name : path) {
        text += '/' + name;
    }
    return {directory ? qid_type::directory : qid_type::file, 0,
            envelope::first_of_sha256(base::as_bytes(text))};
}

base::Result<std::unique_ptr<File>> Tree::attach(const std::shared_ptr<Client>& client,
                                                 const Attacher& attacher) {
    return find({}, client, attacher);
}

const ServiceView* Tree::service(std::string_view name) const {
    const std::vector<ServiceView>& all = outside_.services();
    const auto found = std::lower_bound(
        all.begin(), all.end(), name,
        [](const ServiceView& view, std::string_view wanted) { return view.name < wanted; });
    return found != all.end() && found->name == name ? &*found : nullptr;
}

std::unique_ptr<File> Tree::find(const Path& path, const std::shared_ptr<Client>& client,
                                 const Attacher& attacher) {
    LocalPlace place{*this, path, client, attacher};
    if (path.empty()) {
        return std::make_unique<DirectoryFile>(std::move(place));
    }
    if (path[0] == "route") {
        return find_route(std::move(place));
    }
    const ServiceView* view = service(path[0]);
    if (view == nullptr) {
        return nullptr;
    }
    if (mounts_ != nullptr && view->is_ninep()) {
        return path.size() == 1 ? mounts_->service_root(view->name, attacher, parent_of(place))
                                : nullptr;  // what is below is the instance's
    }
    return find_service(std::move(place), *view);
}

// Where `..` leads from the root of an instance's tree.
std::function<std::unique_ptr<File>()> Tree::parent_of(const LocalPlace& place) {
    Path above = place.path;
    above.pop_back();
    return [this, above, client = place.client, attacher = place.attacher] {
        return find(above, client, attacher);
    };
}

std::unique_ptr<File> Tree::text(LocalPlace place,
                                 std::function<base::Result<std::string>()> make) {
    return std::make_unique<TextFile>(std::move(place), std::move(make));
}

std::unique_ptr<File> Tree::listing(LocalPlace place, std::string request, std::string rows) {
    const std::shared_ptr<Client> client = place.client;
    return text(std::move(place),
                [this, client, request = std::move(request),
                 rows = std::move(rows)]() -> base::Result<std::string> {
                    const base::Result<Json> answer =
                        outside_.ask({.name = request, .texts = {}, .flags = {}, .numbers = {}},
                                     client->arrival);
                    if (!answer) {
                        return error("EIO", answer.error().detail);
                    }
                    return rows.empty() ? fields_text(*answer) : rows_text(*answer, rows);
                });
}

std::unique_ptr<File> Tree::policy_file(LocalPlace place, const std::string& service) {
    const std::shared_ptr<Client> client = place.client;
    return std::make_unique<CommandFile>(
        std::move(place), [this, service, client] { return policies(service, false, *client); },
        [service](std::string_view lines) { return read_policies(lines, service); });
}

std::unique_ptr<File> Tree::find_route(LocalPlace place) {
    const Path path = place.path;
    if (path.size() == 1 || (path.size() == 2 && path[1] == "service")) {
        return std::make_unique<DirectoryFile>(std::move(place));
    }
    if (path[1] == "service") {
        const ServiceView* view = service(path[2]);
        return view != nullptr ? find_of_service(std::move(place), *view) : nullptr;
    }
    if (path.size() > 2 || !has(route_files, path[1])) {
        return nullptr;
    }
    const std::string& name = path[1];
    const std::shared_ptr<Client> client = place.client;
    if (name == "ctl") {
        return std::make_unique<CommandFile>(
            std::move(place),
            [this, client]() -> base::Result<std::string> {
                base::Result<std::string> commands = state(*client);
                if (commands && !client->last_error.empty()) {
                    *commands += "# last error: " + client->last_error + '\n';
                }
                return commands;
            },
            read_commands);
    }
    if (name == "policy") {
        return policy_file(std::move(place), {});
    }
    if (name == "event" || name == "events") {
        return std::make_unique<EventFile>(std::move(place), name == "event");
    }
    if (name == "explain") {
        return std::make_unique<ExplainFile>(std::move(place));
    }
    if (name == "log") {
        return text(std::move(place),
                    [this]() -> base::Result<std::string> { return last_event_lines(events()); });
    }
    if (name == "stats") {
        return text(std::move(place),
                    [this]() -> base::Result<std::string> { return statistics(); });
    }
    return listing(std::move(place), name, name == "status" ? "" : name);
}

// Below /route/service/<name>/
std::unique_ptr<File> Tree::find_of_service(LocalPlace place, const ServiceView& service) {
    const Path path = place.path;
    if (path.size() == 3 || (path.size() == 4 && path[3] == "inst")) {
        return std::make_unique<DirectoryFile>(std::move(place));
    }
    if (path[3] == "inst") {
        const InstanceView* instance = service.find(path[4]);
        if (instance == nullptr) {
            return nullptr;
        }
        if (mounts_ != nullptr && !instance->ninep.empty()) {
            return path.size() == 5 ? mounts_->instance_root(service.name, path[4], place.attacher,
                                                             parent_of(place))
                                    : nullptr;
        }
        if (path.size() == 5) {
            return std::make_unique<DirectoryFile>(std::move(place));
        }
        if (path.size() == 6 && path[5] == "health") {
            return text(std::move(place),
                        [line = std::string(envelope::health_name(instance->health)) +
                                '\n']() -> base::Result<std::string> { return line; });
        }
        return path.size() == 6 && path[5] == "request"
                   ? std::make_unique<RequestFile>(std::move(place),
                                                   service.name + '@' + instance->machine)
                   : nullptr;
    }
    if (path.size() > 4 || !has(about_files, path[3])) {
        return nullptr;
    }
    if (path[3] == "policy") {
        return policy_file(std::move(place), service.name);
    }
    if (path[3] == "stats") {
        return text(std::move(place), [this, name = service.name]() -> base::Result<std::string> {
            return statistics_of(name);
        });
    }
    return text(std::move(place),
                [this, name = service.name, what = path[3]]() -> base::Result<std::string> {
                    const ServiceView* view = this->service(name);
                    if (view == nullptr) {
                        return error("EIDRM");
                    }
                    return what == "health" ? health_text(*view) : instances_text(*view);
                });
}

// Below /<name>/
std::unique_ptr<File> Tree::find_service(LocalPlace place, const ServiceView& service) {
    const Path path = place.path;
    if (path.size() == 1) {
        return std::make_unique<DirectoryFile>(std::move(place));
    }
    if (path.size() == 2 && has(service_files, path[1])) {
        if (path[1] == "request") {
            return std::make_unique<RequestFile>(std::move(place), service.name);
        }
        if (path[1] == "clone") {
            return std::make_unique<CloneFile>(std::move(place), service.name);
        }
        place.path = {"route", "service", service.name, path[1]};
        return find_of_service(std::move(place), service);
    }
    std::shared_ptr<Conversation> conversation = conversations_.find(service.name, path[1]);
    if (conversation == nullptr || path.size() > 3) {
        return nullptr;
    }
    if (path.size() == 2) {
        return std::make_unique<DirectoryFile>(std::move(place));
    }
    if (path[2] == "ctl") {
        return std::make_unique<ConversationControl>(std::move(place), std::move(conversation));
    }
    if (path[2] == "data") {
        return std::make_unique<ConversationData>(std::move(place), std::move(conversation));
    }
    if (!has(conversation_files, path[2])) {
        return nullptr;
    }
    const bool remote = path[2] == "remote";
    return text(std::move(place),
                [weak = std::weak_ptr(conversation), remote]() -> base::Result<std::string> {
                    const auto still = weak.lock();
                    if (still == nullptr) {
                        return error("EIDRM");
                    }
                    return remote ? still->remote() + '\n' : still->settings() + still->status();
                });
}

std::vector<std::string> Tree::list(const Path& path) const {
    std::vector<std::string> names;
    const auto add = [&names](const auto& more) {
        for (const auto& name : more) {
            names.emplace_back(name);
        }
    };
    const auto add_services = [&] {
        for (const ServiceView& view : outside_.services()) {
            names.push_back(view.name);
        }
    };
    const bool route = !path.empty() && path[0] == "route";
    if (path.empty()) {
        names.emplace_back("route");
        for (const ServiceView& view : outside_.services()) {
            if (view.name != "route") {
                names.push_back(view.name);
            }
        }
    } else if (route && path.size() == 1) {
        add(route_files);
        names.emplace_back("service");
    } else if (route && path.size() == 2) {
        add_services();
    } else if (route && path.size() == 3) {
        add(about_files);
        names.emplace_back("inst");
    } else if (route && path.size() == 4) {
        if (const ServiceView* view = service(path[2])) {
            for (const InstanceView& instance : view->instances) {
                names.push_back(instance.id());
            }
        }
    } else if (route) {
        names = {"health", "request"};
    } else if (path.size() == 1) {
        add(service_files);
        add(conversations_.numbers(path[0]));
    } else {
        add(conversation_files);
    }
    return names;
}

}  // namespace jetway::ninep
