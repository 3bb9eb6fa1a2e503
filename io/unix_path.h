// UnixPath: makes a path ready for a listening Unix socket, and takes it away again. For io/ only.
// What it promises is said in listener.h.
#pragma once

#include <sys/stat.h>

#include <string>

#include "base/result.h"

namespace jetway::io {

// A listening socket bound to the path, and the identity of its file.
struct UnixSocketFile {
    int socket = -1;
    dev_t device = 0;
    ino_t inode = 0;
};

base::Result<UnixSocketFile> listen_at(const std::string& path, int backlog);

// Removes the file if it is still the one that was made.
void remove_if_ours(const std::string& path, dev_t device, ino_t inode);

}  // namespace jetway::io
