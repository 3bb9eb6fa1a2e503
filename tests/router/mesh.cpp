#include "tests/router/mesh.h"

#include <algorithm>

namespace jetway::router::testing {

Mesh::Node& Mesh::node(const std::string& name) {
    for (auto i = nodes_.rbegin(); i != nodes_.rend(); ++i) {  // the latest of that name
        if ((*i)->name == name) {
            return **i;
        }
    }
    FAIL("no such router");
    return *nodes_[0];
}

Router& Mesh::add(const std::string& name, const std::vector<std::string>& links,
                  const std::function<void(Options&)>& change) {
    Options options;
    options.machine = name;
    for (const std::string& peer : links) {
        options.links.push_back({.name = "to-" + peer, .peer = peer, .cost = 1});
    }
    if (change) {
        change(options);
    }
    auto& added = *nodes_.emplace_back(std::make_unique<Node>());
    added.name = name;
    added.router = std::make_unique<Router>(options, base::Random(nodes_.size()), now,
                                            [] { return ProcessFigures{}; });
    return *added.router;
}

Peer& Mesh::connect(const std::string& name, Entry by) {
    return connect(name, Arrival{.by = by, .peer_address = "peer"});
}

Peer& Mesh::connect(const std::string& name, Arrival arrival) {
    Node& to = node(name);
    Peer& peer = *peers_.emplace_back(std::make_unique<Peer>());
    peer.mesh_ = this;
    peer.pipe_ = pipes_.size();
    Pipe& pipe = *pipes_.emplace_back(std::make_unique<Pipe>());
    pipe.ends[0].peer = &peer;
    pipe.ends[1].node = &to;
    pipe.ends[1].id = to.router->accepted(std::move(arrival), now);
    if (pipe.ends[1].id == 0) {
        pipe.open = false;
        peer.closed_ = true;
    }
    return peer;
}

Peer& Mesh::service(const std::string& name, const std::vector<std::string>& names) {
    Peer& peer = connect(name);
    peer.hello(names);
    const std::vector<Got> answer = peer.take(Kind::hello);
    REQUIRE(answer.size() == 1);
    peer.address_ = envelope::read_hello(answer[0].body, 1)->address;
    return peer;
}

bool Mesh::joins(const Pipe& pipe, const std::string& a, const std::string& b) const {
    return pipe.open && pipe.ends[0].node != nullptr && pipe.ends[1].node != nullptr &&
           key(pipe.ends[0].node->name, pipe.ends[1].node->name) == key(a, b);
}

std::size_t Mesh::pipes(const std::string& a, const std::string& b) const {
    return static_cast<std::size_t>(std::count_if(pipes_.begin(), pipes_.end(),
                                                  [&](const auto& p) { return joins(*p, a, b); }));
}

std::string Mesh::dialler(const std::string& a, const std::string& b) const {
    for (const auto& pipe : pipes_) {
        if (joins(*pipe, a, b)) {
            return pipe->ends[0].node->name;
        }
    }
    return {};
}

void Mesh::kill(const std::string& name) {
    Node& dead = node(name);
    dead.alive = false;
    for (std::size_t i = 0; i < pipes_.size(); ++i) {
        for (std::size_t end = 0; end < 2; ++end) {
            if (pipes_[i]->open && pipes_[i]->ends[end].node == &dead) {
                hang_up(i, end);
            }
        }
    }
    std::erase_if(dialling_, [&](const auto& dial) { return dial.first == &dead; });
}

void Mesh::silence(const std::string& a, const std::string& b) {
    blocked_[key(a, b)] = true;
    for (auto& pipe : pipes_) {
        pipe->silent = pipe->silent || joins(*pipe, a, b);
    }
}

void Mesh::cut(const std::string& a, const std::string& b) {
    blocked_[key(a, b)] = true;
    interrupt(a, b);
}

void Mesh::interrupt(const std::string& a, const std::string& b, std::size_t read) {
    for (auto& pipe : pipes_) {
        if (joins(*pipe, a, b)) {
            for (Bytes& under_way : pipe->to) {
                under_way.resize(std::min(read, under_way.size()));
            }
            pipe->ending[0] = pipe->ending[1] = true;
        }
    }
}

// `by` is done with the connection; the other reads what is under way and then learns of it.
void Mesh::hang_up(std::size_t index, std::size_t by) {
    Pipe& pipe = *pipes_[index];
    const End& end = pipe.ends[by];
    if (end.peer != nullptr) {
        end.peer->closed_ = true;
    }
    pipe.to[by].clear();
    pipe.ends[by] = {};
    pipe.ending[1 - by] = !pipe.silent;
    if (pipe.silent) {
        pipe.open = false;
    }
}

void Mesh::flush(Node& of, TerminalId id) {
    terminal::OutputQueue* output = of.router->output(id);
    for (auto& pipe : pipes_) {
        for (std::size_t end = 0; end < 2; ++end) {
            if (!pipe->open || pipe->ends[end].node != &of || pipe->ends[end].id != id) {
                continue;
            }
            const End& other = pipe->ends[1 - end];
            if (output == nullptr || (other.peer != nullptr && !other.peer->reading)) {
                return;
            }
            const std::size_t size = output->waiting();
            for (const base::Chunk& chunk : output->take()) {
                if (!pipe->silent && (other.peer != nullptr || other.node != nullptr)) {
                    base::append(pipe->to[1 - end], chunk.view());
                }
            }
            output->written(size);
        }
    }
}

void Mesh::turn(Node& of) {
    Router& router = *of.router;
    router.end_turn(now);
    const Counters& c = router.forwarder().counters();
    CHECK(c.taken() == c.done() + router.forwarder().waiting());
    Router::Effects effects = router.take_effects();
    for (const Forwarder::Pause& pause : effects.pauses) {
        for (auto& pipe : pipes_) {
            for (std::size_t end = 0; end < 2; ++end) {
                if (pipe->open && pipe->ends[end].node == &of &&
                    pipe->ends[end].id == pause.service) {
                    pipe->paused[end] = pause.pause;
                }
            }
        }
    }
    for (base::Report& report : effects.reports) {
        of.reports.push_back(std::move(report));
    }
    for (const std::size_t link : effects.dials) {
        dialling_.emplace_back(&of, link);
        ++dials;
    }
    router.turn_took(std::chrono::microseconds(30));
    for (const TerminalId id : effects.writes) {
        flush(of, id);
    }
    for (const auto& pipe : pipes_) {  // who has begun to read again
        for (std::size_t end = 0; end < 2; ++end) {
            if (pipe->open && pipe->ends[end].node == &of) {
                const terminal::OutputQueue* output = router.output(pipe->ends[end].id);
                if (output != nullptr && output->has_waiting()) {
                    flush(of, pipe->ends[end].id);
                }
            }
        }
    }
    for (const TerminalId id : effects.closes) {
        for (std::size_t i = 0; i < pipes_.size(); ++i) {
            for (std::size_t end = 0; end < 2; ++end) {
                if (pipes_[i]->open && pipes_[i]->ends[end].node == &of &&
                    pipes_[i]->ends[end].id == id) {
                    hang_up(i, end);
                }
            }
        }
        router.on_closed(id, "closed", now);
    }
}

void Mesh::dial(Node& from, std::size_t link) {
    const std::string peer = from.router->options().links[link].peer;
    Node* to = nullptr;
    for (auto& candidate : nodes_) {
        if (candidate->name == peer && candidate->alive) {
            to = candidate.get();
        }
    }
    const auto blocked = blocked_.find(key(from.name, peer));
    if (to == nullptr || blocked != blocked_.end()) {
        const bool refused = to == nullptr || blocked->second;
        from.router->on_dial_failed(
            link, {refused ? "ECONNREFUSED" : "EHOSTUNREACH", "nobody answers"}, now);
        return;
    }
    const TerminalId ours =
        from.router->dialled(link, {.by = Entry::dialled, .peer_address = peer}, now);
    if (ours == 0) {
        return;
    }
    const TerminalId theirs =
        to->router->accepted({.by = Entry::network_listener, .peer_address = from.name}, now);
    if (theirs == 0) {
        from.router->on_closed(ours, "closed", now);
        return;
    }
    Pipe& pipe = *pipes_.emplace_back(std::make_unique<Pipe>());
    pipe.ends[0] = {.node = &from, .peer = nullptr, .id = ours};
    pipe.ends[1] = {.node = to, .peer = nullptr, .id = theirs};
}

void Mesh::deliver(Pipe& pipe, std::size_t end) {
    const End to = pipe.ends[end];
    Bytes bytes = std::exchange(pipe.to[end], {});
    if (bytes.size() > most_read) {
        pipe.to[end].assign(bytes.begin() + static_cast<std::ptrdiff_t>(most_read), bytes.end());
        bytes.resize(most_read);
    }
    if (!bytes.empty() && !pipe.silent) {
        if (to.node != nullptr) {
            to.node->router->on_bytes(to.id, bytes, nullptr, now);
        } else if (to.peer != nullptr) {
            to.peer->reader_.feed(bytes, nullptr, [&](const envelope::Frame& frame) {
                to.peer->got_.push_back({frame.kind, frame.flags, frame.hops,
                                         std::string(frame.pin),
                                         Bytes(frame.body.begin(), frame.body.end())});
                return true;
            });
        }
    } else if (bytes.empty() && pipe.ending[end]) {
        pipe.ending[end] = false;
        pipe.open = pipe.ending[0] || pipe.ending[1];
        if (to.node != nullptr) {
            pipe.ends[end] = {};
            to.node->router->on_closed(to.id, "the peer closed", now);
        } else if (to.peer != nullptr) {
            to.peer->closed_ = true;
        }
    }
}

std::size_t Mesh::unread(const std::string& name) {
    std::size_t bytes = 0;
    for (auto& pipe : pipes_) {
        for (std::size_t end = 0; end < 2; ++end) {
            const Node* of = pipe->ends[end].node;
            bytes +=
                pipe->paused[end] && of != nullptr && of->name == name ? pipe->to[end].size() : 0;
        }
    }
    return bytes;
}

void Mesh::run() {
    for (int steps = 0; steps < 100'000; ++steps) {
        if (before_step) {
            before_step();
        }
        for (auto& each : nodes_) {
            if (each->alive) {
                turn(*each);
            }
        }
        std::vector<std::function<void()>> under_way;
        for (std::size_t i = 0; i < dialling_.size(); ++i) {
            under_way.push_back([this, i] {
                const auto [from, link] = dialling_[i];
                dialling_.erase(dialling_.begin() + static_cast<std::ptrdiff_t>(i));
                dial(*from, link);
            });
        }
        for (auto& pipe : pipes_) {
            for (std::size_t end = 0; end < 2; ++end) {
                if (pipe->open && !pipe->paused[end] &&
                    (!pipe->to[end].empty() || pipe->ending[end])) {
                    under_way.push_back([this, at = pipe.get(), end] { deliver(*at, end); });
                }
            }
        }
        if (under_way.empty()) {
            return;
        }
        under_way[choose && under_way.size() > 1 ? choose(under_way.size()) : 0]();
    }
    FAIL("the mesh does not come to rest");
}

void Mesh::wait(base::Duration duration) {
    const base::Instant end = now + duration;
    run();
    for (int steps = 0; now < end && steps < 100'000; ++steps) {
        base::Instant next = end;
        for (auto& each : nodes_) {
            if (each->alive) {
                next = std::min(next, each->router->next_deadline());
            }
        }
        now = std::max(now, next);
        for (auto& each : nodes_) {
            if (each->alive) {
                each->router->on_deadline(now);
            }
        }
        run();
    }
    CHECK(now >= end);
}

std::uint64_t refused(Mesh& mesh, Refusal why) {
    return mesh["a"].forwarder().counters().refused[static_cast<std::size_t>(why)];
}

void line(Mesh& mesh, const std::function<void(Options&)>& change_a,
          const std::function<void(Options&)>& change_others) {
    mesh.add("a", {"b"}, change_a);
    mesh.add("b", {"c"}, change_others);
    mesh.add("c", {}, change_others);
    mesh.wait(milliseconds(100));
}

}  // namespace jetway::router::testing
