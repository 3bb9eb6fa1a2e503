#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "console/commands.h"
#include "console/fields.h"
#include "console/text.h"
#include "console/views.h"

namespace jetway::console {

namespace {

using envelope::Json;

constexpr std::size_t at_once = 16;  // routers that are asked and have not answered

class LedgerCommand final : public Command {
public:
    void start(Host& host) override {
        host.ask({.request = "graph", .args = nullptr, .machine = host.machine()});
    }

    void on_answer(Host& host, std::uint64_t question, const base::Result<Json>& answer) override {
        if (asked_.empty() && round_ == 0) {
            if (!answer) {
                host.complain("graph of router@" + host.machine(), answer.error());
                host.finish();
                return;
            }
            read_machines(host, *answer);
            begin(host);
            return;
        }
        const std::string machine = asked_[question];
        asked_.erase(question);
        if (answer) {
            (round_ == 1 ? first_ : second_).push_back(*answer);
        } else {
            host.complain("router@" + machine + " does not answer", answer.error());
        }
        go_on(host);
    }

private:
    void read_machines(Host& host, const Json& graph) {
        for (const Json& machine : list_at(graph, "machines")) {
            const std::string name = text_at(machine, "machineId");
            if (flag_at(machine, "reachable")) {
                machines_.push_back(name);
            } else {
                host.print(printable("machine " + name +
                                     " can't be reached: its numbers are "
                                     "missing") +
                           "\n");
            }
        }
    }

    void begin(Host& host) {
        ++round_;
        next_ = 0;
        go_on(host);
    }

    void go_on(Host& host) {
        while (asked_.size() < at_once && next_ < machines_.size()) {
            const std::string& machine = machines_[next_++];
            asked_.emplace(host.ask({.request = "ledger", .args = nullptr, .machine = machine}),
                           machine);
        }
        if (!asked_.empty()) {
            return;
        }
        if (round_ == 1) {
            begin(host);
            return;
        }
        host.print(ledger_text(reconcile(first_, second_), host.colour()));
        host.finish();
    }

    std::vector<std::string> machines_;
    std::map<std::uint64_t, std::string> asked_;
    int round_ = 0;
    std::size_t next_ = 0;  // of machines_, in this round
    std::vector<Json> first_;
    std::vector<Json> second_;
};

}  // namespace

CommandPtr ledger_command() {
    return std::make_unique<LedgerCommand>();
}

}  // namespace jetway::console
