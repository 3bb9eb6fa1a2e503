#include "tests/scenarios/neighbour.h"

#include <utility>

#include "envelope/hello.h"
#include "tests/scenarios/speech.h"

namespace jetway::scenarios {

bool Neighbour::connect(sim::World& world) {
    if (world.connect(host_, router::Entry::network_listener, *this) == 0) {
        return false;
    }
    envelope::Hello hello;
    hello.protocol = {envelope::protocol_version};
    hello.role = envelope::Role::router;
    hello.machine_id = name_;
    hello.incarnation = 1;
    base::Bytes body;
    envelope::append_hello(body, hello);
    world.send(*this, frame(envelope::Kind::hello, body));
    return true;
}

base::Bytes Neighbour::frame(envelope::Kind kind, const base::Bytes& body) {
    base::Bytes frame;
    envelope::append_frame(frame, {.kind = kind, .pin = {}}, body);
    return frame;
}

// So that the router hears of it, also when it has nothing to say.
void Neighbour::ping(sim::World& world) {
    if (connection == 0) {
        return;
    }
    constexpr std::uint8_t nil = 0xc0;
    world.send(*this, frame(envelope::Kind::ping, {nil}));
    world.at(world.now() + std::chrono::milliseconds(300), [this, &world] { ping(world); });
}

std::uint64_t Neighbour::digest() const {
    std::uint64_t sum = 0;
    for (const auto* part : {&routes_, &catalogs_}) {
        for (const auto& [machine, digest] : *part) {
            sum += digest;
        }
    }
    return sum;
}

base::Result<void> Neighbour::announce(sim::World& world, const std::string& words) {
    std::vector<envelope::RouteEntry> unsaid;
    auto announce = read_speech(words, unsaid);
    if (!announce) {
        return announce.error();
    }
    if (announce->full && !std::exchange(more_, false)) {
        routes_.clear();
        catalogs_.clear();
    }
    const auto count = [this](const envelope::RouteEntry& route) {
        if (route.cost == envelope::infinity) {
            routes_.erase(route.machine_id);
            catalogs_.erase(route.machine_id);
        } else {
            routes_[route.machine_id] = envelope::route_digest(route);
        }
    };
    for (const envelope::RouteEntry& route : announce->routes) {
        count(route);
        narrator_.checker().expect_nothing_of(route.machine_id);
    }
    for (const envelope::RouteEntry& route : unsaid) {
        count(route);
    }
    for (const envelope::Catalog& catalog : announce->catalogs) {
        catalogs_[catalog.machine_id] =
            envelope::catalog_digest(catalog.machine_id, catalog.incarnation, catalog.revision);
    }
    more_ = announce->more;
    if (announce->machine_id.empty()) {
        announce->machine_id = name_;
    }
    announce->incarnation = 1;
    announce->digest = digest();
    base::Bytes body;
    envelope::append_announce(body, *announce);
    base::Bytes whole = frame(envelope::Kind::announce, body);
    if (greeted_) {
        world.send(*this, std::move(whole));
    } else {
        held_.push_back(std::move(whole));
    }
    return {};
}

void Neighbour::on_bytes(sim::World& world, base::ByteView bytes) {
    reader_.feed(bytes, nullptr, [&](const envelope::Frame& heard) {
        if (heard.kind == envelope::Kind::ping) {
            const base::Bytes body(heard.body.begin(), heard.body.end());
            world.send(*this, frame(envelope::Kind::pong, body));
        } else if (heard.kind == envelope::Kind::hello) {
            greeted_ = true;
            ping(world);
            for (base::Bytes& held : std::exchange(held_, {})) {
                world.send(*this, std::move(held));
            }
        }
        return connection != 0;
    });
}

}  // namespace jetway::scenarios
