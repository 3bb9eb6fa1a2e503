#include "daemon/listeners.h"

#include <array>

#include "config/debug.h"
#include "config/ninep.h"
#include "daemon/target.h"

namespace jetway::daemon {

namespace {

const char* name_of(Serves serves) {
    constexpr std::array<const char*, 5> names = {"services", "neighbours", "9P", "debug", "HTTP"};
    return names[static_cast<std::size_t>(serves)];
}

base::Report could_not(const WantedListener& wanted, const base::Error& why) {
    return {base::Report::Level::warning,
            "no metrics",
            {{"at", wanted.target.text()},
             {"why", why.detail},
             {"do",
              "write `admin: {listen: [HOST:PORT]}` for this machine in the deployment, or `[]` "
              "for none"}}};
}

}  // namespace

std::string WantedListener::key() const {
    return std::string(name_of(serves)) + " " + target.endpoint.text();
}

std::vector<WantedListener> wanted_listeners(const config::MachineConfig& machine,
                                             const std::string& socket, bool admin) {
    std::vector<WantedListener> wanted;
    const auto beside = [&](Serves serves, const std::string& path) {
        if (!socket.empty()) {
            wanted.push_back({.serves = serves, .target = io::Endpoint::unix_socket(path)});
        }
    };
    beside(Serves::services, socket);
    for (const config::LocalTerminalConfig& local : machine.locals) {
        wanted.push_back({.serves = Serves::services,
                          .target = target_of(local.address),
                          .terminal = local.name});
        wanted.back().target.origins = local.origins;
    }
    for (const config::Address& address : machine.listen) {
        wanted.push_back({.serves = Serves::neighbours, .target = target_of(address)});
    }
    beside(Serves::ninep, config::ninep_socket(socket));
    beside(Serves::debug, config::debug_socket(socket));
    for (const config::NinepListener& ninep : machine.ninep) {
        wanted.push_back(
            {.serves = Serves::ninep, .target = target_of(ninep.address), .write = ninep.write});
    }
    for (const config::LocalTerminalConfig& debug : machine.debugs) {
        wanted.push_back(
            {.serves = Serves::debug, .target = target_of(debug.address), .terminal = debug.name});
    }
    for (const config::Listener& http : machine.admin.listen) {
        if (machine.admin.configured || admin) {
            wanted.push_back({.serves = Serves::admin,
                              .target = target_of(http.address),
                              .write = http.write,
                              .may_fail = !machine.admin.configured,
                              .on_loopback = config::is_loopback_host(http.address.host)});
        }
    }
    for (WantedListener& one : wanted) {
        one.target.max_frame = machine.router.terminal.max_frame;
    }
    return wanted;
}

base::Result<std::unique_ptr<transport::Listener>> Listeners::open(const WantedListener& wanted) {
    const bool certificate = wanted.serves == Serves::neighbours;
    return transport::Listener::open(
        loop_, wanted.target, {house_.admission, house_.on_report},
        [this, certificate] { return house_.terms(certificate); },
        [this, key = wanted.key()](std::unique_ptr<io::Stream> stream) {
            house_.on_stream(open_.at(key).wanted, std::move(stream));
        });
}

base::Result<void> Listeners::become(std::vector<WantedListener> wanted) {
    std::map<std::string, Open> opened;
    std::map<std::string, WantedListener> kept;  // all that are to be open
    std::vector<std::pair<transport::Listener*, transport::Target>> changed;
    for (WantedListener& one : wanted) {
        const std::string key = one.key();
        if (const auto there = open_.find(key); there != open_.end()) {
            changed.emplace_back(there->second.listener.get(), one.target);
        } else if (opened.count(key) == 0) {
            base::Result<std::unique_ptr<transport::Listener>> listener = open(one);
            if (!listener && one.may_fail) {
                house_.on_report(could_not(one, listener.error()));
                continue;
            }
            if (!listener) {
                return listener.error();
            }
            opened.emplace(key, Open{one, std::move(*listener)});
        }
        kept.insert_or_assign(key, std::move(one));
    }
    for (const auto& [listener, target] : changed) {
        if (const base::Result<void> became = listener->become(target); !became) {
            return became.error();
        }
    }
    for (auto& [key, one] : opened) {
        house_.on_report(
            {base::Report::Level::info,
             "listening",
             {{"for", name_of(one.wanted.serves)}, {"at", one.listener->bound().text()}}});
        open_.insert_or_assign(key, std::move(one));
    }
    std::erase_if(open_, [&kept](const auto& entry) { return kept.count(entry.first) == 0; });
    for (auto& [key, one] : kept) {
        open_.at(key).wanted = std::move(one);
    }
    return {};
}

void Listeners::close_all_but(Serves serves) {
    std::erase_if(open_,
                  [serves](const auto& entry) { return entry.second.wanted.serves != serves; });
}

std::vector<std::pair<std::string, std::string>> Listeners::list() const {
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& [key, one] : open_) {
        all.emplace_back(name_of(one.wanted.serves), one.listener->bound().text());
    }
    return all;
}

}  // namespace jetway::daemon
