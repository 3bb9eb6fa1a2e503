// Stage: a simulated mesh that does what a scenario's commands say. README.md beside it lists
// them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/scenarios/client.h"
#include "tests/scenarios/narrator.h"
#include "tests/scenarios/neighbour.h"
#include "tests/scenarios/words.h"

namespace jetway::scenarios {

class Stage {
public:
    Stage();

    // Does one command; what it printed, or why it can't be done.
    base::Result<std::vector<std::string>> perform(const std::string& command);

private:
    using Done = base::Result<void>;
    using Command = std::function<Done(Words&)>;
    template <typename Handler>
    Command on_machines(Handler handler);  // `handler(host)` for each machine that is named

    // Before the first router starts.
    Done machines(Words& words);
    Done link(Words& words);
    Done line(Words& words);
    Done configure(Words& words);
    Done option(Words& words);

    Done start(sim::HostId host, Words& words);
    Done twin(Words& words);
    Done pause(Words& words);
    Done on_link(Words& words, const std::function<void(std::size_t, std::optional<bool>)>& act);

    Done attach(Words& words);
    Done detach(Words& words);
    Done send(Words& words);
    Done neighbour(Words& words);
    Done say(Words& words);
    Done hang_up(Words& words);

    Done run(Words& words);
    Done settle();
    Done count(Words& words);
    Done show(Words& words, bool on);
    Done routes(Words& words);
    Done counters(Words& words);

    sim::World& world();  // is there from the first call on
    void print(std::string line) { printed_.push_back(std::move(line)); }
    bool settled();
    base::Result<sim::HostId> machine(const std::string& name);
    base::Result<std::vector<sim::HostId>> some_machines(Words& words);  // or `all`
    base::Result<std::size_t> link_between(Words& words, bool& to_a);

    std::map<std::string, Command, std::less<>> commands_;
    sim::Topology topology_;
    router::Options options_;
    Narrator narrator_;
    std::unique_ptr<sim::World> world_;
    std::map<sim::HostId, std::uint64_t> incarnations_;  // the latest
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<std::unique_ptr<Neighbour>> neighbours_;
    std::uint64_t envelopes_ = 0;
    std::uint64_t seed_ = 1;
    std::vector<std::string> printed_;
};

}  // namespace jetway::scenarios
