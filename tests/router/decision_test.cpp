#include <doctest/doctest.h>

#include "envelope/announce.h"
#include "tests/router/mesh.h"

namespace jetway::router::testing {

namespace {

// A router among neighbours that announce whatever they like, and services that come and go.
class Crowd {
public:
    explicit Crowd(std::uint64_t seed) : random_(seed), router_(mesh_.add("us")) {
        for (int i = 0; i < 4; ++i) {
            Peer& neighbour = mesh_.connect("us", Entry::network_listener);
            neighbour.hello_router("n" + std::to_string(i));
            neighbours_.push_back(&neighbour);
        }
        for (int i = 0; i < 3; ++i) {
            services_.push_back(
                &mesh_.service("us", {"s" + std::to_string(i), "s" + std::to_string(i + 1)}));
        }
        asker_ = &mesh_.service("us");
        mesh_.run();
        for (std::size_t i = 0; i < neighbours_.size(); ++i) {
            announce(i, true);
        }
    }

    // Some machine's route or catalog changes, or a service here does.
    void change() {
        if (random_.below(4) == 0) {
            Peer& service = *services_[random_.below(services_.size())];
            const std::string name = "s" + std::to_string(random_.below(6));
            if (random_.below(2) == 0) {
                service.attach({name});
            } else {
                service.detach({name});
            }
        } else {
            announce(random_.below(neighbours_.size()), random_.below(6) == 0);
        }
        mesh_.now += milliseconds(random_.below(700));
        router_.on_deadline(mesh_.now);
        mesh_.run();
        asker_->envelopes();
    }

    std::string destination() {
        const std::string service =
            random_.below(12) == 0   ? "router"
            : random_.below(12) == 0 ? "echo"
            : random_.below(12) == 0
                ? services_[0]->address().substr(0, services_[0]->address().find('@'))
                : "s" + std::to_string(random_.below(9));
        switch (random_.below(4)) {
            case 0:
                return service + "@m" + std::to_string(random_.below(9));
            case 1:
                return service +
                       (random_.below(2) == 0 ? "@us" : "@n" + std::to_string(random_.below(5)));
            case 2:
                return random_.below(30) == 0   ? service + "@*"
                       : random_.below(30) == 0 ? service + "@"
                                                : service;
            default:
                return service;
        }
    }

    // Sends it, and says whether what happened is what was decided.
    bool decided_right(const std::string& to) {
        // What came before is done with, and the table is the one that forwarding will use.
        const std::map<TerminalId, std::uint64_t> before = frames_out();
        const Counters c = router_.forwarder().counters();
        const std::size_t waited = router_.forwarder().waiting();
        Bytes headers;
        envelope::Packer(headers).map(1).text("user").text("u" + std::to_string(random_.below(20)));
        envelope::EnvelopeView asked_for;
        asked_for.source = asker_->address();
        asked_for.headers = headers;
        const Decision decision = router_.forwarder().decide(to, &asked_for);
        const Bytes frame = frame_to(to, headers);
        by_policy += decision.picks != nullptr ? 1U : 0U;
        const TerminalId own = asker_terminal();
        router_.on_bytes(own, frame, nullptr, mesh_.now);
        std::map<TerminalId, std::uint64_t> grown;
        for (const auto& [terminal, frames] : frames_out()) {
            const auto was = before.find(terminal);
            if (was == before.end() || was->second != frames) {
                grown[terminal] = frames - (was == before.end() ? 0 : was->second);
            }
        }
        const Counters& d = router_.forwarder().counters();
        outcomes[static_cast<std::size_t>(decision.outcome)]++;
        switch (decision.outcome) {
            case Decision::Outcome::delivered:
                return d.delivered == c.delivered + 1 && grown.contains(decision.terminal);
            case Decision::Outcome::forwarded:
                return d.forwarded == c.forwarded + 1 &&
                       grown == std::map<TerminalId, std::uint64_t>{
                                    {router_.neighbours().find(decision.link)->terminal, 1}};
            case Decision::Outcome::router:
            case Decision::Outcome::echo:
                return d.delivered >= c.delivered + 1;
            case Decision::Outcome::copied:
                return d.delivered + d.forwarded + router_.forwarder().waiting() +
                           d.refused_in_all() >
                       c.delivered + c.forwarded + waited + c.refused_in_all();
            case Decision::Outcome::waits:
                return router_.forwarder().waiting() == waited + 1;
            case Decision::Outcome::refused: {
                const auto code = static_cast<std::size_t>(decision.refusal);
                return d.refused[code] == c.refused[code] + 1;
            }
        }
        return false;
    }

    void flush() {
        mesh_.run();
        for (Peer* peer : neighbours_) {
            peer->envelopes();
        }
        for (Peer* peer : services_) {
            peer->envelopes();
        }
        asker_->envelopes();
    }

    std::array<std::uint64_t, 7> outcomes{};
    std::uint64_t by_policy = 0;

private:
    TerminalId asker_terminal() {
        const std::string& address = asker_->address();
        return static_cast<TerminalId>(std::stoul(address.substr(7, address.find('@') - 7)));
    }

    std::map<TerminalId, std::uint64_t> frames_out() const {
        std::map<TerminalId, std::uint64_t> frames;
        router_.connections().for_each([&frames](const Connection& connection) {
            frames[connection.terminal.id()] = connection.terminal.counters().frames_out;
        });
        return frames;
    }

    // Half of them are requests, which count as in flight until the next change.
    Bytes frame_to(const std::string& to, const Bytes& headers) {
        const Bytes data = text("x");
        const Bytes id = number(random_.below(1000));
        envelope::EnvelopeFields fields;
        fields.destination = to;
        fields.data = data;
        fields.headers = headers;
        fields.id = random_.below(2) == 0 ? ByteView(id) : ByteView();
        Bytes body;
        envelope::append_envelope(body, fields);
        Bytes frame;
        envelope::append_frame(frame, {.kind = Kind::envelope, .pin = {}}, body);
        return frame;
    }

    void announce(std::size_t neighbour, bool full) {
        envelope::Announce announce;
        announce.machine_id = "n" + std::to_string(neighbour);
        announce.incarnation = 1;
        announce.full = full;
        announce.routes.push_back(
            {.machine_id = announce.machine_id, .sequence = 1, .cost = 0, .hops = 0});
        for (int m = 0; m < 8; ++m) {
            if (random_.below(3) == 0) {
                continue;
            }
            const std::string machine = "m" + std::to_string(m);
            const auto cost = static_cast<std::uint16_t>(
                random_.below(4) == 0 ? envelope::infinity : 1 + random_.below(4));
            announce.routes.push_back({.machine_id = machine,
                                       .sequence = 1 + random_.below(3),
                                       .cost = cost,
                                       .hops = cost});
            if (cost != envelope::infinity && random_.below(2) == 0) {
                envelope::Catalog catalog{.machine_id = machine,
                                          .incarnation = 1,
                                          .revision = ++revision_,
                                          .services = {},
                                          .raw = {}};
                for (int s = 0; s < 6; ++s) {
                    if (random_.below(3) == 0) {
                        const auto health = static_cast<envelope::Health>(
                            random_.below(4) == 0 ? random_.below(4) : 0);
                        catalog.services.push_back(
                            {.service = {.name = "s" + std::to_string(s),
                                         .capabilities = {},
                                         .version = {},
                                         .weight =
                                             static_cast<std::uint32_t>(1 + random_.below(4))},
                             .instance = random_.below(3),
                             .health = health,
                             .ninep = random_.below(9) == 0 ? "h:1" : ""});
                        if (random_.below(6) == 0) {
                            constexpr std::array<const char*, 8> policies = {
                                "round-robin",   "least-conn",        "random",
                                "weighted",      "nearest",           "sticky uname",
                                "sticky source", "sticky header:user"};
                            catalog.services.back().policy = policies[random_.below(8)];
                            catalog.services.back().policy_revision = random_.below(50);
                        }
                    }
                }
                catalog.raw = envelope::make_catalog_raw(catalog);
                announce.catalogs.push_back(catalog);
            }
        }
        Bytes body;
        envelope::append_announce(body, announce);
        neighbours_[neighbour]->say(Kind::announce, body);
    }

    base::Random random_;
    Mesh mesh_;
    Router& router_;
    std::vector<Peer*> neighbours_;
    std::vector<Peer*> services_;
    Peer* asker_ = nullptr;
    std::uint64_t revision_ = 1;
};

}  // namespace

TEST_SUITE("router.decision") {
    TEST_CASE("what is explained is what forwarding does: a million envelopes on random tables") {
        std::uint64_t envelopes = 0;
        std::uint64_t wrong = 0;
        std::uint64_t by_policy = 0;
        std::array<std::uint64_t, 7> outcomes{};
        const std::uint64_t most = JETWAY_DECISIONS;
        for (std::uint64_t seed = 1; envelopes < most; ++seed) {
            Crowd crowd(seed);
            for (int changes = 0; changes < 60; ++changes) {
                crowd.change();
                crowd.decided_right("s0");  // the table is built when an envelope needs it
                for (int i = 0; i < 160; ++i, ++envelopes) {
                    const std::string to = crowd.destination();
                    if (!crowd.decided_right(to) && ++wrong == 1) {
                        MESSAGE("seed ", seed, ", change ", changes, ", to ", to);
                    }
                }
                crowd.flush();
            }
            for (std::size_t i = 0; i < outcomes.size(); ++i) {
                outcomes[i] += crowd.outcomes[i];
            }
            by_policy += crowd.by_policy;
        }
        CHECK(wrong == 0);
        CHECK(by_policy > envelopes / 20);
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            CHECK_MESSAGE(outcomes[i] > 0, "no envelope had the outcome ", i);
        }
    }
}

}  // namespace jetway::router::testing
