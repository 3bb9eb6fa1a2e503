// Plain: the algorithm that routing by gossip usually starts from, to be measured against: every
// router sends all it knows to all neighbours at every interval; who hears of a closer way takes
// it, what a neighbour has itself is taken from it always, and nothing ever expires.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "sim/topology.h"

namespace jetway::sim {

class Plain {
public:
    Plain(const Topology& topology, base::Duration interval, std::uint64_t seed);

    void run_until(base::Instant until);
    void set_link(std::size_t link, bool up) { link_up_[link] = up; }
    void set_machine(MachineId machine, bool up) { machine_up_[machine] = up; }

    base::Instant now() const { return now_; }
    std::uint64_t bytes_announced() const { return bytes_; }
    // Of the last time that any router changed a route; base::Instant::min(): never.
    base::Instant last_change() const { return last_change_; }

    // Where envelopes from every machine to every service of another machine would end.
    struct Verdict {
        std::uint64_t delivered = 0;
        std::uint64_t loops = 0;
        std::uint64_t black_holes =
            0;  // the way leads over what is gone, though there is another one
        std::uint64_t unreachable = 0;  // there is no way at all
    };
    Verdict verdict() const;

private:
    struct Route {
        std::size_t link = 0;  // own services have none
        bool own = false;
        std::string machine;
        std::uint32_t hops = 0;
    };
    using Table = std::map<std::string, Route>;
    struct Message {
        std::vector<std::string> services;  // the sender's own
        std::string machine;
        std::vector<std::tuple<std::string, std::string, std::uint32_t>>
            routes;  // service, machine, hops
    };
    struct Event {
        base::Instant at;
        std::uint64_t number = 0;
        MachineId machine = 0;  // that announces, or receives
        std::size_t link = 0;
        std::shared_ptr<const Message> message;  // null: announces
        bool operator<(const Event& other) const {
            return at != other.at ? at > other.at : number > other.number;
        }
    };
    void announce(MachineId from);
    void hear(MachineId at, std::size_t link, const Message& message);
    void learn(MachineId at, const std::string& service, Route route, bool always);
    bool carries(std::size_t link) const;
    std::vector<bool> reachable_from(MachineId from) const;

    Topology topology_;
    base::Duration interval_;
    std::vector<std::vector<std::size_t>> links_of_;
    std::vector<Table> tables_;
    std::vector<bool> link_up_;
    std::vector<bool> machine_up_;
    std::priority_queue<Event> queue_;
    std::uint64_t numbers_ = 0;
    std::uint64_t bytes_ = 0;
    base::Instant now_{};
    base::Instant last_change_ = base::Instant::min();
};

}  // namespace jetway::sim
