#include "console/following.h"

#include <utility>

#include "console/fields.h"

namespace jetway::console {

using envelope::Json;

Json Following::args(const std::string& level) const {
    if (!after_) {
        return {{"level", level}, {"limit", last_}};
    }
    return {{"level", level},
            {"after", *after_},
            {"limit", page_},
            {"waitMs", base::to_microseconds(parked) / 1000}};
}

Following::Page Following::take(const Json& answer) {
    Page page;
    page.events = list_at(answer, "events");
    page.missed = number_at(answer, "missed");
    page.waits = after_ && page.events.empty();
    after_ = number_at(answer, "next");
    return page;
}

}  // namespace jetway::console
