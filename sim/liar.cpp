#include "sim/liar.h"

#include "envelope/announce.h"
#include "envelope/hello.h"

namespace jetway::sim {

void Liar::begin(World& world) {
    active_ = true;
    first_ = true;
    reader_ = envelope::FrameReader(64U << 20U);
    if (world.connect(victim_, router::Entry::network_listener, *this) == 0) {
        return;
    }
    world.story(name_ + " lies to " + world.host(victim_).name);
    envelope::Hello hello;
    hello.protocol = {envelope::protocol_version};
    hello.role = envelope::Role::router;
    hello.machine_id = name_;
    hello.incarnation = 1;
    base::Bytes body;
    envelope::append_hello(body, hello);
    say(world, envelope::Kind::hello, body);
}

void Liar::end(World& world) {
    active_ = false;
    ++turn_;
    world.hang_up(*this);
}

void Liar::say(World& world, envelope::Kind kind, const base::Bytes& body) {
    base::Bytes frame;
    envelope::append_frame(frame, {.kind = kind, .pin = {}}, body);
    world.send(*this, std::move(frame));
}

void Liar::lie(World& world) {
    if (!active_ || connection == 0) {
        return;
    }
    base::Bytes body;
    if (random_.below(8) == 0) {
        body.resize(1 + random_.below(60));
        for (std::uint8_t& byte : body) {
            byte = static_cast<std::uint8_t>(random_.next());
        }
    } else {
        envelope::Announce announce;
        announce.machine_id = name_;
        announce.incarnation = 1;
        announce.full = std::exchange(first_, false) || random_.below(4) == 0;
        announce.want_full = random_.below(4) == 0;
        announce.digest = random_.next();
        announce.routes.push_back({.machine_id = name_, .sequence = 1, .cost = 0, .hops = 0});
        for (const std::string& machine : machines_) {
            if (random_.below(3) != 0) {
                const auto cost = static_cast<std::uint16_t>(
                    random_.below(6) == 0 ? envelope::infinity : random_.below(4));
                announce.routes.push_back({.machine_id = machine,
                                           .sequence = 1 + random_.below(40),
                                           .cost = cost,
                                           .hops = cost});
            }
            if (random_.below(8) == 0) {
                announce.requests.push_back(
                    {.machine_id = machine, .sequence = 1 + random_.below(50), .hops_left = 20});
            }
        }
        if (random_.below(2) == 0) {
            announce.routes.push_back({.machine_id = "nowhere-" + std::to_string(random_.below(3)),
                                       .sequence = 1,
                                       .cost = 1,
                                       .hops = 1});
        }
        envelope::append_announce(body, announce);
    }
    say(world, envelope::Kind::announce, body);
    const std::uint32_t turn = ++turn_;
    world.at(world.now() + std::chrono::milliseconds(20 + random_.below(800)),
             [this, &world, turn] {
                 if (turn == turn_) {
                     lie(world);
                 }
             });
}

void Liar::on_bytes(World& world, base::ByteView bytes) {
    reader_.feed(bytes, nullptr, [&](const envelope::Frame& frame) {
        if (frame.kind == envelope::Kind::hello) {
            lie(world);
        } else if (frame.kind == envelope::Kind::ping) {
            say(world, envelope::Kind::pong, base::Bytes(frame.body.begin(), frame.body.end()));
        }
        return connection != 0;
    });
}

void Liar::on_closed(World& world) {
    ++turn_;
    if (active_) {
        world.at(world.now() + std::chrono::milliseconds(500), [this, &world] {
            if (active_ && connection == 0) {
                begin(world);
            }
        });
    }
}

}  // namespace jetway::sim
