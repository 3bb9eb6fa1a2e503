// Durations and sizes as a deployment has them (base/units.h).
#pragma once

#include "base/units.h"

namespace jetway::config {

using base::format_duration;
using base::format_size;
using base::parse_count;
using base::parse_duration;
using base::parse_size;

}  // namespace jetway::config
