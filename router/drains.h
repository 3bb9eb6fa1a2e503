// Drains: what of this router is being taken out of use: services, or all of it. A service that is
// drained is announced as `draining`, so that others no longer choose it; what names it, or was
// bound to it before they heard, is still delivered. An instance is done when nothing is queued for
// it and it has neither sent nor been sent anything for the quiet time: an answer may be
// outstanding, and only the service knows.
//
//   in use ──begin──► draining ──every instance done or gone──► drained: in use again for who
//      ▲                 │                                      attaches the name after it
//      └──────undo───────┘
//
// The drain of all holds for every name, also those that attach meanwhile, and for the transit of
// others' envelopes; it stays until it is undone.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace jetway::router {

class Drains {
public:
    struct Drain {
        base::Instant since{};
        base::Duration quiet{};
        bool ending = false;  // GOODBYE is next: what is done stays attached until then
        bool done = false;
    };

    void begin(const std::string& service, base::Duration quiet, base::Instant now) {
        services_.insert_or_assign(service, Drain{.since = now, .quiet = quiet});
    }
    void begin_all(base::Duration quiet, bool ending, base::Instant now) {
        all_ = Drain{.since = now, .quiet = quiet, .ending = ending};
    }
    // False: there was nothing to undo.
    bool undo(std::string_view service);
    bool undo_all();

    // The drain that holds for a service; nullptr: it is in use.
    const Drain* of(std::string_view service) const;
    Drain* all() { return all_ ? &*all_ : nullptr; }
    const Drain* all() const { return all_ ? &*all_ : nullptr; }
    // Those begun by name, the done ones among them.
    std::map<std::string, Drain, std::less<>>& services() { return services_; }
    const std::map<std::string, Drain, std::less<>>& services() const { return services_; }

    // Something is under way.
    bool active() const;
    // Makes room: what is done is of interest until something else begins.
    void forget_done();

private:
    std::map<std::string, Drain, std::less<>> services_;
    std::optional<Drain> all_;
};

}  // namespace jetway::router
