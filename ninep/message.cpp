#include "ninep/message.h"

#include "ninep/layout.h"

namespace jetway::ninep {

namespace {

using M = Message;

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
    void moment(Time& to) {
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
            in.moment(*each);
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
        in.moment(a.atime);
        in.moment(a.mtime);
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

// Of a stat with its size, which Rstat counts in 16 bits.
constexpr std::size_t most_of_stat = 0xffff;

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
    void moment(const Time& value) {
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
        std::size_t room = most_of_stat - (out.size() - start) - 4 * 2;
        for (const std::string_view each : {value.name, value.uid, value.gid, value.muid}) {
            const std::string_view cut = each.substr(0, room);
            text(cut);
            room -= cut.size();
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
            out.moment(each);
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
        out.moment(a.atime);
        out.moment(a.mtime);
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

base::Error malformed(std::string what) {
    return {"malformed", std::move(what)};
}

}  // namespace

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
