// Net: the services and the others at its routers' terminals.
#include <algorithm>

#include "base/ensure.h"
#include "tests/fuzz/net.h"

namespace jetway::fuzz {

using base::ByteView;
using envelope::Kind;
using router::TerminalId;

std::size_t Net::add_peer(std::size_t node, std::vector<std::string> names) {
    Peer& peer = *peers_.emplace_back(std::make_unique<Peer>());
    peer.node = node;
    peer.names = std::move(names);
    return peers_.size() - 1;
}

Net::Pipe* Net::pipe_of_peer(std::size_t peer) {
    const auto found = std::find_if(pipes_.begin(), pipes_.end(),
                                    [&](const auto& pipe) { return pipe->ends[0].peer == peer; });
    return found != pipes_.end() ? found->get() : nullptr;
}

void Net::open(std::size_t index, router::Entry by) {
    hang_up(index);
    Peer& peer = *peers_[index];
    Node& node = *nodes_[peer.node];
    if (!node.router) {
        return;
    }
    const TerminalId id = node.router->accepted({.by = by, .peer_address = "peer"}, now_);
    if (id == 0) {
        turn(peer.node);
        return;
    }
    peer.reader = envelope::FrameReader(64U << 20U);
    peer.reading = true;
    peer.neighbour = by == router::Entry::network_listener;
    peer.goodbye.clear();
    Pipe& pipe = *pipes_.emplace_back(std::make_unique<Pipe>());
    pipe.ends[0].peer = index;
    pipe.ends[1].node = peer.node;
    pipe.ends[1].id = id;
}

void Net::connect(std::size_t index) {
    open(index, router::Entry::local_listener);
    envelope::Hello hello;
    hello.protocol = {envelope::protocol_version};
    for (const std::string& name : peers_[index]->names) {
        hello.services.push_back({.name = name, .capabilities = {}, .version = {}, .weight = 1});
    }
    base::Bytes body;
    envelope::append_hello(body, hello);
    say(index, Kind::hello, body);
}

void Net::connect_as_neighbour(std::size_t index, const std::string& machine) {
    open(index, router::Entry::network_listener);
    envelope::Hello hello;
    hello.protocol = {envelope::protocol_version};
    hello.role = envelope::Role::router;
    hello.machine_id = machine;
    hello.incarnation = 1;
    base::Bytes body;
    envelope::append_hello(body, hello);
    say(index, Kind::hello, body);
}

void Net::say(std::size_t peer, Kind kind, ByteView body) {
    Pipe* pipe = pipe_of_peer(peer);
    if (pipe == nullptr || !pipe->ends[1].node) {
        return;
    }
    base::Bytes frame;
    envelope::append_frame(frame, {.kind = kind, .flags = 0, .hops = 0, .pin = {}}, body);
    base::append(pipe->ends[1].coming, frame);
    deliver(*pipe, 1, frame.size());
    reap();
}

void Net::read_again(std::size_t peer) {
    peers_[peer]->reading = true;
    Pipe* pipe = pipe_of_peer(peer);
    if (pipe != nullptr && pipe->ends[1].node) {
        write(*pipe->ends[1].node, pipe->ends[1].id);
        reap();
    }
}

void Net::hang_up(std::size_t peer) {
    if (Pipe* pipe = pipe_of_peer(peer)) {
        close(*pipe, 0);
        deliver(*pipe, 1, SIZE_MAX);
        reap();
    }
    peers_[peer]->address.clear();
}

void Net::read(std::size_t index, ByteView bytes) {
    Peer& peer = *peers_[index];
    const auto fault = peer.reader.feed(bytes, nullptr, [&](const envelope::Frame& frame) {
        if (frame.kind == Kind::hello) {
            const base::Result<envelope::Hello> hello = envelope::read_hello(frame.body, 0);
            ensure(hello.has_value(), "a router's HELLO can be read");
            peer.address = hello->address;
        } else if (frame.kind == Kind::envelope) {
            Arrived& arrived = peer.arrived.emplace_back();
            arrived.flags = frame.flags;
            arrived.body.assign(frame.body.begin(), frame.body.end());
            ensure(envelope::read_envelope(arrived.body, arrived.view) == nullptr,
                   "what arrives can be read");
            ensure(frame.pin.empty() || peer.neighbour, "a service receives no pin");
        } else if (frame.kind == Kind::goodbye) {
            peer.goodbye = envelope::read_goodbye(frame.body).code;
        }
        return true;
    });
    ensure(fault == envelope::FrameFault::none, "a router writes frames");
}

}  // namespace jetway::fuzz
