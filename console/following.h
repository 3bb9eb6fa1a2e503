// Following: the requests by which somebody follows a router's `events`: first the last ones, then
// those that come, which the router waits with until there are any.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/time.h"
#include "envelope/json.h"

namespace jetway::console {

class Following {
public:
    // The router answers after that at the latest, also when nothing happened.
    static constexpr base::Duration parked = std::chrono::seconds(25);
    // Between two requests, where an answer held nothing: a router that has too many followers
    // gives it at once.
    static constexpr base::Duration least_wait = std::chrono::seconds(1);

    // `last`: so many that were before. `page`: at most so many in one answer.
    Following(std::uint64_t last, std::uint64_t page) : last_(last), page_(page) {}

    // Of the next request; `level` is the least that is asked for.
    envelope::Json args(const std::string& level) const;

    struct Page {
        envelope::Json events = envelope::Json::array();
        std::uint64_t missed = 0;  // so many are gone since the last page
        bool waits = false;        // the next request is better made after least_wait
    };
    Page take(const envelope::Json& answer);

    // An answer has come: what follows is new.
    bool begun() const { return after_.has_value(); }

private:
    std::uint64_t last_;
    std::uint64_t page_;
    std::optional<std::uint64_t> after_;
};

}  // namespace jetway::console
