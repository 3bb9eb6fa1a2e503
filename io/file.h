// Files, whole and at once. Blocking: for start, reload and the command line.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace jetway::io {

// The contents of the file. EFBIG if it has more than `max_bytes`; else errno's word; the detail
// names the path.
base::Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

// Writes the file anew with these permissions; whoever reads it sees the old one or the new one,
// whole. Errors: errno's word; the detail names the path.
base::Result<void> write_file(const std::string& path, const std::string& contents, unsigned mode);

}  // namespace jetway::io
