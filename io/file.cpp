#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

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

base::Result<void> write_file(const std::string& path, const std::string& contents, unsigned mode) {
    const std::string beside = path + ".new";
    static_cast<void>(::unlink(beside.c_str()));  // of one that did not come to its end
    const int file =
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (file < 0) {
        return system_error(errno, "can't make " + beside);
    }
    int error_number = ::fchmod(file, mode) == 0 ? 0 : errno;
    std::size_t done = 0;
    while (error_number == 0 && done < contents.size()) {
        const ssize_t wrote = ::write(file, contents.data() + done, contents.size() - done);
        if (wrote >= 0) {
            done += static_cast<std::size_t>(wrote);
        } else if (errno != EINTR) {
            error_number = errno;
        }
    }
    if (error_number == 0 && ::fsync(file) != 0) {
        error_number = errno;
    }
    ::close(file);
    if (error_number == 0 && ::rename(beside.c_str(), path.c_str()) != 0) {
        error_number = errno;
    }
    if (error_number != 0) {
        static_cast<void>(::unlink(beside.c_str()));
        return system_error(error_number, "can't write " + path);
    }
    return {};
}

}  // namespace jetway::io
