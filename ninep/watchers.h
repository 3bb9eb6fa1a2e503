// Watchers: those who want to know that something has changed, called in the order in which they
// came. One that is called may end itself or another.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace jetway::ninep {

class Watchers {
public:
    // The number ends it. It is never 0.
    std::uint64_t add(std::function<void()> woken) {
        watchers_.emplace(next_, std::move(woken));
        return next_++;
    }
    void remove(std::uint64_t watcher) { watchers_.erase(watcher); }

    void wake() const {
        std::vector<std::uint64_t> all;
        for (const auto& [watcher, woken] : watchers_) {
            all.push_back(watcher);
        }
        for (const std::uint64_t watcher : all) {
            if (const auto found = watchers_.find(watcher); found != watchers_.end()) {
                const std::function<void()> woken = found->second;
                woken();
            }
        }
    }

private:
    std::map<std::uint64_t, std::function<void()>> watchers_;
    std::uint64_t next_ = 1;
};

}  // namespace jetway::ninep
