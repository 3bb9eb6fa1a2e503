#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "console/commands.h"
#include "console/text.h"
#include "console/trace.h"

namespace jetway::console {

namespace {

using envelope::Json;

// The trace has deadlines of its own; this one is for the session's sake.
constexpr base::Duration patience = std::chrono::minutes(5);

class TraceCommand final : public Command {
public:
    TraceCommand(std::string destination, std::string reply_to, bool deliver, bool json)
        : json_(json) {
        options_.destination = std::move(destination);
        options_.reply_to = std::move(reply_to);
        options_.deliver = deliver;
    }

    void start(Host& host) override {
        options_.from = host.machine();
        options_.asker = host.address();
        if (options_.asker.empty()) {
            host.complain("trace " + options_.destination, {"closed", "no router is reached"});
            host.finish();
            return;
        }
        trace_.emplace(std::move(options_), host.now());
        go_on(host);
    }

    void on_answer(Host& host, std::uint64_t question, const base::Result<Json>& answer) override {
        const auto request = requests_.find(question);
        if (request == requests_.end()) {
            return;
        }
        if (answer) {
            trace_->on_answer(request->second, host.source(), *answer, host.now());
        } else {
            trace_->on_error(request->second, answer.error().code, answer.error().detail, "",
                             host.now());
        }
        go_on(host);
    }

    void on_time(Host& host) override {
        trace_->on_deadline(host.now());
        go_on(host);
    }
    base::Instant wake_at() const override {
        return trace_ ? trace_->next_deadline() : base::never;
    }

private:
    void go_on(Host& host) {
        for (Trace::Request& request : trace_->take_requests()) {
            Question question;
            question.to = std::move(request.to);
            question.data = std::move(request.data);
            question.reply_to = std::move(request.reply_to);
            question.traced = request.traced;
            question.timeout = patience;
            question.many = true;
            if (request.id == 0) {
                host.tell(std::move(question));
            } else {
                requests_.emplace(host.ask(std::move(question)), request.id);
            }
        }
        if (trace_->done()) {
            const Json trace = trace_->json();
            host.print(json_ ? printable(envelope::write_json(trace)) + "\n"
                             : trace_text(trace, host.colour()));
            host.finish();
        }
    }

    Trace::Options options_;
    bool json_;
    std::optional<Trace> trace_;
    std::map<std::uint64_t, std::uint64_t> requests_;  // of the trace, by the session's numbers
};

}  // namespace

CommandPtr trace_command(std::string destination, std::string reply_to, bool deliver, bool json) {
    return std::make_unique<TraceCommand>(std::move(destination), std::move(reply_to), deliver,
                                          json);
}

}  // namespace jetway::console
