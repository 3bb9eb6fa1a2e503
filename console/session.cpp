#include "console/session.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/near_miss.h"
#include "console/commands.h"
#include "console/format.h"
#include "console/text.h"
#include "console/verbs.h"

namespace jetway::console {

Session::Session(Options options)
    : options_(std::move(options)),
      machine_(options_.at.empty() ? options_.machine : options_.at),
      lines_(longest_line),
      admitted_(!options_.check_token) {
    if (options_.ending == Ending::prompt) {
        output_ = prompt();
    }
}

Session::~Session() = default;

void Session::on_bytes(base::ByteView bytes, Moment moment) {
    moment_ = moment;
    if (!ended_ && !no_more_input_) {
        lines_.feed(bytes);
        go_on();
    }
}

void Session::on_end(Moment moment) {
    moment_ = moment;
    if (!no_more_input_) {
        no_more_input_ = true;
        lines_.end();
        go_on();
    }
}

void Session::interrupt(Moment moment) {
    moment_ = moment;
    if (command_ != nullptr) {
        end_command();
        go_on();
    }
}

void Session::on_answer(std::uint64_t question, const base::Result<envelope::Json>& answer,
                        std::string_view source, Moment moment) {
    moment_ = moment;
    const auto found = asked_.find(question);
    if (found == asked_.end() || command_ == nullptr) {
        return;
    }
    const bool wrong = found->second.control && answer && !answer->is_object();
    if (!found->second.many || !answer) {
        asked_.erase(found);
    }
    source_ = source;
    command_->on_answer(*this, question,
                        wrong ? base::Error{"bad-data", source_ + " answered with something that "
                                                                  "is no object"}
                              : answer);
    source_.clear();
    go_on();
}

void Session::on_time(Moment moment) {
    moment_ = moment;
    if (level_until_ <= moment.now) {
        level_ = Level::info;
        level_until_ = base::never;
    }
    std::vector<std::pair<std::uint64_t, std::string>> late;
    for (const auto& [number, pending] : asked_) {
        if (pending.deadline <= moment.now) {
            late.emplace_back(number, pending.about);
        }
    }
    for (const auto& [number, about] : late) {
        if (command_ != nullptr && asked_.erase(number) != 0 && !finished_) {
            command_->on_answer(*this, number,
                                base::Error{"timeout", "no answer came from " + about});
        }
    }
    if (command_ != nullptr && !finished_ && command_->wake_at() <= moment.now && !is_full()) {
        command_->on_time(*this);
    }
    go_on();
}

base::Instant Session::wake_at() const {
    base::Instant wake = level_until_;
    for (const auto& [number, pending] : asked_) {
        wake = std::min(wake, pending.deadline);
    }
    // What waits for room is woken by whoever takes the output.
    return command_ != nullptr && !is_full() ? std::min(wake, command_->wake_at()) : wake;
}

std::vector<Session::Asked> Session::take_questions() {
    return std::exchange(questions_, {});
}

std::string Session::take_output(Moment moment) {
    moment_ = moment;
    std::string text = std::exchange(output_, {});
    if (lost_ > 0) {
        tell_lost();
    }
    go_on();
    return text;
}

std::string Session::prompt() const {
    return printable(machine_) + "> ";
}

std::uint64_t Session::ask(Question question) {
    const std::uint64_t number = ++last_question_;
    asked_.emplace(
        number, Pending{.deadline = moment_.now + question.timeout,
                        .many = question.many,
                        .control = question.to.empty(),
                        .about = question.to.empty() ? "router@" + question.machine : question.to});
    questions_.push_back({number, std::move(question)});
    return number;
}

// An empty line ends an answer, and none is in the middle of it.
void Session::print(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
        if (end - at > 1 || text[at] != '\n' || options_.ending != Ending::empty_line) {
            output_.append(text, at, end - at);
        }
        at = end;
    }
}

void Session::print_event(const std::string& line) {
    if (is_full()) {
        count_lost_events(1);
        return;
    }
    if (lost_ > 0) {
        tell_lost();
    }
    output_ += line + "\n";
}

void Session::count_lost_events(std::uint64_t count) {
    lost_ += count;
    counters_.lost += count;
}

void Session::tell_lost() {
    output_ += format_plural(std::exchange(lost_, 0), "event") + " lost\n";
}

void Session::complain(const std::string& about, const base::Error& error) {
    output_ +=
        "error: " +
        printable(about + ": " + error.code + (error.detail.empty() ? "" : ": " + error.detail)) +
        "\n";
}

Level Session::level() const {
    return level_;
}

// Ends what is finished, and begins what waits, as long as there is room.
void Session::go_on() {
    while (!ended_) {
        if (command_ != nullptr && finished_) {
            end_command();
        }
        if (command_ != nullptr && !command_->follows()) {
            return;
        }
        if (is_full() && command_ == nullptr) {
            return;
        }
        const std::optional<LineReader::Line> line = lines_.next();
        if (!line) {
            if (no_more_input_) {
                ended_ = true;
                asked_.clear();
                command_.reset();
            }
            return;
        }
        const bool followed = command_ != nullptr;
        if (followed) {
            end_command();
        }
        if (!followed || line->too_long || !split_words(line->text).empty()) {
            run_line(*line);
        }
    }
}

void Session::end_command() {
    finished_ = false;
    command_.reset();
    asked_.clear();
    if (lost_ > 0) {
        tell_lost();
    }
    end_answer();
}

void Session::end_answer() {
    if (options_.ending == Ending::empty_line) {
        output_ += "\n";
    } else if (options_.ending == Ending::prompt) {
        output_ += prompt();
    }
}

void Session::refuse(const std::string& why) {
    ++counters_.refused;
    output_ += "error: " + why + "\n";
    end_answer();
}

void Session::run_line(const LineReader::Line& line) {
    ++counters_.lines;
    if (line.too_long) {
        refuse("a line has at most " + std::to_string(longest_line) +
               " bytes: this one is left out to its end");
        return;
    }
    std::vector<std::string> words = split_words(line.text);
    if (words.empty()) {
        if (options_.ending == Ending::empty_line) {
            output_ += printable(machine_) + ": `help` lists the verbs\n";
        }
        end_answer();
        return;
    }
    if (!admitted_ && words.front() != "quit" && words.front() != "help") {
        const auto token = read_words(std::move(words), {}, {});
        take_token(token ? *token : Words{});
        return;
    }
    const Verb* verb = find_verb(words.front());
    if (verb == nullptr) {
        refuse("there is no verb " + escaped(words.front()) +
               base::suggestion(words.front(), verb_names()) + "; `help` lists them");
        return;
    }
    const auto read = read_words(std::move(words), verb->flags, verb->valued);
    if (!read) {
        refuse(read.error().detail);
        return;
    }
    if (read->plain.size() < verb->least || read->plain.size() > verb->most) {
        refuse("expected `" + std::string(verb->usage) + "`");
        return;
    }
    if (verb->make == nullptr) {
        if (const base::Result<void> done = run_own(*read); !done) {
            refuse(done.error().detail);
        } else if (!ended_) {
            end_answer();
        }
        return;
    }
    base::Result<CommandPtr> command = verb->make(*read);
    if (!command) {
        refuse(command.error().detail);
        return;
    }
    command_ = std::move(*command);
    command_->start(*this);
}

void Session::take_token(const Words& words) {
    if (words.verb != "token" || words.plain.size() != 1) {
        refuse("this terminal asks for a token: type `token TEXT` first");
        return;
    }
    admitted_ = options_.check_token(words.plain.front());
    if (admitted_) {
        end_answer();
        return;
    }
    refuse("forbidden: this terminal asks for a token: expected the one of the deployment");
    ended_ = true;
}

}  // namespace jetway::console
