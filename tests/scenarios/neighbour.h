// Neighbour: a made-up neighbour of a router, that announces what a scenario has it say, word for
// word. It sends PING and answers it, and otherwise does nothing of itself.
#pragma once

#include <map>
#include <string>

#include "tests/scenarios/narrator.h"

namespace jetway::scenarios {

class Neighbour final : public sim::Actor {
public:
    Neighbour(Narrator& narrator, std::string name, sim::HostId host)
        : narrator_(narrator), name_(std::move(name)), host_(host) {}

    // False: the router doesn't take the connection.
    bool connect(sim::World& world);
    // In the words of speech.h.
    base::Result<void> announce(sim::World& world, const std::string& words);

    const std::string& name() const { return name_; }
    sim::HostId host() const { return host_; }

    void on_bytes(sim::World& world, base::ByteView bytes) override;
    void on_closed(sim::World&) override {}

private:
    void ping(sim::World& world);
    static base::Bytes frame(envelope::Kind kind, const base::Bytes& body);
    std::uint64_t digest() const;

    Narrator& narrator_;
    std::string name_;
    sim::HostId host_;
    envelope::FrameReader reader_{64U << 20U};
    std::map<std::string, std::uint64_t> routes_;  // digests of what it counts as announced
    std::map<std::string, std::uint64_t> catalogs_;
    bool more_ = false;  // the last announcement was a part
    bool greeted_ = false;
    std::vector<base::Bytes> held_;  // announcements that wait for the router's HELLO
};

}  // namespace jetway::scenarios
