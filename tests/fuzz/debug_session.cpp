// A debug terminal's session: whatever is typed, in whatever pieces, while routers answer with
// anything, or nothing, and the reader reads or doesn't.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "console/session.h"
#include "console/text.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using console::Session;
using envelope::Json;

constexpr std::size_t answer_room = 64 << 10;  // the text of one answer here is shorter

// Names as routers of other makes might send them.
constexpr std::string_view odd = "\x1b[2J\xff\n\"web\"";

Json event(std::uint64_t number) {
    return {{"number", number},
            {"level", number % 2 == 0 ? "info" : "debug"},
            {"event", std::string(odd)},
            {"fields", {{std::string(odd), std::string(odd)}, {"n", number}}},
            {"ageMs", number}};
}

base::Result<Json> answer(Input& input) {
    switch (input.last() % 8) {
        case 0:
            return Json::object();
        case 1:
            return base::Error{"no-route", std::string(odd)};
        case 2:
            return Json{{"machines",
                         {{{"machineId", "a"}, {"reachable", true}},
                          {{"machineId", std::string(odd)}, {"reachable", true}},
                          {{"machineId", "c"}, {"reachable", false}}}}};
        case 3: {
            Json events = Json::array();
            for (std::uint64_t i = 0; i < input.last(); ++i) {
                events.push_back(event(i));
            }
            return Json{{"events", events}, {"next", 7u}, {"missed", 3u}};
        }
        case 4:
            return Json{{"services",
                         {{{"name", std::string(odd)}, {"state", "draining"}, {"instances", 2u}}}},
                        {"done", false}};
        case 5:
            return Json{{"reason", "delivered"}, {"machineId", std::string(odd)}, {"to", "x"}};
        case 6:
            return Json{{"routes", {{{"service", std::string(odd)}, {"hops", -1}}}},
                        {"changes", {{{"ageMs", 1u}, {"service", std::string(odd)}}, 7}}};
        default: {
            const base::Result<Json> any = envelope::to_json(input.bytes(64));
            return any && any->is_object() ? *any : base::Result<Json>(Json{{"x", 1}});
        }
    }
}

void check_text(const std::string& text) {
    ensure(console::is_utf8(text), "what it writes is UTF-8");
    std::string one = text;
    std::erase(one, '\n');
    ensure(console::printable(one) == one, "and moves no cursor");
}

class Run {
public:
    explicit Run(Input& input)
        : input_(input),
          session_({.machine = "machine-a", .address = [] { return "client-1@machine-a"; }}) {}

    void run() {
        for (int steps = 0; !input_.empty() && steps < 1'000; ++steps) {
            step();
            check();
        }
        finish();
    }

private:
    Session::Moment moment() const {
        return {now_, console::WallTime(std::chrono::hours(500'000))};
    }

    void step() {
        switch (input_.last() % 8) {
            case 0:
            case 1:
            case 2:
                if (session_.wants_input()) {
                    session_.on_bytes(input_.piece(), moment());
                }
                break;
            case 3:
            case 4:
                reply();
                break;
            case 5:
                now_ = std::max(now_, std::min(session_.wake_at(), now_ + std::chrono::hours(1)));
                session_.on_time(moment());
                break;
            case 6:
                check_text(session_.take_output(moment()));
                break;
            default:
                if (input_.last() % 8 == 0) {
                    session_.interrupt(moment());
                }
                break;
        }
        for (const Session::Asked& asked : session_.take_questions()) {
            ensure(asked.question.timeout > base::Duration::zero(), "each question has a deadline");
            asked_.push_back(asked.number);
        }
    }

    void reply() {
        if (!asked_.empty()) {
            const std::size_t which = input_.last() % asked_.size();
            session_.on_answer(asked_[which], answer(input_), "router@machine-a", moment());
        }
    }

    void check() const {
        ensure(session_.output_size() < Session::output + answer_room, "output is bounded");
        ensure(!session_.idle() || !session_.follows(), "what follows is not idle");
        std::size_t open = 0;
        for (const std::uint64_t number : asked_) {
            open += session_.waits_for(number) ? 1U : 0U;
        }
        ensure(open <= 16, "few questions are open at once");
        ensure(open == 0 || session_.wake_at() != base::never, "and none for ever");
    }

    // All that was typed is answered, or given up, in the end.
    void finish() {
        session_.on_end(moment());
        for (int turns = 0; !session_.ended(); ++turns) {
            ensure(turns < 200'000, "it comes to an end");
            check_text(session_.take_output(moment()));
            static_cast<void>(session_.take_questions());
            now_ = std::max(now_, std::min(session_.wake_at(), now_ + std::chrono::hours(1)));
            session_.on_time(moment());
        }
        check_text(session_.take_output(moment()));
        ensure(session_.take_output(moment()).empty(), "and then says nothing more");
        ensure(!session_.wants_input(), "nor reads");
    }

    Input& input_;
    Session session_;
    base::Instant now_{std::chrono::hours(1)};
    std::vector<std::uint64_t> asked_;
};

}  // namespace

void debug_session(base::ByteView bytes) {
    Input input(bytes);
    Run(input).run();
}

}  // namespace jetway::fuzz
