// The entries of a directory as an instance lists them, read and checked: whole, each with a name
// that can be one, and a cookie that leads on. `.` and `..` are left out.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "ninep/file.h"

namespace jetway::ninep {

struct ReadEntries {
    std::vector<DirectoryEntry> entries;
    std::uint64_t next = 0;  // what to read on at
};

// Of an Rread of 9P2000, at the offset `cookie`, where an entry's cookie is the offset behind it,
// and of an Rreaddir of .L. Error: `malformed`.
base::Result<ReadEntries> entries_in_plain(base::ByteView data, std::uint64_t cookie);
base::Result<ReadEntries> entries_in_linux(base::ByteView data, std::uint64_t cookie);

}  // namespace jetway::ninep
