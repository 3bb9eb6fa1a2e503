#include <nlohmann/json.hpp>
#include <utility>

#include "console/commands.h"
#include "console/text.h"
#include "console/views.h"

namespace jetway::console {

namespace {

using envelope::Json;

constexpr base::Duration poll_every = std::chrono::milliseconds(100);
constexpr base::Duration watched = std::chrono::seconds(30);

class DrainCommand final : public Command {
public:
    DrainCommand(std::string service, bool undo) : service_(std::move(service)), undo_(undo) {}

    void start(Host& host) override {
        give_up_ = host.now() + watched;
        Json args;
        if (service_.empty()) {
            args["all"] = true;
        } else {
            args["service"] = service_;
        }
        host.ask({.request = undo_ ? "undrain" : "drain",
                  .args = std::move(args),
                  .machine = host.machine()});
    }

    void on_answer(Host& host, std::uint64_t /*question*/,
                   const base::Result<Json>& answer) override {
        if (!answer) {
            host.complain((undo_ ? "undrain of router@" : "drain of router@") + host.machine(),
                          answer.error());
            host.finish();
            return;
        }
        if (undo_ || is_drained(*answer, service_)) {
            host.print(drained_text(host.machine(), service_, undo_));
            host.finish();
            return;
        }
        const std::string progress = draining_text(*answer);
        if (host.now() >= give_up_) {
            host.complain("drain of router@" + host.machine(),
                          {"timeout", "not drained in time: " + progress +
                                          "; it stays draining until it is done, or undone with "
                                          "`undrain`"});
            host.finish();
            return;
        }
        if (progress != told_) {
            host.print(printable("draining " + progress + " at " + host.machine()) + "\n");
            told_ = progress;
        }
        next_ = host.now() + poll_every;
    }

    void on_time(Host& host) override {
        next_ = base::never;
        host.ask({.request = "drain", .args = nullptr, .machine = host.machine()});
    }
    base::Instant wake_at() const override { return next_; }

private:
    std::string service_;
    bool undo_;
    std::string told_;
    base::Instant next_ = base::never;
    base::Instant give_up_ = base::never;
};

}  // namespace

CommandPtr drain_command(std::string service, bool undo) {
    return std::make_unique<DrainCommand>(std::move(service), undo);
}

}  // namespace jetway::console
