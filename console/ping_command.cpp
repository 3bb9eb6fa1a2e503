#include <nlohmann/json.hpp>
#include <utility>

#include "console/commands.h"
#include "console/ping_report.h"

namespace jetway::console {

namespace {

constexpr base::Duration between = std::chrono::milliseconds(200);

class PingCommand final : public Command {
public:
    PingCommand(std::string destination, std::uint64_t count)
        : destination_(std::move(destination)), count_(count) {}

    void start(Host& host) override {
        if (host.machine() != host.home()) {
            host.complain("ping " + destination_,
                          {"usage", "a ping starts at " + host.home() +
                                        ", where this terminal is: type `at` first"});
            host.finish();
            return;
        }
        send(host);
    }

    void on_answer(Host& host, std::uint64_t question,
                   const base::Result<envelope::Json>& answer) override {
        if (!answer) {
            host.complain("no pong from " + destination_, answer.error());
        } else {
            const bool last = pong_.add(*answer);
            pong_.round_trip = host.now() - sent_at_;
            if (!last) {
                return;
            }
            host.print(pong_.text(destination_) + "\n");
            pongs_.push_back(std::move(pong_));
        }
        host.forget(question);
        if (sent_ == count_) {
            host.print(summarize(pongs_, count_).text() + "\n");
            host.finish();
        } else {
            next_ = host.now() + between;
        }
    }

    void on_time(Host& host) override { send(host); }
    base::Instant wake_at() const override { return next_; }

private:
    void send(Host& host) {
        next_ = base::never;
        pong_ = {};
        ++sent_;
        sent_at_ = host.now();
        host.ask({.request = "ping",
                  .args = {{"destination", destination_}},
                  .machine = host.home(),
                  .many = true});
    }

    std::string destination_;
    std::uint64_t count_;
    std::uint64_t sent_ = 0;
    base::Instant sent_at_{};
    base::Instant next_ = base::never;
    Pong pong_;
    std::vector<Pong> pongs_;
};

}  // namespace

CommandPtr ping_command(std::string destination, std::uint64_t count) {
    return std::make_unique<PingCommand>(std::move(destination), count);
}

}  // namespace jetway::console
