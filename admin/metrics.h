// The page /metrics: the answer to the control request `statistics`, for Prometheus. What a metric
// is called and means is in docs/admin.md. Whatever the answer lacks, of an older router or by a
// mistake, counts as 0 or is left out; nothing is thrown.
#pragma once

#include <string>

#include "envelope/json.h"

namespace jetway::admin {

std::string metrics_text(const envelope::Json& statistics);

}  // namespace jetway::admin
