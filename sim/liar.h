// Liar: a neighbour that speaks the protocol and announces rubbish: machines that don't exist,
// distances and numbers that nobody has, digests that are wrong, and now and then bytes that are no
// announcement at all.
#pragma once

#include <string>
#include <vector>

#include "sim/world.h"

namespace jetway::sim {

class Liar final : public Actor {
public:
    // Lies to `victim` about `machines`, under a name of its own.
    Liar(std::string name, HostId victim, std::vector<std::string> machines, std::uint64_t seed)
        : name_(std::move(name)), victim_(victim), machines_(std::move(machines)), random_(seed) {}

    void begin(World& world);
    void end(World& world);  // hangs up, for good

    void on_bytes(World& world, base::ByteView bytes) override;
    void on_closed(World& world) override;

private:
    void say(World& world, envelope::Kind kind, const base::Bytes& body);
    void lie(World& world);

    std::string name_;
    HostId victim_;
    std::vector<std::string> machines_;
    base::Random random_;
    envelope::FrameReader reader_{64U << 20U};
    bool active_ = false;
    bool first_ = true;
    std::uint32_t turn_ = 0;
};

}  // namespace jetway::sim
