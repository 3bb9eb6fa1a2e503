// Mounts::Service: one service, the instances that it has now, and whose turn it is.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "balance/chooser.h"
#include "ninep/backend.h"
#include "ninep/mount.h"

namespace jetway::ninep {

struct Mounts::Service {
    Service(std::string called, const balance::Policy& policy, base::Random random)
        : name(std::move(called)), chooser(policy, random) {}

    std::string name;
    balance::Chooser chooser;
    std::vector<std::shared_ptr<Backend>> backends;
    bool gone = false;

    std::shared_ptr<Backend> by_id(std::uint64_t id) const {
        for (const std::shared_ptr<Backend>& backend : backends) {
            if (backend->id() == id) {
                return backend;
            }
        }
        return nullptr;
    }

    // None of `tried`; null: there is none.
    std::shared_ptr<Backend> choose(const std::vector<std::uint64_t>& tried,
                                    const Attacher& attacher) {
        std::vector<balance::Candidate> candidates;
        candidates.reserve(backends.size());
        for (const std::shared_ptr<Backend>& backend : backends) {
            const bool was_tried =
                std::find(tried.begin(), tried.end(), backend->id()) != tried.end();
            candidates.push_back({backend->id(), backend->what().weight, backend->what().cost,
                                  backend->load(), backend->usable() && !was_tried});
        }
        const std::string key =
            attacher.uname.empty() ? std::to_string(attacher.n_uname) : attacher.uname;
        const auto chosen = chooser.choose(candidates, key);
        return chosen ? backends[*chosen] : nullptr;
    }
};

}  // namespace jetway::ninep
