// Signals: calls a function, in the loop, for each of the given signals that comes. While it lives,
// their default actions (ending the process) are off.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "io/handle.h"
#include "io/loop.h"

namespace jetway::io {

class Signals {
public:
    // The callback may destroy the Signals. The numbers are catchable signals, by SIG... names.
    Signals(Loop& loop, const std::vector<int>& numbers, std::function<void(int)> on_signal);
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

private:
    std::shared_ptr<std::function<void(int)>> on_signal_;
    std::vector<Handle<uv_signal_s>> handles_;
};

}  // namespace jetway::io
