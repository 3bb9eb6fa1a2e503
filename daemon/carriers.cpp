#include "daemon/carriers.h"

#include "daemon/client_stream.h"
#include "daemon/in_process.h"

namespace jetway::daemon {

namespace {
constexpr base::Duration dial_timeout = std::chrono::seconds(3);
constexpr int most_rounds = 8;  // of effects that cause effects, in one turn
}  // namespace

Carriers::Carriers(io::Loop& loop, router::Router& router, OnReport on_report)
    : loop_(loop), router_(router), on_report_(std::move(on_report)), timer_(loop, [this] {
          router_.on_deadline(loop_.now());
          turn();
      }) {
    loop_.on_turn_end([this] { turn(); });
}

Carriers::~Carriers() {
    loop_.on_turn_end({});
}

void Carriers::accept(router::Entry by, const std::string& terminal,
                      std::unique_ptr<io::Stream> stream) {
    router::Arrival from = arrival_of(by, *stream);
    from.terminal = terminal;
    const router::TerminalId id = router_.accepted(std::move(from), loop_.now());
    if (id != 0) {
        const std::string peer = stream->peer_name();
        carriers_.emplace(id, std::make_unique<Carrier>(*this, loop_, id, peer, std::move(stream)));
    }
}

void Carriers::set_target(const std::string& peer, std::optional<transport::Target> target) {
    if (target) {
        targets_.insert_or_assign(peer, std::move(*target));
    } else {
        targets_.erase(peer);
    }
}

void Carriers::attach_in_process(router::TerminalId id, InProcess* handler) {
    in_process_[id] = handler;
}

void Carriers::lost(router::TerminalId id, const std::string& why) {
    const auto found = carriers_.find(id);
    if (found != carriers_.end()) {
        ended_.push_back(std::move(found->second));
        carriers_.erase(found);
    }
    in_process_.erase(id);
    router_.on_closed(id, why, loop_.now());
}

void Carriers::report_tls(const std::string& peer, const base::Error& why) {
    if (why.code != "certificate" && why.code != "tls") {
        return;
    }
    const auto report = failures_.note(peer + ' ' + why.code + ' ' + why.detail,
                                       {base::Report::Level::warning,
                                        "TLS failed",
                                        {{"peer", peer}, {"code", why.code}, {"why", why.detail}}},
                                       loop_.now());
    if (report) {
        this->report(*report);
    }
}

void Carriers::dial(std::size_t link) {
    const std::string peer = router_.options().links[link].peer;
    const auto target = targets_.find(peer);
    if (target == targets_.end()) {
        return;  // this neighbour is only waited for
    }
    dials_[peer] = std::make_unique<transport::Dialler>(
        loop_, target->second,
        transport::Terms{.tls = tls_, .machine = peer, .certificate_required = false}, dial_timeout,
        [this, peer](base::Result<std::unique_ptr<io::Stream>> stream) {
            const auto mine = dials_.find(peer);
            if (mine != dials_.end()) {
                dialled_.push_back(std::move(mine->second));
                dials_.erase(mine);
            }
            const std::vector<router::ConfiguredLink>& links = router_.options().links;
            std::size_t index = 0;
            while (index < links.size() && links[index].peer != peer) {
                ++index;
            }
            if (index == links.size()) {
                return;  // the deployment has it no more
            }
            if (!stream) {
                report_tls(peer, stream.error());
                router_.on_dial_failed(index, stream.error(), loop_.now());
                return;
            }
            const router::TerminalId id =
                router_.dialled(index, arrival_of(router::Entry::dialled, **stream), loop_.now());
            if (id != 0) {
                carriers_.emplace(
                    id, std::make_unique<Carrier>(*this, loop_, id, peer, std::move(*stream)));
            }
        });
}

void Carriers::close(router::TerminalId id) {
    const auto found = carriers_.find(id);
    if (found != carriers_.end()) {
        if (terminal::OutputQueue* output = router_.output(id)) {
            found->second->write(*output);
        }
        found->second->finish();
    }
    const auto within = in_process_.find(id);
    if (within != in_process_.end()) {
        if (terminal::OutputQueue* output = router_.output(id)) {
            within->second->take(*output);
        }
        within->second->on_closed();
    }
    lost(id, "");
}

void Carriers::carry_out(const router::Router::Effects& effects) {
    for (const base::Report& report : effects.reports) {
        on_report_(report);
    }
    for (const std::size_t link : effects.dials) {
        dial(link);
    }
    for (const router::Router::NinepDial& asked : effects.ninep_dials) {
        if (on_ninep_dial_) {
            on_ninep_dial_(asked);
        }
    }
    for (const router::TerminalId id : effects.writes) {
        terminal::OutputQueue* output = router_.output(id);
        const auto carrier = carriers_.find(id);
        const auto within = in_process_.find(id);
        if (output != nullptr && carrier != carriers_.end()) {
            carrier->second->write(*output);
        } else if (output != nullptr && within != in_process_.end()) {
            within->second->take(*output);
        }
    }
    for (const router::Forwarder::Pause& pause : effects.pauses) {
        if (const auto carrier = carriers_.find(pause.service); carrier != carriers_.end()) {
            carrier->second->pause(pause.pause);
        }
    }
    for (const router::TerminalId id : effects.closes) {
        close(id);
    }
}

void Carriers::turn() {
    if (in_turn_) {
        return;
    }
    in_turn_ = true;
    bool more = true;
    for (int round = 0; more && round < most_rounds; ++round) {
        router_.end_turn(loop_.now());
        const router::Router::Effects effects = router_.take_effects();
        carry_out(effects);
        more = !effects.dials.empty() || !effects.writes.empty() || !effects.closes.empty();
    }
    if (router_.unmeasured() > 0) {
        router_.turn_took(loop_.since_now());
    }
    // Services in this process can keep each other busy for ever: the sockets come first then.
    timer_.set(more ? loop_.now() : router_.next_deadline());
    ended_.clear();
    dialled_.clear();
    in_turn_ = false;
    if (after_turn_) {
        after_turn_();
    }
}

}  // namespace jetway::daemon
