#include "io/unix_path.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "io/address.h"
#include "io/uv_error.h"

namespace jetway::io {
namespace {

class File {  // closes what it holds
public:
    explicit File(int fd) : fd_(fd) {}
    ~File() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_;
};

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) {
        return ".";
    }
    return slash == 0 ? "/" : path.substr(0, slash);
}

base::Result<void> make_folders(const std::string& folder) {
    struct stat found {};
    if (folder.empty() || ::stat(folder.c_str(), &found) == 0) {
        return {};
    }
    auto above = make_folders(folder_of(folder));
    if (!above) {
        return above;
    }
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    const bool is_private = runtime != nullptr && *runtime != '\0' &&
                            folder.compare(0, std::string_view(runtime).size(), runtime) == 0;
    if (::mkdir(folder.c_str(), is_private ? 0700 : 0755) != 0 && errno != EEXIST) {
        return system_error(errno, "can't make the folder " + folder);
    }
    return {};
}

// Turns of those who start at the same path. Best effort: whoever else holds a lock on the folder
// for long must not keep us from starting.
void take_turn(int folder) {
    for (int tries = 0; tries < 100; ++tries) {
        if (::flock(folder, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
            return;
        }
        ::usleep(2000);
    }
}

// Removes a socket file that nobody listens on; an error if there is anything else.
base::Result<void> make_way(const std::string& path, const SocketAddress& address) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) {
            return {};
        }
        return system_error(errno, "can't look at " + path);
    }
    if (!S_ISSOCK(found.st_mode)) {
        return base::Error{"EEXIST", path + " exists and is not a socket; it is left alone"};
    }
    const File probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (probe.get() < 0) {
        return system_error(errno, "can't make a Unix socket");
    }
    if (::connect(probe.get(), address.get(), address.length) == 0) {
        ucred holder{};
        socklen_t length = sizeof(holder);
        std::string who = "another process";
        if (::getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &holder, &length) == 0) {
            who = "pid " + std::to_string(holder.pid) + " of uid " + std::to_string(holder.uid);
        }
        return base::Error{"EADDRINUSE", path + " is in use: " + who + " listens on it"};
    }
    if (errno == EAGAIN) {
        return base::Error{"EADDRINUSE", path + " is in use: its listener's queue is full"};
    }
    if (errno != ECONNREFUSED && errno != ENOENT) {
        return system_error(errno, "can't tell whether " + path + " is in use");
    }
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return system_error(errno, "can't remove the stale socket " + path);
    }
    return {};
}

}  // namespace

base::Result<UnixSocketFile> listen_at(const std::string& path, int backlog) {
    const auto address = unix_address(path);
    if (!address) {
        return address.error();
    }
    auto folders = make_folders(folder_of(path));
    if (!folders) {
        return folders.error();
    }
    const File folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0) {
        take_turn(folder.get());
    }
    auto free = make_way(path, *address);
    if (!free) {
        return free.error();
    }
    File listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (listening.get() < 0) {
        return system_error(errno, "can't make a Unix socket");
    }
    if (::bind(listening.get(), address->get(), address->length) != 0) {
        return system_error(errno, "can't make the socket " + path);
    }
    UnixSocketFile made;
    struct stat file {};
    if (::lstat(path.c_str(), &file) == 0) {
        made.device = file.st_dev;
        made.inode = file.st_ino;
    }
    if (::chmod(path.c_str(), 0666) != 0 || ::listen(listening.get(), backlog) != 0) {
        const auto why = system_error(errno, "can't listen on " + path);
        remove_if_ours(path, made.device, made.inode);
        return why;
    }
    made.socket = listening.release();
    return made;
}

void remove_if_ours(const std::string& path, dev_t device, ino_t inode) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) == 0 && found.st_dev == device && found.st_ino == inode) {
        ::unlink(path.c_str());
    }
}

}  // namespace jetway::io
