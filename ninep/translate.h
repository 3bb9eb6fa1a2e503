// Between the two dialects and what files speak (file.h): modes, attributes, ways to open.
//
//     9P2000    stat: DMDIR and permissions, names of users, seconds of 32 bits
//     9P2000.L  getattr, setattr: st_mode, numbers of users, Linux's O_ flags
#pragma once

#include <optional>

#include "ninep/file.h"
#include "ninep/message.h"

namespace jetway::ninep {

inline constexpr std::uint32_t s_ifmt = 0170000;
inline constexpr std::uint32_t s_ifdir = 0040000;
inline constexpr std::uint32_t s_ifreg = 0100000;
inline constexpr std::uint32_t s_iflnk = 0120000;
inline constexpr std::uint32_t dm_dir = 0x8000'0000;
inline constexpr std::uint32_t nobody = 65'534;

// 9P2000's mode of a stat, and back. What one side can't say (a device) is a file on the other.
std::uint32_t plain_mode(std::uint32_t st_mode);
std::uint32_t linux_mode(std::uint32_t stat_mode);

// Nothing: a mode with bits that nobody knows.
std::optional<OpenMode> read_open(std::uint8_t mode);
std::optional<OpenMode> read_linux_open(std::uint32_t flags);
std::uint8_t plain_open(const OpenMode& mode);
std::uint32_t linux_open(const OpenMode& mode);

// The views in it are of `about`.
Stat to_stat(const About& about);
About from_stat(const Stat& stat);
Attributes to_attributes(const About& about);
About from_attributes(const Attributes& attributes, std::string name);

// EPERM for what a wstat may not change: type, dev, qid, uid, muid.
base::Result<Changes> read_wstat(const Stat& stat);
Changes read_setattr(const NewAttributes& fresh);
// A Stat that touches nothing but what `changes` has; views are of `changes`.
Stat to_wstat(const Changes& changes);
NewAttributes to_setattr(const Changes& changes);

// The owner of a file where only the number is known: `root`, or the number.
std::string owner_name(std::uint32_t number);

// What statfs says where nobody knows better.
FileSystem unknown_file_system();

// DT_DIR and the like, of a qid.
std::uint8_t entry_type(const Qid& qid);

}  // namespace jetway::ninep
