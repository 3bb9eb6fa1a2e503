#include "tests/fuzz/net.h"

#include <algorithm>

#include "base/ensure.h"

namespace jetway::fuzz {

using base::ByteView;
using envelope::Kind;
using router::TerminalId;

std::size_t Net::add(const std::string& name, const std::vector<std::string>& links,
                     const std::vector<std::string>& services) {
    Node& node = *nodes_.emplace_back(std::make_unique<Node>());
    node.name = name;
    node.options.machine = name;
    node.options.errors = 1'000;
    node.options.terminals = 12;
    node.options.history = 32;
    node.options.gossip.max_machines = 16;
    node.options.terminal.queue = 4'096;
    node.options.terminal.max_frame = 2'048;
    node.options.terminal.unacknowledged = 8'192;
    node.options.terminal.held = 8'192;
    node.options.terminal.services = 8;
    for (const std::string& peer : links) {
        node.options.links.push_back({.name = "to-" + peer, .peer = peer, .cost = 1});
    }
    for (const std::string& service : services) {
        node.options.services.push_back(
            {.name = service, .capabilities = {}, .version = {}, .weight = 1});
    }
    start(nodes_.size() - 1);
    return nodes_.size() - 1;
}

void Net::start(std::size_t index) {
    Node& node = *nodes_[index];
    if (node.router) {
        return;
    }
    node.options.incarnation = node.incarnation++;
    node.router = std::make_unique<router::Router>(node.options, base::Random(index + 1), now_,
                                                   [] { return router::ProcessFigures{}; });
    turn(index);
}

Net::Pipe* Net::pipe_of(std::size_t node, TerminalId id, std::size_t& end) {
    for (auto* list : {&links_, &pipes_}) {
        for (const auto& pipe : *list) {
            for (end = 0; end < 2; ++end) {
                if (pipe->ends[end].node == node && pipe->ends[end].id == id) {
                    return pipe.get();
                }
            }
        }
    }
    return nullptr;
}

// `by` is done with it; the other end reads what is under way, and then learns of it.
void Net::close(Pipe& pipe, std::size_t by) {
    pipe.ends[by].node.reset();
    pipe.ends[by].peer.reset();
    pipe.ends[by].coming.clear();
    pipe.ends[1 - by].ending = !pipe.silent;
    if (pipe.ends[1 - by].peer) {
        deliver(pipe, 1 - by, SIZE_MAX);
    }
}

void Net::reap() {
    for (auto* list : {&links_, &pipes_}) {
        std::erase_if(*list,
                      [](const auto& pipe) { return !pipe->ends[0].node && !pipe->ends[1].node; });
    }
}

void Net::deliver(Pipe& pipe, std::size_t to, std::size_t most) {
    End& end = pipe.ends[to];
    const std::size_t size = std::min(most, end.coming.size());
    const base::Bytes bytes(end.coming.begin(),
                            end.coming.begin() + static_cast<std::ptrdiff_t>(size));
    end.coming.erase(end.coming.begin(), end.coming.begin() + static_cast<std::ptrdiff_t>(size));
    if (end.node && !bytes.empty() && !pipe.silent) {
        const std::size_t node = *end.node;
        nodes_[node]->router->on_bytes(end.id, bytes, nullptr, now_);
        turn(node);
    } else if (end.peer && !bytes.empty()) {
        read(*end.peer, bytes);
    }
    if (end.node && end.ending && end.coming.empty()) {
        const std::size_t node = *end.node;
        const TerminalId id = end.id;
        end.node.reset();
        end.ending = false;
        nodes_[node]->router->on_closed(id, "the peer closed", now_);
        turn(node);
    } else if (end.peer && end.ending && end.coming.empty()) {
        peers_[*end.peer]->address.clear();
        end.peer.reset();
    }
}

std::size_t Net::under_way(std::size_t link, std::size_t end) const {
    return links_[link]->ends[end].coming.size();
}

void Net::move(std::size_t link, std::size_t end, std::size_t bytes) {
    deliver(*links_[link], end, bytes);
    reap();
}

void Net::insert(std::size_t link, std::size_t end, ByteView bytes) {
    base::append(links_[link]->ends[end].coming, bytes);
}

void Net::cut(std::size_t link, std::size_t end, std::size_t arrives) {
    Pipe& pipe = *links_[link];
    for (std::size_t i : {end, 1 - end}) {
        base::Bytes& coming = pipe.ends[i].coming;
        coming.resize(std::min(coming.size(), i == end ? arrives : 0));
        pipe.ends[i].ending = pipe.ends[i].node.has_value();
    }
}

void Net::kill(std::size_t index) {
    nodes_[index]->router.reset();
    std::erase_if(dials_, [&](const auto& dial) { return dial.first == index; });
    for (auto* list : {&links_, &pipes_}) {
        for (const auto& pipe : *list) {
            for (std::size_t end : {0U, 1U}) {
                if (pipe->ends[end].node == index) {
                    close(*pipe, end);
                }
            }
        }
    }
    reap();
}

void Net::write(std::size_t index, TerminalId id) {
    terminal::OutputQueue* output = nodes_[index]->router->output(id);
    std::size_t end = 0;
    Pipe* pipe = pipe_of(index, id, end);
    if (output == nullptr || pipe == nullptr) {
        return;
    }
    End& other = pipe->ends[1 - end];
    if (other.peer && !peers_[*other.peer]->reading) {
        return;
    }
    const std::size_t size = output->waiting();
    for (const base::Chunk& chunk : output->take()) {
        if (!pipe->silent && !pipe->ends[end].ending) {
            base::append(other.coming, chunk.view());
        }
    }
    output->written(size);
    if (other.peer) {
        deliver(*pipe, 1 - end, SIZE_MAX);
    }
}

void Net::turn(std::size_t index) {
    router::Router& router = *nodes_[index]->router;
    router.end_turn(now_);
    check(index);
    router::Router::Effects effects = router.take_effects();
    for (const std::size_t link : effects.dials) {
        dials_.emplace_back(index, link);
    }
    for (const base::Report& report : effects.reports) {
        links_down += report.event == "link down" ? 1U : 0U;
    }
    for (const TerminalId id : effects.writes) {
        write(index, id);
    }
    for (const TerminalId id : effects.closes) {
        write(index, id);
        std::size_t end = 0;
        if (Pipe* pipe = pipe_of(index, id, end)) {
            close(*pipe, end);
        }
        router.on_closed(id, "closed", now_);
    }
    if (!effects.closes.empty()) {
        turn(index);
    }
}

void Net::check(std::size_t index) const {
    const router::Router& router = *nodes_[index]->router;
    const router::Options& options = nodes_[index]->options;
    const router::Counters& c = router.forwarder().counters();
    ensure(c.taken() == c.done() + router.forwarder().waiting(), "every envelope is accounted for");
    ensure(router.forwarder().holds().waiting_bytes() <=
               options.terminal.held + options.terminal.max_frame,
           "no more waits for who is held than limits.held");
    ensure(router.gossip().known_machines() <= options.gossip.max_machines,
           "no more machines than limits.machines");
    ensure(router.connections().size() <= options.terminals,
           "no more connections than limits.terminals");
    router.connections().for_each([&](const router::Connection& connection) {
        // A frame of any length goes into an empty queue, control frames up to twice the bound,
        // what the peer lacks of a session at once, and a GOODBYE into any.
        ensure(connection.terminal.output().size() <= 2 * options.terminal.queue +
                                                          options.terminal.unacknowledged +
                                                          options.terminal.max_frame + 1'200,
               "queues are bounded");
    });
}

void Net::dial(std::size_t index, std::size_t link) {
    router::Router& from = *nodes_[index]->router;
    const std::string& peer = from.options().links[link].peer;
    const auto to = std::find_if(nodes_.begin(), nodes_.end(),
                                 [&](const auto& node) { return node->name == peer; });
    if (unreachable || to == nodes_.end() || !(*to)->router) {
        from.on_dial_failed(link, {unreachable ? "EHOSTUNREACH" : "ECONNREFUSED", "nobody answers"},
                            now_);
        turn(index);
        return;
    }
    const auto other = static_cast<std::size_t>(to - nodes_.begin());
    const TerminalId ours =
        from.dialled(link, {.by = router::Entry::dialled, .peer_address = peer}, now_);
    if (ours != 0) {
        const TerminalId theirs = (*to)->router->accepted(
            {.by = router::Entry::network_listener, .peer_address = nodes_[index]->name}, now_);
        if (theirs != 0) {
            Pipe& pipe = *links_.emplace_back(std::make_unique<Pipe>());
            pipe.ends[0].node = index;
            pipe.ends[0].id = ours;
            pipe.ends[1].node = other;
            pipe.ends[1].id = theirs;
        } else {
            from.on_closed(ours, "closed", now_);
        }
    }
    turn(index);
    turn(other);
}

void Net::settle(std::size_t turns) {
    for (std::size_t i = 0; i < turns; ++i) {
        for (const auto& [node, link] : std::exchange(dials_, {})) {
            dial(node, link);
        }
        bool moved = !dials_.empty();
        for (std::size_t link = 0; link < links_.size(); ++link) {
            for (std::size_t end : {0U, 1U}) {
                Pipe& pipe = *links_[link];
                if (!pipe.ends[end].coming.empty() || pipe.ends[end].ending) {
                    deliver(pipe, end, SIZE_MAX);
                    moved = true;
                }
            }
        }
        reap();
        if (!moved) {
            return;
        }
    }
}

void Net::pass(base::Duration time) {
    const base::Instant end = now_ + time;
    for (std::size_t turns = 0; now_ < end; ++turns) {
        ensure(turns < 100'000, "time passes");
        base::Instant next = end;
        for (const auto& node : nodes_) {
            if (node->router) {
                next = std::min(next, node->router->next_deadline());
            }
        }
        now_ = std::max(now_, next);
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i]->router) {
                nodes_[i]->router->on_deadline(now_);
                turn(i);
            }
        }
        for (const auto& [node, link] : std::exchange(dials_, {})) {
            dial(node, link);
        }
        reap();
    }
}

}  // namespace jetway::fuzz
