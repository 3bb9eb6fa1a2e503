#include "ninep/message.h"

#include <variant>

namespace jetway::ninep {

namespace {

// What a field of a layout is, by where it goes in a Message.
struct DataField {};  // count[4] data[count]
struct SizedStat {};  // n[2] stat[n]
struct OnlyLinux {    // in .L alone
    std::uint32_t Message::*number;
};
struct Perhaps {  // may be missing at the end
    std::uint32_t Message::*number;
};
struct GetLock {};  // a Lock without its flags
using Field =
    std::variant<std::uint8_t Message::*, std::uint16_t Message::*, std::uint32_t Message::*,
                 std::uint64_t Message::*, std::string_view Message::*, Qid Message::*,
                 Sixteen<std::string_view> Message::*, Sixteen<Qid> Message::*,
                 Attributes Message::*, NewAttributes Message::*, FileSystem Message::*,
                 Lock Message::*, DataField, SizedStat, OnlyLinux, Perhaps, GetLock>;

enum class In : std::uint8_t { both, plain, linux };

struct Layout {
    Type type;
    const char* name;
    In in;
    std::vector<Field> fields;
};

using M = Message;

const std::vector<Layout>& all_layouts() {
    static const std::vector<Layout> layouts = {
        {Type::tversion, "Tversion", In::both, {&M::msize, &M::version}},
        {Type::rversion, "Rversion", In::both, {&M::msize, &M::version}},
        {Type::tauth, "Tauth", In::both, {&M::afid, &M::uname, &M::aname, OnlyLinux{&M::n_uname}}},
        {Type::rauth, "Rauth", In::both, {&M::qid}},
        {Type::rerror, "Rerror", In::plain, {&M::ename}},
        {Type::rlerror, "Rlerror", In::linux, {&M::ecode}},
        {Type::tflush, "Tflush", In::both, {&M::oldtag}},
        {Type::rflush, "Rflush", In::both, {}},
        {Type::tattach,
         "Tattach",
         In::both,
         {&M::fid, &M::afid, &M::uname, &M::aname, OnlyLinux{&M::n_uname}}},
        {Type::rattach, "Rattach", In::both, {&M::qid}},
        {Type::twalk, "Twalk", In::both, {&M::fid, &M::newfid, &M::names}},
        {Type::rwalk, "Rwalk", In::both, {&M::qids}},
        {Type::topen, "Topen", In::plain, {&M::fid, &M::mode}},
        {Type::ropen, "Ropen", In::plain, {&M::qid, &M::iounit}},
        {Type::tcreate, "Tcreate", In::plain, {&M::fid, &M::name, &M::perm, &M::mode}},
        {Type::rcreate, "Rcreate", In::plain, {&M::qid, &M::iounit}},
        {Type::tread, "Tread", In::both, {&M::fid, &M::offset, &M::count}},
        {Type::rread, "Rread", In::both, {DataField{}}},
        {Type::twrite, "Twrite", In::both, {&M::fid, &M::offset, DataField{}}},
        {Type::rwrite, "Rwrite", In::both, {&M::count}},
        {Type::tclunk, "Tclunk", In::both, {&M::fid}},
        {Type::rclunk, "Rclunk", In::both, {}},
        {Type::tremove, "Tremove", In::both, {&M::fid}},
        {Type::rremove, "Rremove", In::both, {}},
        {Type::tstat, "Tstat", In::plain, {&M::fid}},
        {Type::rstat, "Rstat", In::plain, {SizedStat{}}},
        {Type::twstat, "Twstat", In::plain, {&M::fid, SizedStat{}}},
        {Type::rwstat, "Rwstat", In::plain, {}},
        {Type::tstatfs, "Tstatfs", In::linux, {&M::fid}},
        {Type::rstatfs, "Rstatfs", In::linux, {&M::file_system}},
        {Type::tlopen, "Tlopen", In::linux, {&M::fid, &M::flags}},
        {Type::rlopen, "Rlopen", In::linux, {&M::qid, &M::iounit}},
        {Type::tlcreate, "Tlcreate", In::linux, {&M::fid, &M::name, &M::flags, &M::perm, &M::gid}},
        {Type::rlcreate, "Rlcreate", In::linux, {&M::qid, &M::iounit}},
        {Type::tsymlink, "Tsymlink", In::linux, {&M::fid, &M::name, &M::name2, &M::gid}},
        {Type::rsymlink, "Rsymlink", In::linux, {&M::qid}},
        {Type::tmknod,
         "Tmknod",
         In::linux,
         {&M::fid, &M::name, &M::perm, &M::major, &M::minor, &M::gid}},
        {Type::rmknod, "Rmknod", In::linux, {&M::qid}},
        {Type::trename, "Trename", In::linux, {&M::fid, &M::newfid, &M::name}},
        {Type::rrename, "Rrename", In::linux, {}},
        {Type::treadlink, "Treadlink", In::linux, {&M::fid}},
        {Type::rreadlink, "Rreadlink", In::linux, {&M::name}},
        {Type::tgetattr, "Tgetattr", In::linux, {&M::fid, &M::mask}},
        {Type::rgetattr, "Rgetattr", In::linux, {&M::attributes}},
        {Type::tsetattr, "Tsetattr", In::linux, {&M::fid, &M::new_attributes}},
        {Type::rsetattr, "Rsetattr", In::linux, {}},
        {Type::txattrwalk, "Txattrwalk", In::linux, {&M::fid, &M::newfid, &M::name}},
        {Type::rxattrwalk, "Rxattrwalk", In::linux, {&M::size}},
        {Type::txattrcreate, "Txattrcreate", In::linux, {&M::fid, &M::name, &M::size, &M::flags}},
        {Type::rxattrcreate, "Rxattrcreate", In::linux, {}},
        {Type::treaddir, "Treaddir", In::linux, {&M::fid, &M::offset, &M::count}},
        {Type::rreaddir, "Rreaddir", In::linux, {DataField{}}},
        {Type::tfsync, "Tfsync", In::linux, {&M::fid, Perhaps{&M::datasync}}},
        {Type::rfsync, "Rfsync", In::linux, {}},
        {Type::tlock, "Tlock", In::linux, {&M::fid, &M::lock}},
        {Type::rlock, "Rlock", In::linux, {&M::status}},
        {Type::tgetlock, "Tgetlock", In::linux, {&M::fid, GetLock{}}},
        {Type::rgetlock, "Rgetlock", In::linux, {GetLock{}}},
        {Type::tlink, "Tlink", In::linux, {&M::fid, &M::newfid, &M::name}},
        {Type::rlink, "Rlink", In::linux, {}},
        {Type::tmkdir, "Tmkdir", In::linux, {&M::fid, &M::name, &M::perm, &M::gid}},
        {Type::rmkdir, "Rmkdir", In::linux, {&M::qid}},
        {Type::trenameat, "Trenameat", In::linux, {&M::fid, &M::name, &M::newfid, &M::name2}},
        {Type::rrenameat, "Rrenameat", In::linux, {}},
        {Type::tunlinkat, "Tunlinkat", In::linux, {&M::fid, &M::name, &M::flags}},
        {Type::runlinkat, "Runlinkat", In::linux, {}},
    };
    return layouts;
}

const Layout* layout_of(Type type) {
    static const std::array<const Layout*, 256> by_type = [] {
        std::array<const Layout*, 256> index{};
        for (const Layout& layout : all_layouts()) {
            index[static_cast<std::size_t>(layout.type)] = &layout;
        }
        return index;
    }();
    return by_type[static_cast<std::size_t>(type)];
}

// Takes fields from the front of what is left; once it can't, `ok` stays false.
struct Reader {
    base::ByteView left;
    Dialect dialect;
    bool ok = true;

    template <typename Number>
    void number(Number& to) {
        if (left.size() < sizeof(Number)) {
            ok = false;
            return;
        }
        std::uint64_t value = 0;
        for (std::size_t i = sizeof(Number); i > 0; --i) {
            value = (value << 8U) | left[i - 1];
        }
        to = static_cast<Number>(value);
        left = left.subspan(sizeof(Number));
    }
    void bytes(base::ByteView& to, std::size_t count) {
        if (!ok || left.size() < count) {
            ok = false;
            return;
        }
        to = left.first(count);
        left = left.subspan(count);
    }
    void text(std::string_view& to) {
        std::uint16_t size = 0;
        number(size);
        base::ByteView view;
        bytes(view, size);
        to = base::as_text(view);
        ok = ok && to.find('\0') == std::string_view::npos;
    }
    void time(Time& to) {
        number(to.seconds);
        number(to.nanoseconds);
    }
    void qid(Qid& to) {
        number(to.type);
        number(to.version);
        number(to.path);
    }
    // Its size, then itself, which must be as long.
    void stat(Stat& to) {
        std::uint16_t size = 0;
        number(size);
        base::ByteView inside;
        bytes(inside, size);
        Reader in{inside, dialect, ok};
        in.number(to.type);
        in.number(to.dev);
        in.qid(to.qid);
        in.number(to.mode);
        in.number(to.atime);
        in.number(to.mtime);
        in.number(to.length);
        in.text(to.name);
        in.text(to.uid);
        in.text(to.gid);
        in.text(to.muid);
        ok = in.ok && in.left.empty();
    }
    void lock(Lock& to, bool with_flags) {
        number(to.type);
        if (with_flags) {
            number(to.flags);
        }
        number(to.start);
        number(to.length);
        number(to.proc_id);
        text(to.client_id);
    }
};

struct ReadField {
    Reader& in;
    Message& to;

    void operator()(std::uint8_t M::*at) const { in.number(to.*at); }
    void operator()(std::uint16_t M::*at) const { in.number(to.*at); }
    void operator()(std::uint32_t M::*at) const { in.number(to.*at); }
    void operator()(std::uint64_t M::*at) const { in.number(to.*at); }
    void operator()(std::string_view M::*at) const { in.text(to.*at); }
    void operator()(Qid M::*at) const { in.qid(to.*at); }
    void operator()(Sixteen<std::string_view> M::*at) const {
        list(to.*at, [this](std::string_view& name) { in.text(name); });
    }
    void operator()(Sixteen<Qid> M::*at) const {
        list(to.*at, [this](Qid& qid) { in.qid(qid); });
    }
    void operator()(Attributes M::*at) const {
        Attributes& a = to.*at;
        in.number(a.valid);
        in.qid(a.qid);
        in.number(a.mode);
        in.number(a.uid);
        in.number(a.gid);
        for (std::uint64_t* each : {&a.nlink, &a.rdev, &a.size, &a.blksize, &a.blocks}) {
            in.number(*each);
        }
        for (Time* each : {&a.atime, &a.mtime, &a.ctime, &a.btime}) {
            in.time(*each);
        }
        in.number(a.gen);
        in.number(a.data_version);
    }
    void operator()(NewAttributes M::*at) const {
        NewAttributes& a = to.*at;
        for (std::uint32_t* each : {&a.valid, &a.mode, &a.uid, &a.gid}) {
            in.number(*each);
        }
        in.number(a.size);
        in.time(a.atime);
        in.time(a.mtime);
    }
    void operator()(FileSystem M::*at) const {
        FileSystem& f = to.*at;
        in.number(f.type);
        in.number(f.bsize);
        for (std::uint64_t* each : {&f.blocks, &f.bfree, &f.bavail, &f.files, &f.ffree, &f.fsid}) {
            in.number(*each);
        }
        in.number(f.namelen);
    }
    void operator()(Lock M::*at) const { in.lock(to.*at, true); }
    void operator()(GetLock /*unused*/) const { in.lock(to.lock, false); }
    void operator()(DataField /*unused*/) const {
        in.number(to.count);
        in.bytes(to.data, to.count);
    }
    void operator()(SizedStat /*unused*/) const {
        std::uint16_t size = 0;
        in.number(size);
        const std::size_t before = in.left.size();
        in.stat(to.stat);
        in.ok = in.ok && before - in.left.size() == size;
    }
    void operator()(OnlyLinux field) const {
        if (in.dialect == Dialect::linux) {
            in.number(to.*field.number);
        }
    }
    void operator()(Perhaps field) const {
        if (!in.left.empty()) {
            in.number(to.*field.number);
        }
    }

private:
    template <typename Element, typename Read>
    void list(Sixteen<Element>& elements, Read read) const {
        std::uint16_t count = 0;
        in.number(count);
        if (count > most_names) {
            in.ok = false;
            return;
        }
        for (std::uint16_t i = 0; i < count && in.ok; ++i) {
            read(elements.at[i]);
        }
        elements.count = count;
    }
};

struct Writer {
    base::Bytes& out;
    Dialect dialect;

    template <typename Number>
    void number(Number value) {
        for (std::size_t i = 0; i < sizeof(Number); ++i) {
            out.push_back(
                static_cast<std::uint8_t>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xffU));
        }
    }
    void text(std::string_view value) {
        const std::string_view most = value.substr(0, 0xffff);
        number(static_cast<std::uint16_t>(most.size()));
        base::append(out, base::as_bytes(most));
    }
    void qid(const Qid& value) {
        number(value.type);
        number(value.version);
        number(value.path);
    }
    void time(const Time& value) {
        number(value.seconds);
        number(value.nanoseconds);
    }
    void stat(const Stat& value) {
        const std::size_t start = out.size();
        number(std::uint16_t{0});
        number(value.type);
        number(value.dev);
        qid(value.qid);
        number(value.mode);
        number(value.atime);
        number(value.mtime);
        number(value.length);
        for (const std::string_view each : {value.name, value.uid, value.gid, value.muid}) {
            text(each);
        }
        set16(start, out.size() - start - 2);
    }
    void lock(const Lock& value, bool with_flags) {
        number(value.type);
        if (with_flags) {
            number(value.flags);
        }
        number(value.start);
        number(value.length);
        number(value.proc_id);
        text(value.client_id);
    }
    void set16(std::size_t at, std::size_t value) {
        out[at] = static_cast<std::uint8_t>(value & 0xffU);
        out[at + 1] = static_cast<std::uint8_t>((value >> 8U) & 0xffU);
    }
};

struct WriteField {
    Writer& out;
    const Message& from;

    void operator()(std::uint8_t M::*at) const { out.number(from.*at); }
    void operator()(std::uint16_t M::*at) const { out.number(from.*at); }
    void operator()(std::uint32_t M::*at) const { out.number(from.*at); }
    void operator()(std::uint64_t M::*at) const { out.number(from.*at); }
    void operator()(std::string_view M::*at) const { out.text(from.*at); }
    void operator()(Qid M::*at) const { out.qid(from.*at); }
    void operator()(Sixteen<std::string_view> M::*at) const {
        out.number((from.*at).count);
        for (const std::string_view name : from.*at) {
            out.text(name);
        }
    }
    void operator()(Sixteen<Qid> M::*at) const {
        out.number((from.*at).count);
        for (const Qid& qid : from.*at) {
            out.qid(qid);
        }
    }
    void operator()(Attributes M::*at) const {
        const Attributes& a = from.*at;
        out.number(a.valid);
        out.qid(a.qid);
        out.number(a.mode);
        out.number(a.uid);
        out.number(a.gid);
        for (const std::uint64_t each : {a.nlink, a.rdev, a.size, a.blksize, a.blocks}) {
            out.number(each);
        }
        for (const Time& each : {a.atime, a.mtime, a.ctime, a.btime}) {
            out.time(each);
        }
        out.number(a.gen);
        out.number(a.data_version);
    }
    void operator()(NewAttributes M::*at) const {
        const NewAttributes& a = from.*at;
        for (const std::uint32_t each : {a.valid, a.mode, a.uid, a.gid}) {
            out.number(each);
        }
        out.number(a.size);
        out.time(a.atime);
        out.time(a.mtime);
    }
    void operator()(FileSystem M::*at) const {
        const FileSystem& f = from.*at;
        out.number(f.type);
        out.number(f.bsize);
        for (const std::uint64_t each : {f.blocks, f.bfree, f.bavail, f.files, f.ffree, f.fsid}) {
            out.number(each);
        }
        out.number(f.namelen);
    }
    void operator()(Lock M::*at) const { out.lock(from.*at, true); }
    void operator()(GetLock /*unused*/) const { out.lock(from.lock, false); }
    void operator()(DataField /*unused*/) const {
        out.number(static_cast<std::uint32_t>(from.data.size()));
        base::append(out.out, from.data);
    }
    void operator()(SizedStat /*unused*/) const {
        const std::size_t start = out.out.size();
        out.number(std::uint16_t{0});
        out.stat(from.stat);
        out.set16(start, out.out.size() - start - 2);
    }
    void operator()(OnlyLinux field) const {
        if (out.dialect == Dialect::linux) {
            out.number(from.*field.number);
        }
    }
    void operator()(Perhaps field) const { out.number(from.*field.number); }
};

bool has(In in, Dialect dialect) {
    return in == In::both || (in == In::linux) == (dialect == Dialect::linux);
}

base::Error malformed(std::string what) {
    return {"malformed", std::move(what)};
}

}  // namespace

std::string type_name(Type type) {
    const Layout* layout = layout_of(type);
    return layout != nullptr ? layout->name
                             : "9P message " + std::to_string(static_cast<unsigned>(type));
}

bool known(Type type, Dialect dialect) {
    const Layout* layout = layout_of(type);
    return layout != nullptr && has(layout->in, dialect);
}

base::Result<Message> read_message(base::ByteView whole, Dialect dialect) {
    Reader in{whole, dialect, true};
    std::uint32_t size = 0;
    std::uint8_t type = 0;
    Message message;
    in.number(size);
    in.number(type);
    in.number(message.tag);
    message.type = static_cast<Type>(type);
    if (!in.ok || size != whole.size()) {
        return malformed("a message whose size isn't its own");
    }
    const Layout* layout = layout_of(message.type);
    if (layout == nullptr || !has(layout->in, dialect)) {
        return malformed(type_name(message.type) + " is none of this dialect");
    }
    for (const Field& field : layout->fields) {
        std::visit(ReadField{in, message}, field);
        if (!in.ok) {
            return malformed(std::string(layout->name) + " is cut short, or says more than it has");
        }
    }
    if (!in.left.empty()) {
        return malformed(std::string(layout->name) + " has bytes behind its last field");
    }
    return message;
}

void append_message(base::Bytes& to, const Message& message, Dialect dialect) {
    const std::size_t start = to.size();
    Writer out{to, dialect};
    out.number(std::uint32_t{0});
    out.number(static_cast<std::uint8_t>(message.type));
    out.number(message.tag);
    if (const Layout* layout = layout_of(message.type)) {
        for (const Field& field : layout->fields) {
            std::visit(WriteField{out, message}, field);
        }
    }
    const std::size_t size = to.size() - start;
    out.set16(start, size & 0xffffU);
    out.set16(start + 2, size >> 16U);
}

void append_stat(base::Bytes& to, const Stat& stat) {
    Writer{to, Dialect::plain}.stat(stat);
}

bool take_stat(base::ByteView& bytes, Stat& stat) {
    Reader in{bytes, Dialect::plain, true};
    in.stat(stat);
    bytes = in.left;
    return in.ok;
}

void append_entry(base::Bytes& to, const LinuxEntry& entry) {
    Writer out{to, Dialect::linux};
    out.qid(entry.qid);
    out.number(entry.offset);
    out.number(entry.type);
    out.text(entry.name);
}

bool take_entry(base::ByteView& bytes, LinuxEntry& entry) {
    Reader in{bytes, Dialect::linux, true};
    in.qid(entry.qid);
    in.number(entry.offset);
    in.number(entry.type);
    in.text(entry.name);
    bytes = in.left;
    return in.ok;
}

base::Error MessageReader::too_long(std::uint32_t size) const {
    return malformed("a message of " + std::to_string(size) + " bytes: it must be of " +
                     std::to_string(message_header) + " to " + std::to_string(most_));
}

}  // namespace jetway::ninep
