// The part of Stage that isn't routers: programs that attach and send, and made-up neighbours.
#include <algorithm>

#include "tests/scenarios/stage.h"

namespace jetway::scenarios {

// attach a gpu-server mp4-encoder
Stage::Done Stage::attach(Words& words) {
    const auto host = machine(words.take());
    if (!host) {
        return host.error();
    }
    std::vector<std::string> names;
    while (!words.empty()) {
        names.push_back(words.take());
    }
    clients_.push_back(std::make_unique<Client>(narrator_, *host, std::move(names)));
    return clients_.back()->attach(world()) ? Done() : usage("the router takes nobody");
}

// detach a gpu-server
Stage::Done Stage::detach(Words& words) {
    const auto host = machine(words.take());
    const std::string name = words.take();
    for (auto& client : clients_) {
        const std::vector<std::string>& names = client->names();
        if (host && client->host() == *host && client->connection != 0 &&
            std::find(names.begin(), names.end(), name) != names.end()) {
            world().hang_up(*client);
            return {};
        }
    }
    return usage("nobody has attached '" + name + "' there");
}

// send a gpu-server@c [hops N] [times N]
Stage::Done Stage::send(Words& words) {
    const auto host = machine(words.take());
    if (!host) {
        return host.error();
    }
    const std::string destination = words.take();
    const std::uint64_t hops = words.take_if("hops") ? read_number(words.take()).value_or(0) : 0;
    const std::uint64_t times = words.take_if("times") ? read_number(words.take()).value_or(1) : 1;
    auto found = std::find_if(clients_.begin(), clients_.end(), [&](const auto& client) {
        return client->host() == *host && client->connection != 0 && client->names().empty();
    });
    if (found == clients_.end()) {
        clients_.push_back(std::make_unique<Client>(narrator_, *host, std::vector<std::string>()));
        found = std::prev(clients_.end());
        if (!(*found)->attach(world())) {
            return usage("the router takes nobody");
        }
    }
    for (std::uint64_t i = 0; i < times; ++i) {
        (*found)->send(world(), ++envelopes_, destination, static_cast<std::uint8_t>(hops));
    }
    return {};
}

// neighbour x to a
Stage::Done Stage::neighbour(Words& words) {
    const std::string name = words.take();
    const bool to = words.take_if("to");
    const auto host = machine(words.take());
    if (!host || !to) {
        return usage("neighbour NAME to MACHINE");
    }
    neighbours_.push_back(std::make_unique<Neighbour>(narrator_, name, *host));
    narrator_.checker().expect_nothing_of(name);
    return neighbours_.back()->connect(world()) ? Done() : usage("the router takes nobody");
}

// say x: full; x #1 cost 0; c #1 cost 2
Stage::Done Stage::say(Words& words) {
    std::string name = words.take();
    if (name.empty() || name.back() != ':') {
        return usage("say NAME: what it announces");
    }
    name.pop_back();
    const auto found = std::find_if(neighbours_.rbegin(), neighbours_.rend(),
                                    [&](const auto& n) { return n->name() == name; });
    return found != neighbours_.rend() && (*found)->connection != 0
               ? (*found)->announce(world(), words.rest())
               : usage("there is no made-up neighbour '" + name + "'");
}

Stage::Done Stage::hang_up(Words& words) {
    const std::string name = words.take();
    for (auto& neighbour : neighbours_) {
        if (neighbour->name() == name && neighbour->connection != 0) {
            world().hang_up(*neighbour);
            return {};
        }
    }
    return usage("there is no made-up neighbour '" + name + "'");
}

}  // namespace jetway::scenarios
