#include "io/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "io/uv_error.h"

namespace jetway::io {

base::Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return system_error(errno, "can't open " + path);
    }
    std::string contents;
    std::array<char, 65536> part{};
    ssize_t got = 0;
    while (contents.size() <= max_bytes) {
        got = ::read(file, part.data(), part.size());
        if (got > 0) {
            contents.append(part.data(), static_cast<std::size_t>(got));
        } else if (got == 0 || errno != EINTR) {
            break;
        }
    }
    const int error_number = errno;
    ::close(file);
    if (got < 0) {
        return system_error(error_number, "can't read " + path);
    }
    if (contents.size() > max_bytes) {
        return base::Error{"EFBIG",
                           path + " has more than " + std::to_string(max_bytes) + " bytes"};
    }
    return contents;
}

}  // namespace jetway::io
