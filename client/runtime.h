// Runtime: the loop that clients live on. It sends what they gathered at the end of every turn, one
// write a client, and waits for a condition where a program would rather block than be called.
//
// Ownership: a Runtime outlives its Clients. Like the loop in it, it belongs to one thread.
#pragma once

#include <functional>
#include <vector>

#include "base/time.h"
#include "io/loop.h"
#include "io/timer.h"

namespace jetway::client {

// What has something to send when a turn ends.
class TurnEnd {
public:
    virtual ~TurnEnd() = default;
    virtual void on_turn_end() = 0;
};

class Runtime {
public:
    Runtime();
    ~Runtime();
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    io::Loop& loop() { return loop_; }

    // The clock, read anew: not for inside callbacks, where loop().now() is the moment.
    base::Instant now();

    // Runs turns of the loop until `condition` holds, which is looked at after every turn; false
    // when `deadline` came first. base::never waits for ever. Not from a callback of the loop.
    bool wait_until(const std::function<bool()>& condition, base::Instant deadline);

    // Calls `who` once when this turn ends; cancel before it goes.
    void at_turn_end(TurnEnd& who);
    void cancel(TurnEnd& who);

private:
    void end_turn();

    io::Loop loop_;
    io::Timer next_turn_;  // what is gathered while a turn ends must not lie until the next I/O
    std::vector<TurnEnd*> waiting_;
    std::vector<TurnEnd*> ending_;
};

}  // namespace jetway::client
