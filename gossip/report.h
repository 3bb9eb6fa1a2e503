// Report: something an operator may want to know. What a peer can provoke is held back to one a
// second a link, with a count.
#pragma once

#include "base/report.h"

namespace jetway::gossip {

using base::Report;

}  // namespace jetway::gossip
