#include <unistd.h>

#include <csignal>

#include "fixtures.h"
#include "io/signals.h"
#include "io/timer.h"

namespace jetway::io {
TEST_SUITE_BEGIN("io.loop");

TEST_CASE("timers fire in order of their instants and never early") {
    Loop loop;
    std::string order;
    const auto start = loop.now();
    Timer late(loop, [&] {
        loop.update();
        CHECK(loop.now() >= start + std::chrono::milliseconds(20));
        order += "l";
        loop.stop();
    });
    Timer early(loop, [&] { order += "e"; });
    Timer cancelled(loop, [&] { order += "c"; });
    cancelled.set(start + std::chrono::milliseconds(1));
    late.set(start + std::chrono::milliseconds(20));
    late.set(start + std::chrono::milliseconds(20));
    early.set(start + std::chrono::milliseconds(10));
    cancelled.cancel();
    loop.run();
    CHECK(order == "el");
    CHECK_FALSE(late.is_set());
}

TEST_CASE("a timer that keeps setting itself to the past lets other things happen") {
    Loop loop;
    int fired = 0;
    int turns = 0;
    std::optional<Timer> hasty;
    hasty.emplace(loop, [&] {
        ++fired;
        hasty->set(base::Instant());
    });
    hasty->set(base::Instant());
    loop.on_turn_end([&] { ++turns; });
    CHECK(wait_for(loop, [&] { return fired >= 5; }));
    CHECK(turns >= 5);
}

TEST_CASE("a timer may be destroyed in its own callback") {
    Loop loop;
    bool fired = false;
    std::unique_ptr<Timer> timer;
    timer = std::make_unique<Timer>(loop, [&] {
        timer = nullptr;
        fired = true;
    });
    timer->set(loop.now());
    CHECK(wait_for(loop, [&] { return fired; }));
    CHECK(timer == nullptr);
}

TEST_CASE("what a timer queued is handed to the turn's end before the loop waits") {
    Loop loop;
    bool queued = false;
    bool sent = false;
    Timer timer(loop, [&] { queued = true; });
    loop.on_turn_end([&] {
        if (queued) {
            sent = true;
            loop.stop();
        }
    });
    timer.set(loop.now());
    loop.run();  // nothing else would ever wake it
    CHECK(sent);
}

TEST_CASE("the turn's end may replace and remove itself") {
    Loop loop;
    int first = 0;
    int second = 0;
    loop.on_turn_end([&] {
        ++first;
        loop.on_turn_end([&] {
            ++second;
            loop.on_turn_end(nullptr);
        });
    });
    loop.run_once(base::Duration::zero());
    loop.run_once(base::Duration::zero());
    CHECK(first == 1);
    CHECK(second == 1);
}

TEST_CASE("a turn waits no longer than it may, and time stands still within one") {
    Loop loop;
    const auto start = loop.now();
    CHECK(loop.now() == start);
    loop.run_once(std::chrono::milliseconds(5));
    CHECK(loop.now() - start >= std::chrono::milliseconds(5));
    CHECK(loop.now() - start < std::chrono::seconds(5));
    CHECK(wall_clock_ms() > 1'600'000'000'000U);
}

TEST_CASE("a loop that was stopped but never run can be destroyed") {
    Loop loop;
    loop.stop();
}

TEST_CASE("signals reach the loop") {
    Loop loop;
    std::vector<int> caught;
    Signals signals(loop, {SIGUSR1, SIGUSR2}, [&](int number) { caught.push_back(number); });
    ::kill(::getpid(), SIGUSR2);
    CHECK(wait_for(loop, [&] { return !caught.empty(); }));
    CHECK(caught == std::vector<int>{SIGUSR2});
}

TEST_SUITE_END();
}  // namespace jetway::io
