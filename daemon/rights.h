// What of a machine's rules only the running system knows: the numbers of users and groups, and
// what stands in the files of tokens.
#pragma once

#include "base/result.h"
#include "config/deployment.h"

namespace jetway::daemon {

// Fills in `machine.router.locals` and `machine.router.control`. An error of code `config` says
// which user or group isn't known, or which file isn't as it should be; nothing is changed then.
// Root and the user of this process may always connect. A file of a token has it in its only line,
// and nobody but its owner may read or write it.
base::Result<void> look_up_rights(config::MachineConfig& machine);

}  // namespace jetway::daemon
