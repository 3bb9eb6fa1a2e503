// Client: a program at one machine of a scenario. It attaches names, sends, and tells what it gets.
#pragma once

#include <string>
#include <vector>

#include "tests/scenarios/narrator.h"

namespace jetway::scenarios {

class Client final : public sim::Actor {
public:
    Client(Narrator& narrator, sim::HostId host, std::vector<std::string> names)
        : narrator_(narrator), host_(host), names_(std::move(names)) {}

    // False: nobody takes the connection.
    bool attach(sim::World& world);
    // `hops` 0: the router's default.
    void send(sim::World& world, std::uint64_t number, const std::string& destination,
              std::uint8_t hops);

    sim::HostId host() const { return host_; }
    const std::vector<std::string>& names() const { return names_; }

    void on_bytes(sim::World& world, base::ByteView bytes) override;
    void on_closed(sim::World&) override {}

private:
    Narrator& narrator_;
    sim::HostId host_;
    std::vector<std::string> names_;
    envelope::FrameReader reader_{64U << 20U};
    bool greeted_ = false;
    std::vector<base::Bytes> held_;  // what waits for the router's HELLO
};

}  // namespace jetway::scenarios
