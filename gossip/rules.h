// Rules: what a neighbour may announce, as the deployment says it. What it may not is ignored as if
// it had not been announced, and counted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "envelope/announce.h"

namespace jetway::gossip {

// Of one neighbour; patterns as in envelope/pattern.h. What is absent is allowed.
struct AnnounceRules {
    // The machines it may announce routes to and catalogs of, besides its own.
    std::optional<std::vector<std::string>> machines;
    // The services that may stand in the catalogs it passes on, its own among them.
    std::optional<std::vector<std::string>> services;

    bool all() const { return !machines && !services; }

    friend bool operator==(const AnnounceRules&, const AnnounceRules&) = default;
};

// The services of every machine of a deployment.
using ServiceLists = std::map<std::string, std::set<std::string, std::less<>>, std::less<>>;

// Whether the machine is in the lists and has that service there.
bool gives(const ServiceLists& lists, std::string_view machine, std::string_view service);

struct Rules {
    std::map<std::string, AnnounceRules, std::less<>> neighbours;  // those that have any
    // The services that each machine may have, whoever passes its catalog on; a machine that isn't
    // listed may have none. Null: any.
    std::shared_ptr<const ServiceLists> lists;

    // Null: it may announce all.
    const AnnounceRules* of(std::string_view neighbour) const;

    bool may_announce(std::string_view neighbour, std::string_view machine) const;
    // Whether that service may stand in the machine's catalog when that neighbour passes it on.
    bool may_list(std::string_view neighbour, std::string_view machine,
                  std::string_view service) const;
    // Takes out of the catalog what may not stand in it; returns how many services that were, and
    // gives the name of the first.
    std::uint32_t filter(std::string_view neighbour, envelope::Catalog& catalog,
                         std::string& first) const;

    friend bool operator==(const Rules& a, const Rules& b) {
        return a.neighbours == b.neighbours && same_lists(a.lists, b.lists);
    }

    static bool same_lists(const std::shared_ptr<const ServiceLists>& a,
                           const std::shared_ptr<const ServiceLists>& b) {
        return a == b || (a != nullptr && b != nullptr && *a == *b);
    }
};

}  // namespace jetway::gossip
