#include "io/uv_error.h"

#include <uv.h>

namespace jetway::io {

base::Error uv_error(int uv_status, const std::string& doing) {
    return {uv_err_name(uv_status), doing + ": " + uv_strerror(uv_status)};
}

base::Error system_error(int error_number, const std::string& doing) {
    return uv_error(uv_translate_sys_error(error_number), doing);
}

}  // namespace jetway::io
