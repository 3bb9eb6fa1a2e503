#include "tests/gossip/mesh.h"

#include <algorithm>

namespace jetway::gossip::testing {

namespace {

base::Duration microseconds(std::uint64_t count) {
    return std::chrono::microseconds(static_cast<std::int64_t>(count));
}

}  // namespace

Mesh::Mesh(std::uint64_t seed, MeshOptions options)
    : random_(seed), options_(options), lossy_(options.loss_percent != 0) {
    nodes_.resize(options.machines);
    for (Node& node : nodes_) {
        node.next.assign(options.machines, -1);
    }
    for (std::size_t i = 1; i < options.machines; ++i) {
        edges_.push_back({{random_.below(i), i}, 1, false, {false, false}, 0, {}});
    }
    for (std::size_t i = 0; i < options.extra_links; ++i) {
        const std::size_t a = random_.below(options.machines);
        const std::size_t b = (a + 1 + random_.below(options.machines - 1)) % options.machines;
        edges_.push_back({{a, b}, 1, false, {false, false}, 0, {}});
    }
    for (std::size_t i = 0; i < options.machines; ++i) {
        start(i, 1'000'000'000'000);
    }
    for (std::size_t i = 0; i < edges_.size(); ++i) {
        connect(i);
    }
}

void Mesh::start(std::size_t node, std::uint64_t incarnation) {
    nodes_[node].gossip = std::make_unique<Gossip>(Options{}, name(node), incarnation);
    nodes_[node].incarnation = incarnation;
    services(node);
}

void Mesh::services(std::size_t node) {
    envelope::CatalogService service;
    service.service.name = "s" + std::to_string(random_.below(100'000));
    nodes_[node].gossip->set_services({service}, now_);
    after(node);
}

void Mesh::connect(std::size_t index) {
    Edge& edge = edges_[index];
    if (edge.carries || edge.up[0] || edge.up[1] || !nodes_[edge.end[0]].gossip ||
        !nodes_[edge.end[1]].gossip) {
        return;
    }
    edge.carries = true;
    ++edge.session;
    edge.cost = static_cast<std::uint16_t>(1 + random_.below(options_.greatest_cost));
    for (std::size_t i : {0U, 1U}) {
        edge.up[i] = true;
        edge.busy[i] = now_;
        nodes_[edge.end[i]].gossip->on_link_up(static_cast<LinkId>(index), name(edge.end[1 - i]),
                                               edge.cost, now_);
    }
    after(edge.end[0]);
    after(edge.end[1]);
}

// Both ends notice, each at its own time; what was under way is lost.
void Mesh::disconnect(std::size_t index) {
    Edge& edge = edges_[index];
    if (!edge.carries) {
        return;
    }
    edge.carries = false;
    for (std::size_t i : {0U, 1U}) {
        const std::uint64_t delay = random_.below(2) == 0 ? 0 : random_.below(900'000);
        schedule(now_ + microseconds(delay), {Event::Kind::notice, index, i, edge.session, {}});
    }
}

void Mesh::cut(std::size_t edge) {
    disconnect(edge);
}
void Mesh::mend(std::size_t edge) {
    connect(edge);
}

void Mesh::crash(std::size_t node, bool polite) {
    if (!nodes_[node].gossip) {
        return;
    }
    if (polite) {
        nodes_[node].gossip->retract_self(now_);
        after(node);
    }
    nodes_[node].gossip.reset();
    std::fill(nodes_[node].next.begin(), nodes_[node].next.end(), -1);
    for (std::size_t i = 0; i < edges_.size(); ++i) {
        for (std::size_t end : {0U, 1U}) {
            if (edges_[i].end[end] == node) {
                disconnect(i);
                edges_[i].up[end] = false;
            }
        }
    }
}

void Mesh::restart(std::size_t node) {
    if (nodes_[node].gossip) {
        return;
    }
    const std::uint64_t step = 1'000'000 + random_.below(1'000'000);
    const bool back = random_.below(3) == 0;  // its clock
    start(node, back ? nodes_[node].incarnation - 3 * step : nodes_[node].incarnation + step);
    for (std::size_t i = 0; i < edges_.size(); ++i) {
        connect(i);
    }
}

void Mesh::fault() {
    const std::size_t edge = random_.below(edges_.size());
    const std::size_t node = random_.below(nodes_.size());
    switch (random_.below(10)) {
        case 0:
        case 1:
        case 2:
            return cut(edge);
        case 3:
        case 4:
        case 5:
            return mend(edge);
        case 6:
            return crash(node, random_.below(2) == 0);
        case 7:
        case 8:
            return restart(node);
        default:
            if (nodes_[node].gossip) {
                services(node);
            }
    }
}

void Mesh::schedule(base::Instant at, Event event) {
    events_.emplace(std::pair(at, order_++), std::move(event));
}

void Mesh::handle(const Event& event) {
    Edge& edge = edges_[event.edge];
    const std::size_t node = edge.end[event.to];
    if (event.session != edge.session || !edge.up[event.to] || !nodes_[node].gossip) {
        return;
    }
    if (event.kind == Event::Kind::notice) {
        edge.up[event.to] = false;
        nodes_[node].gossip->on_link_down(static_cast<LinkId>(event.edge), now_);
    } else if (edge.carries) {
        ++delivered_;
        nodes_[node].gossip->on_announce(static_cast<LinkId>(event.edge), event.body, now_);
    }
    after(node);
}

// Sends what the node has to say and checks what it now believes.
void Mesh::after(std::size_t index) {
    Node& node = nodes_[index];
    for (Gossip::Outgoing& outgoing : node.gossip->take_outgoing()) {
        Edge& edge = edges_[outgoing.link];
        const std::size_t to = edge.end[0] == index ? 1 : 0;
        bytes_ += outgoing.body.size();
        if (!edge.carries || random_.below(100) < options_.loss_percent) {
            continue;
        }
        edge.busy[to] =
            std::max(edge.busy[to], now_ + microseconds(random_.below(options_.delay_us)));
        schedule(edge.busy[to],
                 {Event::Kind::deliver, outgoing.link, to, edge.session, std::move(outgoing.body)});
    }
    if (node.version == node.gossip->table_version()) {
        return;
    }
    node.version = node.gossip->table_version();
    std::fill(node.next.begin(), node.next.end(), -1);
    for (const Gossip::MachineView& view : node.gossip->machines()) {
        if (view.selected != nullptr) {
            const std::size_t to = std::stoul(std::string(view.machine.substr(1)));
            node.next[to] = static_cast<int>(view.selected->link);
        }
    }
    check_loops();
}

void Mesh::check_loops() {
    for (std::size_t to = 0; to < nodes_.size(); ++to) {
        for (std::size_t from = 0; from < nodes_.size(); ++from) {
            std::size_t at = from;
            std::size_t steps = 0;
            while (at != to && nodes_[at].next[to] >= 0) {
                const Edge& edge = edges_[static_cast<std::size_t>(nodes_[at].next[to])];
                if (!edge.carries) {
                    break;  // its end hasn't noticed yet
                }
                at = edge.end[0] == at ? edge.end[1] : edge.end[0];
                REQUIRE_MESSAGE(++steps <= nodes_.size(),
                                "a circle on the way from " << from << " to " << to);
            }
        }
    }
}

void Mesh::run(base::Duration duration) {
    const base::Instant end = now_ + duration;
    while (true) {
        base::Instant next = events_.empty() ? base::never : events_.begin()->first.first;
        std::size_t waker = nodes_.size();
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i].gossip && nodes_[i].gossip->next_deadline() < next) {
                next = nodes_[i].gossip->next_deadline();
                waker = i;
            }
        }
        if (next > end) {
            break;
        }
        now_ = std::max(now_, next);
        if (waker < nodes_.size()) {
            nodes_[waker].gossip->on_deadline(now_);
            after(waker);
            REQUIRE(nodes_[waker].gossip->next_deadline() > now_);
        } else {
            const Event event = std::move(events_.begin()->second);
            events_.erase(events_.begin());
            handle(event);
        }
    }
    now_ = end;
}

std::vector<std::vector<unsigned>> Mesh::least_costs() const {
    constexpr unsigned far = envelope::infinity;
    const std::size_t n = nodes_.size();
    std::vector<std::vector<unsigned>> cost(n, std::vector<unsigned>(n, far));
    for (std::size_t i = 0; i < n; ++i) {
        cost[i][i] = nodes_[i].gossip ? 0 : far;
    }
    for (const Edge& edge : edges_) {
        if (edge.carries) {
            unsigned& there = cost[edge.end[0]][edge.end[1]];
            there = cost[edge.end[1]][edge.end[0]] = std::min<unsigned>(there, edge.cost);
        }
    }
    for (std::size_t k = 0; k < n; ++k) {
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) {
                cost[i][j] = std::min(cost[i][j], cost[i][k] + cost[k][j]);
            }
        }
    }
    return cost;
}

void Mesh::check_settled() {
    const auto cost = least_costs();
    std::vector<std::uint64_t> asked(nodes_.size());
    std::vector<std::uint64_t> requests(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!nodes_[i].gossip) {
            continue;
        }
        asked[i] = at(i).counters().full_asked;
        requests[i] = at(i).counters().requests_sent;
        for (std::size_t j = 0; j < nodes_.size(); ++j) {
            CAPTURE(i);
            CAPTURE(j);
            const auto view = at(i).find(name(j));
            const bool reachable = i != j && cost[i][j] < envelope::infinity;
            const LearnedRoute* selected = view ? view->selected : nullptr;
            REQUIRE((selected != nullptr) == reachable);
            if (reachable) {
                REQUIRE(selected->cost == cost[i][j]);
                const envelope::Catalog* origin = at(j).find(name(j))->catalog;
                REQUIRE(view->catalog != nullptr);
                REQUIRE(view->catalog->raw == origin->raw);
            } else if (i != j) {
                REQUIRE_FALSE(view.has_value());
            }
        }
        for (const Gossip::LinkView& link : at(i).links()) {
            CHECK(link.settled);
        }
        for (const Report& report : at(i).take_reports()) {
            CHECK(report.event != "bad-announce");
            CHECK(
                (lossy_ || report.event != "announce-refused"));  // a catalog whose route was lost
        }
    }
    run(std::chrono::seconds(11));
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].gossip) {
            CHECK(asked[i] == at(i).counters().full_asked);
            CHECK(requests[i] == at(i).counters().requests_sent);
        }
    }
}

}  // namespace jetway::gossip::testing
