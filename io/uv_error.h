// The errors of libuv and of the system as base::Error: the code is errno's word ("ECONNREFUSED"),
// the detail "<what we were doing>: <what the system says>". For io/ only.
#pragma once

#include <string>

#include "base/result.h"

namespace jetway::io {

base::Error uv_error(int uv_status, const std::string& doing);
base::Error system_error(int error_number, const std::string& doing);

}  // namespace jetway::io
