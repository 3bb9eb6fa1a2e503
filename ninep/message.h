// Message: every message of 9P2000 and 9P2000.L, read and written by one table of layouts.
//
//     size[4] type[1] tag[2] …          all integers little-endian; size counts itself
//     s = length[2] bytes               a string, without a NUL
//
// Sources: Plan 9's manual, section 5 (intro, and a page a message); diod's protocol.md for .L.
// A message is read whole or not at all: what is cut short, too long by a byte, or says more than
// it holds is an error, whoever sent it. What the fields mean is for others (session.h, server.h).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace jetway::ninep {

enum class Dialect : std::uint8_t { plain, linux };  // 9P2000, 9P2000.L

enum class Type : std::uint8_t {
    rlerror = 7,
    tstatfs = 8,
    rstatfs,
    tlopen = 12,
    rlopen,
    tlcreate = 14,
    rlcreate,
    tsymlink = 16,
    rsymlink,
    tmknod = 18,
    rmknod,
    trename = 20,
    rrename,
    treadlink = 22,
    rreadlink,
    tgetattr = 24,
    rgetattr,
    tsetattr = 26,
    rsetattr,
    txattrwalk = 30,
    rxattrwalk,
    txattrcreate = 32,
    rxattrcreate,
    treaddir = 40,
    rreaddir,
    tfsync = 50,
    rfsync,
    tlock = 52,
    rlock,
    tgetlock = 54,
    rgetlock,
    tlink = 70,
    rlink,
    tmkdir = 72,
    rmkdir,
    trenameat = 74,
    rrenameat,
    tunlinkat = 76,
    runlinkat,
    tversion = 100,
    rversion,
    tauth = 102,
    rauth,
    tattach = 104,
    rattach,
    rerror = 107,
    tflush = 108,
    rflush,
    twalk = 110,
    rwalk,
    topen = 112,
    ropen,
    tcreate = 114,
    rcreate,
    tread = 116,
    rread,
    twrite = 118,
    rwrite,
    tclunk = 120,
    rclunk,
    tremove = 122,
    rremove,
    tstat = 124,
    rstat,
    twstat = 126,
    rwstat,
};

using Tag = std::uint16_t;
using Fid = std::uint32_t;

inline constexpr Tag no_tag = 0xffff;
inline constexpr Fid no_fid = 0xffff'ffff;
inline constexpr std::uint32_t no_uid = 0xffff'ffff;  // n_uname of who gives a name only
inline constexpr std::size_t message_header = 7;      // size, type, tag
inline constexpr std::size_t most_names = 16;         // MAXWELEM

namespace qid_type {
inline constexpr std::uint8_t directory = 0x80;
inline constexpr std::uint8_t symlink = 0x02;
inline constexpr std::uint8_t file = 0;
}  // namespace qid_type

struct Qid {
    std::uint8_t type = qid_type::file;
    std::uint32_t version = 0;
    std::uint64_t path = 0;

    bool is_directory() const { return (type & qid_type::directory) != 0; }
    friend bool operator==(const Qid&, const Qid&) = default;
};

// A list of at most 16.
template <typename Element>
struct Sixteen {
    std::array<Element, most_names> at{};
    std::uint16_t count = 0;

    // A 17th is dropped.
    void push_back(const Element& element) {
        if (count < most_names) {
            at[count++] = element;
        }
    }
    const Element* begin() const { return at.data(); }
    const Element* end() const { return at.data() + count; }
};

// stat(5). A field with all bits set, or an empty name, is not touched by Twstat.
struct Stat {
    std::uint16_t type = 0;
    std::uint32_t dev = 0;
    Qid qid;
    std::uint32_t mode = 0;  // the permissions, and DMDIR and the like
    std::uint32_t atime = 0;
    std::uint32_t mtime = 0;
    std::uint64_t length = 0;
    std::string_view name, uid, gid, muid;
};

struct Time {
    std::uint64_t seconds = 0;
    std::uint64_t nanoseconds = 0;
};

// Rgetattr
struct Attributes {
    std::uint64_t valid = 0;
    Qid qid;
    std::uint32_t mode = 0;  // st_mode
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t nlink = 0, rdev = 0, size = 0, blksize = 0, blocks = 0;
    Time atime, mtime, ctime, btime;
    std::uint64_t gen = 0, data_version = 0;
};

// Tsetattr
struct NewAttributes {
    std::uint32_t valid = 0;
    std::uint32_t mode = 0, uid = 0, gid = 0;
    std::uint64_t size = 0;
    Time atime, mtime;
};

// Rstatfs
struct FileSystem {
    std::uint32_t type = 0, bsize = 0;
    std::uint64_t blocks = 0, bfree = 0, bavail = 0, files = 0, ffree = 0, fsid = 0;
    std::uint32_t namelen = 0;
};

// Tlock, Tgetlock and Rgetlock
struct Lock {
    std::uint8_t type = 0;
    std::uint32_t flags = 0;  // not in Rgetlock, nor Tgetlock
    std::uint64_t start = 0, length = 0;
    std::uint32_t proc_id = 0;
    std::string_view client_id;
};

// One message; which fields it has, the type says (layout.h). Views live as long as the bytes
// that it was read from.
struct Message {
    Type type{};
    Tag tag = no_tag;
    Tag oldtag = no_tag;
    Fid fid = no_fid;     // also dfid, olddirfid
    Fid newfid = no_fid;  // also newdirfid, and dfid where `fid` is the file
    Fid afid = no_fid;
    std::uint32_t msize = 0;
    std::string_view version;
    std::string_view uname, aname;
    std::uint32_t n_uname = no_uid;
    std::string_view name, name2;  // name2: symtgt, newname
    std::string_view ename;
    std::uint32_t ecode = 0;
    Sixteen<std::string_view> names;
    Sixteen<Qid> qids;
    Qid qid;
    std::uint32_t iounit = 0;
    std::uint8_t mode = 0;    // of open
    std::uint32_t perm = 0;   // 9P2000: of create; .L: mode of create, mkdir, mknod
    std::uint32_t flags = 0;  // .L
    std::uint32_t gid = 0;    // .L
    std::uint32_t major = 0, minor = 0;
    std::uint64_t offset = 0;
    std::uint32_t count = 0;
    base::ByteView data;
    std::uint64_t mask = 0;  // Tgetattr
    std::uint64_t size = 0;  // of an extended attribute
    std::uint32_t datasync = 0;
    std::uint8_t status = 0;  // Rlock
    Stat stat;
    Attributes attributes;
    NewAttributes new_attributes;
    FileSystem file_system;
    Lock lock;
};

// "Twalk"; "9P message 99" for what is none.
std::string type_name(Type type);
// With nothing said but what it is and of which fid.
inline Message request_of(Type type, Fid fid) {
    Message request;
    request.type = type;
    request.fid = fid;
    return request;
}
// A request's answer is the next number.
inline Type answer_of(Type request) {
    return static_cast<Type>(static_cast<std::uint8_t>(request) + 1);
}
inline bool is_request(Type type) {
    return static_cast<std::uint8_t>(type) % 2 == 0;
}
// Whether the dialect has the message at all.
bool known(Type type, Dialect dialect);

// Reads one whole message, header included, in place. Error: `malformed`, with what is wrong with
// which message.
base::Result<Message> read_message(base::ByteView whole, Dialect dialect);

// Appends one message; its tag and type as they stand in it. Strings are at most 65,535 bytes long,
// and so are those of a stat together: they are cut.
void append_message(base::Bytes& to, const Message& message, Dialect dialect);

// One entry of a directory as 9P2000 has it, which is a stat with its size before it.
void append_stat(base::Bytes& to, const Stat& stat);
// Reads one and moves `bytes` behind it. False: malformed.
bool take_stat(base::ByteView& bytes, Stat& stat);

// One entry of a directory as .L has it.
struct LinuxEntry {
    Qid qid;
    std::uint64_t offset = 0;  // the cookie that goes on behind it
    std::uint8_t type = 0;     // DT_DIR and the like
    std::string_view name;
};
void append_entry(base::Bytes& to, const LinuxEntry& entry);
bool take_entry(base::ByteView& bytes, LinuxEntry& entry);

// MessageReader: whole messages out of a stream of bytes cut anywhere.
class MessageReader {
public:
    // A message may be at most `bytes` long, its header included.
    void set_most(std::uint32_t bytes) { most_ = bytes; }

    // Calls `on_message(base::ByteView whole) -> bool` for each; false from it stops, and what
    // follows is kept. Error: `malformed`, a size that no message may have; nothing more can be
    // read from the stream.
    template <typename OnMessage>
    base::Result<void> feed(base::ByteView bytes, OnMessage&& on_message) {
        const bool apart = !kept_.empty();
        if (apart) {
            base::append(kept_, bytes);
            bytes = kept_;
        }
        std::size_t done = 0;
        while (bytes.size() - done >= 4) {
            const std::uint32_t size = size_at(bytes.data() + done);
            if (size < message_header || size > most_) {
                kept_.clear();
                return too_long(size);
            }
            if (bytes.size() - done < size) {
                break;
            }
            done += size;
            if (!on_message(bytes.subspan(done - size, size))) {
                break;
            }
        }
        if (apart) {
            kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(done));
        } else {
            kept_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(done), bytes.end());
        }
        return {};
    }

    // Bytes for a later feed().
    void keep(base::ByteView bytes) { base::append(kept_, bytes); }
    std::size_t held() const { return kept_.size(); }

private:
    static std::uint32_t size_at(const std::uint8_t* at) {
        return static_cast<std::uint32_t>(at[0]) | (static_cast<std::uint32_t>(at[1]) << 8U) |
               (static_cast<std::uint32_t>(at[2]) << 16U) |
               (static_cast<std::uint32_t>(at[3]) << 24U);
    }
    base::Error too_long(std::uint32_t size) const;

    std::uint32_t most_ = 8192;
    base::Bytes kept_;
};

}  // namespace jetway::ninep
