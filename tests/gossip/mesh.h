// Mesh: some Gossip objects, a made-up clock and links that deliver in order after random delays.
// After every single event it follows the selected routes from everywhere to everywhere and fails
// on a circle.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "gossip/gossip.h"

namespace jetway::gossip::testing {

struct MeshOptions {
    std::size_t machines = 5;
    std::size_t extra_links = 3;  // beyond a random tree
    std::uint16_t greatest_cost = 1;
    std::uint64_t delay_us = 30'000;  // at most
    std::uint64_t loss_percent = 0;   // of announcements, while faults last
};

class Mesh {
public:
    Mesh(std::uint64_t seed, MeshOptions options);

    void run(base::Duration duration);
    void fault();  // something breaks or mends
    void end_faults() { options_.loss_percent = 0; }
    void check_settled();

    void cut(std::size_t edge);
    void mend(std::size_t edge);
    void crash(std::size_t node, bool polite);
    void restart(std::size_t node);

    Gossip& at(std::size_t node) { return *nodes_[node].gossip; }
    std::size_t edges() const { return edges_.size(); }
    std::size_t machines() const { return nodes_.size(); }
    base::Instant now() const { return now_; }
    std::uint64_t delivered() const { return delivered_; }
    std::uint64_t bytes() const { return bytes_; }

private:
    struct Node {
        std::unique_ptr<Gossip> gossip;  // null: it is down
        std::uint64_t incarnation = 0;
        std::uint64_t version = 0;
        std::vector<int> next;  // the edge by destination, -1: none
    };
    struct Edge {
        std::size_t end[2];
        std::uint16_t cost;
        bool carries = false;
        bool up[2] = {false, false};  // what each end believes
        std::uint64_t session = 0;
        base::Instant busy[2];  // the last arrival in each direction
    };
    struct Event {
        enum class Kind { deliver, notice } kind;
        std::size_t edge;
        std::size_t to;  // which end
        std::uint64_t session;
        base::Bytes body;
    };

    static std::string name(std::size_t node) { return "m" + std::to_string(node); }
    void start(std::size_t node, std::uint64_t incarnation);
    void connect(std::size_t edge);
    void disconnect(std::size_t edge);
    void handle(const Event& event);
    void after(std::size_t node);
    void check_loops();
    void services(std::size_t node);
    void schedule(base::Instant at, Event event);
    std::vector<std::vector<unsigned>> least_costs() const;

    base::Random random_;
    MeshOptions options_;
    bool lossy_;
    base::Instant now_{};
    std::uint64_t order_ = 0;
    std::uint64_t delivered_ = 0;
    std::uint64_t bytes_ = 0;
    std::map<std::pair<base::Instant, std::uint64_t>, Event> events_;
    std::vector<Node> nodes_;
    std::vector<Edge> edges_;
};

}  // namespace jetway::gossip::testing
