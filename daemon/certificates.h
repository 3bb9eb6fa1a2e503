// The certificates of a machine: the files that its deployment names, read and judged.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/report.h"
#include "base/result.h"
#include "config/deployment.h"
#include "io/tls_context.h"

namespace jetway::daemon {

// Where relative paths of the deployment start: `folder`, that of its file.
io::TlsFiles certificate_files(const config::MachineConfig& machine, const std::string& folder);

// Nothing for a machine that uses no TLS. Error `certificate`: a file can't be used, or its
// certificate is another machine's; the detail says which, and what to do. Blocking.
base::Result<std::shared_ptr<const io::TlsContext>> load_certificates(
    const config::MachineConfig& machine, const std::string& folder);

// Until when it is valid, as a line for the log: a warning when that is less than 14 days off, an
// error when it is over or has not begun. `now` in seconds since 1970.
base::Report validity(const io::Certificate& certificate, std::int64_t now);

}  // namespace jetway::daemon
