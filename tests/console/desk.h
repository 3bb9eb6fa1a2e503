// Desk: a Session with a made-up clock, and a router that answers what a test says it does.
#pragma once

#include <deque>
#include <functional>

#include "console/session.h"
#include "tests/console/answer.h"

namespace jetway::console::tests {

using namespace std::chrono_literals;

class Desk {
public:
    // Answers a question; nothing: not now.
    using Router = std::function<std::optional<base::Result<Json>>(const Question& question)>;

    explicit Desk(Router router = {}, Session::Options options = {})
        : router_(std::move(router)), session_(with_machine(std::move(options))) {}

    Session& session() { return session_; }
    Session::Moment moment() const {
        return {base::Instant(base::Duration(1h) + passed_),
                WallTime(std::chrono::seconds(1'700'000'000)) +
                    std::chrono::duration_cast<WallTime::duration>(passed_)};
    }

    // Types the lines, and says all that comes for them at once.
    std::string type(const std::string& text) {
        session_.on_bytes(base::as_bytes(text), moment());
        return settle();
    }
    // Answers what is asked until there is nothing, and takes the output.
    std::string settle() {
        answer();
        std::string text;
        for (std::string more = session_.take_output(moment()); !more.empty();
             more = session_.take_output(moment())) {
            text += more;
            answer();
        }
        return text;
    }
    void answer() {
        for (bool asked = true; asked;) {
            asked = false;
            for (const Session::Asked& one : session_.take_questions()) {
                asked = true;
                questions.push_back(one);
                if (router_) {
                    if (const auto said = router_(one.question)) {
                        session_.on_answer(one.number, *said, source(one.question), moment());
                    }
                }
            }
        }
    }
    // A router's answer to a question of before.
    void say(std::uint64_t question, const base::Result<Json>& answer) {
        session_.on_answer(question, answer, "router@machine-a", moment());
    }
    // Time passes, with a call whenever the session wants one.
    std::string wait(base::Duration duration) {
        const base::Instant end = moment().now + duration;
        std::string text;
        while (session_.wake_at() <= end) {
            passed_ += std::max(base::Duration::zero(), session_.wake_at() - moment().now);
            session_.on_time(moment());
            ++wakes;
            text += settle();
        }
        passed_ += end - moment().now;
        return text;
    }

    std::deque<Session::Asked> questions;  // all that were asked
    int wakes = 0;

private:
    static std::string source(const Question& question) {
        return question.to.empty() ? "router@" + question.machine : question.to;
    }

    static Session::Options with_machine(Session::Options options) {
        if (options.machine.empty()) {
            options.machine = "machine-a";
        }
        return options;
    }

    Router router_;
    base::Duration passed_{};
    Session session_;
};

}  // namespace jetway::console::tests
