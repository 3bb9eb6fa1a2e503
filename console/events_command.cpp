#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "console/commands.h"
#include "console/event_text.h"
#include "console/fields.h"
#include "console/following.h"
#include "console/table.h"
#include "console/text.h"

namespace jetway::console {

namespace {

using envelope::Json;

constexpr std::array<const char*, 4> level_names = {"debug", "info", "warning", "error"};
constexpr std::uint64_t before_us = 10;      // events that are shown for a start
constexpr std::uint64_t most_at_once = 200;  // in one answer
constexpr base::Duration between = std::chrono::milliseconds(20);  // a burst comes in few answers
constexpr base::Duration patience = std::chrono::seconds(5);

class EventsCommand final : public Command {
public:
    explicit EventsCommand(std::string level) : level_(std::move(level)) {}

    void start(Host& host) override {
        host.print(paint("events of " + printable(host.machine()) + ", " + level(host) +
                             " and above; Enter ends it",
                         Tone::faint, host.colour()) +
                   "\n");
        ask(host);
    }

    void on_answer(Host& host, std::uint64_t /*question*/,
                   const base::Result<Json>& answer) override {
        if (!answer) {
            if (!following_.begun()) {  // it has none to follow, or can't be reached
                host.complain("events of router@" + host.machine(), answer.error());
                host.finish();
                return;
            }
            // It may be gone for a while, or back without what it knew.
            if (!std::exchange(broken_, true)) {
                host.complain("events of router@" + host.machine(), answer.error());
            }
            next_ = host.now() + Following::least_wait;
            return;
        }
        if (std::exchange(broken_, false)) {
            host.print(printable("router@" + host.machine() + " answers again") + "\n");
        }
        const Following::Page page = following_.take(*answer);
        host.count_lost_events(page.missed);
        for (const Json& event : page.events) {
            if (is_wanted(host, event)) {
                host.print_event(event_text(event, host.wall(), host.colour()));
            }
        }
        next_ = host.now() + (page.waits ? Following::least_wait : between);
    }

    void on_time(Host& host) override {
        next_ = base::never;
        ask(host);
    }
    base::Instant wake_at() const override { return next_; }
    bool follows() const override { return true; }

private:
    std::string level(const Host& host) const {
        return level_.empty() ? name_of(host.level()) : level_;
    }

    void ask(Host& host) {
        host.ask({.request = "events",
                  .args = following_.args(level(host)),
                  .machine = host.machine(),
                  .timeout = following_.begun() ? Following::parked + patience : patience});
    }

    // The level may have ended while the request was parked.
    bool is_wanted(const Host& host, const Json& event) const {
        const auto index = [](const std::string& name) {
            return std::find(level_names.begin(), level_names.end(), name) - level_names.begin();
        };
        return index(text_at(event, "level")) >= index(level(host));
    }

    std::string level_;
    Following following_{before_us, most_at_once};
    bool broken_ = false;
    base::Instant next_ = base::never;
};

}  // namespace

CommandPtr events_command(std::string level) {
    return std::make_unique<EventsCommand>(std::move(level));
}

const char* name_of(Level level) {
    return level_names[static_cast<std::size_t>(level)];
}

}  // namespace jetway::console
