#include "ninep/translate.h"

#include <charconv>

namespace jetway::ninep {

namespace {

constexpr std::uint32_t permissions = 07777;
constexpr std::uint32_t untouched32 = 0xffff'ffff;
constexpr std::uint64_t untouched64 = 0xffff'ffff'ffff'ffff;
constexpr Qid untouched_qid{0xff, untouched32, untouched64};

// open(5)
constexpr std::uint8_t o_trunc = 0x10;
constexpr std::uint8_t o_cexec = 0x20;
constexpr std::uint8_t o_rclose = 0x40;

// Linux's, as .L has them on every architecture
constexpr std::uint32_t l_access = 03;
constexpr std::uint32_t l_trunc = 01000;
constexpr std::uint32_t l_append = 02000;
constexpr std::uint32_t l_known = 017777703;  // up to O_TMPFILE, without the holes below 0100

// Tsetattr
constexpr std::uint32_t set_mode = 0x1, set_uid = 0x2, set_gid = 0x4, set_size = 0x8,
                        set_atime = 0x10, set_mtime = 0x20, atime_given = 0x80, mtime_given = 0x100;

std::uint32_t number_or(std::string_view text, std::uint32_t otherwise) {
    if (text == "root") {
        return 0;
    }
    std::uint32_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

OpenMode access(std::uint32_t bits) {
    OpenMode mode;
    mode.read = bits != 1;
    mode.write = bits == 1 || bits == 2;
    mode.execute = bits == 3;
    return mode;
}

}  // namespace

std::uint32_t plain_mode(std::uint32_t st_mode) {
    const bool directory = (st_mode & s_ifmt) == s_ifdir;
    return (st_mode & 0777U) | (directory ? dm_dir : 0);
}

std::uint32_t linux_mode(std::uint32_t stat_mode) {
    return (stat_mode & 0777U) | ((stat_mode & dm_dir) != 0 ? s_ifdir : s_ifreg);
}

std::optional<OpenMode> read_open(std::uint8_t bits) {
    if ((bits & ~(3U | o_trunc | o_cexec | o_rclose)) != 0) {
        return std::nullopt;
    }
    OpenMode mode = access(bits & 3U);
    mode.truncate = (bits & o_trunc) != 0;
    mode.remove_on_clunk = (bits & o_rclose) != 0;
    return mode;
}

std::optional<OpenMode> read_linux_open(std::uint32_t flags) {
    if ((flags & ~l_known) != 0 || (flags & l_access) == 3) {
        return std::nullopt;
    }
    OpenMode mode = access(flags & l_access);
    mode.truncate = (flags & l_trunc) != 0;
    mode.append = (flags & l_append) != 0;
    return mode;
}

std::uint8_t plain_open(const OpenMode& mode) {
    const unsigned way = mode.execute ? 3U : mode.write ? (mode.read ? 2U : 1U) : 0U;
    return static_cast<std::uint8_t>(way | (mode.truncate ? o_trunc : 0U) |
                                     (mode.remove_on_clunk ? o_rclose : 0U));
}

std::uint32_t linux_open(const OpenMode& mode) {
    const unsigned way = mode.write ? (mode.read ? 2U : 1U) : 0U;
    return way | (mode.truncate ? l_trunc : 0U) | (mode.append ? l_append : 0U);
}

Stat to_stat(const About& about) {
    Stat stat;
    stat.qid = about.qid;
    stat.mode = plain_mode(about.mode);
    stat.atime = static_cast<std::uint32_t>(about.accessed.seconds);
    stat.mtime = static_cast<std::uint32_t>(about.modified.seconds);
    stat.length = about.qid.is_directory() ? 0 : about.length;
    stat.name = about.name;
    stat.uid = about.uid;
    stat.gid = about.gid;
    stat.muid = about.muid;
    return stat;
}

About from_stat(const Stat& stat) {
    About about;
    about.qid = stat.qid;
    about.mode = linux_mode(stat.mode);
    about.name = stat.name;
    about.uid = stat.uid;
    about.gid = stat.gid;
    about.muid = stat.muid;
    about.n_uid = number_or(stat.uid, nobody);
    about.n_gid = number_or(stat.gid, nobody);
    about.length = stat.length;
    about.blocks = (stat.length + 511) / 512;
    about.accessed.seconds = stat.atime;
    about.modified.seconds = stat.mtime;
    about.changed.seconds = stat.mtime;
    return about;
}

Attributes to_attributes(const About& about) {
    Attributes a;
    a.valid = 0x7ff;  // P9_GETATTR_BASIC: all but btime, gen and data_version
    a.qid = about.qid;
    a.mode = about.mode;
    a.uid = about.n_uid;
    a.gid = about.n_gid;
    a.nlink = about.links;
    a.rdev = about.rdev;
    a.size = about.length;
    a.blksize = about.block_size;
    a.blocks = about.blocks;
    a.atime = about.accessed;
    a.mtime = about.modified;
    a.ctime = about.changed;
    return a;
}

About from_attributes(const Attributes& a, std::string name) {
    About about;
    about.qid = a.qid;
    about.mode = a.mode;
    about.name = std::move(name);
    about.uid = owner_name(a.uid);
    about.gid = owner_name(a.gid);
    about.n_uid = a.uid;
    about.n_gid = a.gid;
    about.length = a.size;
    about.links = a.nlink;
    about.rdev = a.rdev;
    about.block_size = a.blksize;
    about.blocks = a.blocks;
    about.accessed = a.atime;
    about.modified = a.mtime;
    about.changed = a.ctime;
    return about;
}

base::Result<Changes> read_wstat(const Stat& stat) {
    if (stat.type != 0xffff || stat.dev != untouched32 || stat.qid != untouched_qid ||
        !stat.uid.empty() || !stat.muid.empty()) {
        return error("EPERM");
    }
    Changes changes;
    changes.mode_set = stat.mode != untouched32;
    changes.mode = stat.mode & permissions;
    changes.accessed_set = changes.accessed_given = stat.atime != untouched32;
    changes.accessed.seconds = stat.atime;
    changes.modified_set = changes.modified_given = stat.mtime != untouched32;
    changes.modified.seconds = stat.mtime;
    changes.length_set = stat.length != untouched64;
    changes.length = stat.length;
    changes.name_set = !stat.name.empty();
    changes.name = stat.name;
    changes.gid_set = !stat.gid.empty();
    changes.gid = stat.gid;
    changes.n_gid = number_or(stat.gid, nobody);
    return changes;
}

Changes read_setattr(const NewAttributes& fresh) {
    const auto has = [&fresh](std::uint32_t bit) { return (fresh.valid & bit) != 0; };
    Changes changes;
    changes.mode_set = has(set_mode);
    changes.mode = fresh.mode & permissions;
    changes.uid_set = has(set_uid);
    changes.n_uid = fresh.uid;
    changes.gid_set = has(set_gid);
    changes.n_gid = fresh.gid;
    changes.gid = owner_name(fresh.gid);
    changes.length_set = has(set_size);
    changes.length = fresh.size;
    changes.accessed_set = has(set_atime);
    changes.accessed_given = has(atime_given);
    changes.accessed = fresh.atime;
    changes.modified_set = has(set_mtime);
    changes.modified_given = has(mtime_given);
    changes.modified = fresh.mtime;
    return changes;
}

Stat to_wstat(const Changes& changes) {
    Stat stat;
    stat.type = 0xffff;
    stat.dev = untouched32;
    stat.qid = untouched_qid;
    stat.mode = changes.mode_set ? changes.mode | (changes.directory ? dm_dir : 0) : untouched32;
    stat.atime =
        changes.accessed_given ? static_cast<std::uint32_t>(changes.accessed.seconds) : untouched32;
    stat.mtime =
        changes.modified_given ? static_cast<std::uint32_t>(changes.modified.seconds) : untouched32;
    stat.length = changes.length_set ? changes.length : untouched64;
    stat.name = changes.name_set ? std::string_view(changes.name) : std::string_view();
    stat.gid = changes.gid_set ? std::string_view(changes.gid) : std::string_view();
    return stat;
}

NewAttributes to_setattr(const Changes& changes) {
    NewAttributes fresh;
    const auto set = [&fresh](bool is, std::uint32_t bit) { fresh.valid |= is ? bit : 0; };
    set(changes.mode_set, set_mode);
    set(changes.uid_set, set_uid);
    set(changes.gid_set, set_gid);
    set(changes.length_set, set_size);
    set(changes.accessed_set, set_atime);
    set(changes.accessed_given, atime_given);
    set(changes.modified_set, set_mtime);
    set(changes.modified_given, mtime_given);
    fresh.mode = changes.mode;
    fresh.uid = changes.n_uid;
    fresh.gid = changes.n_gid;
    fresh.size = changes.length;
    fresh.atime = changes.accessed;
    fresh.mtime = changes.modified;
    return fresh;
}

std::string owner_name(std::uint32_t number) {
    return number == 0 ? "root" : std::to_string(number);
}

FileSystem unknown_file_system() {
    constexpr std::uint32_t v9fs_magic = 0x0102'1997;
    FileSystem system;
    system.type = v9fs_magic;
    system.bsize = 4096;
    system.namelen = 255;
    return system;
}

std::uint8_t entry_type(const Qid& qid) {
    constexpr std::uint8_t dt_dir = 4;
    constexpr std::uint8_t dt_reg = 8;
    constexpr std::uint8_t dt_lnk = 10;
    return qid.is_directory() ? dt_dir : (qid.type & qid_type::symlink) != 0 ? dt_lnk : dt_reg;
}

}  // namespace jetway::ninep
