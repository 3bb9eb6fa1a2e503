#include "daemon/server.h"

#include <algorithm>
#include <random>

#include "daemon/certificates.h"
#include "daemon/process_figures.h"
#include "daemon/rights.h"
#include "daemon/target.h"

namespace jetway::daemon {

namespace {

constexpr base::Duration shutdown_step = std::chrono::milliseconds(10);
constexpr base::Duration between_validity = std::chrono::hours(24);
constexpr base::Duration drain_quiet = std::chrono::milliseconds(100);
constexpr base::Duration goodbye_time = std::chrono::milliseconds(100);

base::Random seeded() {
    std::random_device device;
    return base::Random((std::uint64_t{device()} << 32U) | device());
}

transport::HandshakeLimits limits_of(const config::HandshakeBounds& bounds) {
    return {
        .at_once = bounds.at_once, .per_address = bounds.per_address, .timeout = bounds.timeout};
}

router::Options with_incarnation(router::Options options, bool insecure) {
    options.incarnation = io::wall_clock_ms();
    options.insecure = insecure;
    return options;
}

}  // namespace

Server::Server(io::Loop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      started_unix_ms_(io::wall_clock_ms()),
      configuration_{.loaded = 1, .last_loaded_unix_ms = started_unix_ms_},
      router_(with_incarnation(options_.machine.router,
                               !config::insecure_listeners(options_.machine).empty()),
              seeded(), loop.now(), [this] { return figures(); }),
      carriers_(loop, router_, [this](const base::Report& report) { options_.on_report(report); }),
      ninep_(carriers_),
      debug_(carriers_, options_.machine.debug_sessions),
      admin_(carriers_),
      admission_(limits_of(options_.machine.handshakes)),
      listeners_(loop, {admission_,
                        [this](bool certificate_required) {
                            return transport::Terms{.tls = tls_,
                                                    .machine = {},
                                                    .certificate_required = certificate_required};
                        },
                        [this](const base::Report& what) { report(what); },
                        [this](const WantedListener& at, std::unique_ptr<io::Stream> stream) {
                            accept(at, std::move(stream));
                        }}),
      validity_timer_(loop, [this] { report_validity(); }),
      shutdown_timer_(loop, [this] { watch_shutdown(); }) {
    router_.set_clock([&loop] { return loop.fresh_now(); });
    set_targets(options_.machine);
}

Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::start(io::Loop& loop, Options options) {
    if (const base::Result<void> known = look_up_rights(options.machine); !known) {
        return known.error();
    }
    std::unique_ptr<Server> server(new Server(loop, std::move(options)));
    const config::MachineConfig& machine = server->options_.machine;
    if (const base::Result<void> allowed = server->check_listeners(machine); !allowed) {
        return allowed.error();
    }
    auto tls = load_certificates(machine, server->options_.folder);
    if (!tls) {
        return tls.error();
    }
    server->use_certificates(std::move(*tls));
    if (const base::Result<void> open = server->listen_as(machine); !open) {
        return open.error();
    }
    server->carriers_.turn();
    return server;
}

base::Result<void> Server::check_listeners(const config::MachineConfig& machine) const {
    const std::vector<config::Address> open = config::insecure_listeners(machine);
    if (open.empty() || machine.insecure || options_.insecure) {
        return {};
    }
    return base::Error{
        "insecure",
        machine.name + " would listen on " + open.front().text() +
            ", which other machines can reach, without encryption: write `insecure: true` "
            "in the file or give --insecure if that network is trusted"};
}

router::ProcessFigures Server::figures() const {
    router::ProcessFigures figures = process_figures();
    figures.started_unix_ms = started_unix_ms_;
    figures.configuration = configuration_;
    const transport::Admission::Counters& handshakes = admission_.counters();
    figures.handshakes = {handshakes.accepted, admission_.unfinished(), handshakes.refused};
    figures.clients = {
        {"9p", ninep_.clients()}, {"debug", debug_.clients()}, {"http", admin_.clients()}};
    figures.listening = listeners_.list();
    return figures;
}

// What the router doesn't know of by itself.
void Server::report(const base::Report& what) {
    router_.note(what, loop_.now());
    options_.on_report(what);
}

void Server::use_certificates(std::shared_ptr<const io::TlsContext> tls) {
    tls_ = std::move(tls);
    carriers_.set_tls(tls_);
    report_validity();
}

void Server::report_validity() {
    validity_timer_.cancel();
    if (tls_) {
        report(validity(*tls_->own(), static_cast<std::int64_t>(io::wall_clock_ms() / 1000)));
        validity_timer_.set(loop_.now() + between_validity);
    }
}

base::Result<void> Server::listen_as(const config::MachineConfig& machine) {
    return listeners_.become(wanted_listeners(machine, options_.socket, options_.admin));
}

void Server::set_targets(const config::MachineConfig& machine) {
    for (const config::LinkConfig& link : options_.machine.links) {
        carriers_.set_target(link.peer, std::nullopt);
    }
    for (const config::LinkConfig& link : machine.links) {
        if (link.has_address) {
            carriers_.set_target(link.peer, target_of(link.address));
        }
    }
}

void Server::accept(const WantedListener& at, std::unique_ptr<io::Stream> stream) {
    switch (at.serves) {
        case Serves::ninep:
            ninep_.accept(std::move(stream), at.write);
            break;
        case Serves::debug:
            debug_.accept(std::move(stream), at.terminal);
            break;
        case Serves::admin:
            admin_.accept(std::move(stream), at.write, at.on_loopback);
            break;
        default:
            carriers_.accept(at.serves == Serves::services ? router::Entry::local_listener
                                                           : router::Entry::network_listener,
                             at.terminal, std::move(stream));
    }
}

std::unique_ptr<InProcess> Server::attach(std::vector<envelope::ServiceEntry> services,
                                          InProcess::OnEnvelope on_envelope) {
    return std::make_unique<InProcess>(carriers_, std::move(services), std::move(on_envelope));
}

base::Result<void> Server::reload(config::MachineConfig fresh) {
    base::Result<void> applied = apply(std::move(fresh));
    if (applied) {
        ++configuration_.loaded;
        configuration_.last_loaded_unix_ms = io::wall_clock_ms();
    } else {
        reload_refused();
    }
    return applied;
}

void Server::reload_refused() {
    ++configuration_.failed;
    configuration_.last_failed_unix_ms = io::wall_clock_ms();
}

base::Result<void> Server::apply(config::MachineConfig fresh) {
    const config::Reload changes = config::compare(options_.machine, fresh);
    if (!changes.problems.empty()) {
        return base::Error{"reload", changes.problems.front()};
    }
    if (const base::Result<void> known = look_up_rights(fresh); !known) {
        return known.error();
    }
    if (const base::Result<void> allowed = check_listeners(fresh); !allowed) {
        return allowed.error();
    }
    auto tls = load_certificates(fresh, options_.folder);
    if (!tls) {
        return tls.error();
    }
    const auto before = std::exchange(tls_, *tls);  // listeners are opened on the new terms
    if (const base::Result<void> open = listen_as(fresh); !open) {
        tls_ = before;
        return open.error();
    }
    use_certificates(std::move(*tls));
    admission_.set_limits(limits_of(fresh.handshakes));
    debug_.set_most(fresh.debug_sessions);
    set_targets(fresh);
    router::Options options = fresh.router;
    options.insecure = !config::insecure_listeners(fresh).empty();
    router_.reconfigure(std::move(options), loop_.now());
    for (const auto& link : changes.links.changed) {
        if (link.before.address != link.after.address ||
            link.before.has_address != link.after.has_address) {
            router_.redial(link.after.peer, loop_.now());
        }
    }
    options_.machine = std::move(fresh);
    for (const std::string& line : config::describe(changes)) {
        report({base::Report::Level::info, "reloaded", {{"change", line}}});
    }
    if (changes.nothing()) {
        report({base::Report::Level::info, "reloaded", {{"change", "none"}}});
    }
    return {};
}

void Server::shut_down(std::function<void()> done) {
    if (on_shut_down_) {
        return;
    }
    on_shut_down_ = std::move(done);
    // Who asks whether this router is ready is answered to the end.
    listeners_.close_all_but(Serves::admin);
    const base::Duration grace = options_.machine.shutdown_grace;
    router_.drain_all(std::min<base::Duration>(grace / 4, drain_quiet), true, loop_.now());
    drain_over_ = loop_.now() + grace / 2;
    grace_over_ = loop_.now() + grace;
    shutdown_timer_.set(loop_.now());
}

void Server::watch_shutdown() {
    if (drain_over_ != base::never) {
        carriers_.turn();
        if (!router_.drained_all() && loop_.now() < drain_over_) {
            shutdown_timer_.set(loop_.now() + shutdown_step);
            return;
        }
        drain_over_ = base::never;
        router_.begin_shutdown(loop_.now());
    }
    if (!said_goodbye_) {
        carriers_.turn();
        if (!router_.drained() && loop_.now() < grace_over_) {
            shutdown_timer_.set(loop_.now() + shutdown_step);
            return;
        }
        router_.end_shutdown(loop_.now());
        carriers_.turn();
        said_goodbye_ = true;
        grace_over_ = loop_.now() + goodbye_time;
    }
    if (loop_.lingering() > 0 && loop_.now() < grace_over_) {
        shutdown_timer_.set(loop_.now() + shutdown_step);
        return;
    }
    std::exchange(on_shut_down_, [] {})();
}

}  // namespace jetway::daemon
