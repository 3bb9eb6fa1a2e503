// Speaker: the other end of a Session, which speaks one dialect in exact bytes (wire.h). What the
// session's files are is for others (client.h, tree_client.h).
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <initializer_list>
#include <memory>
#include <optional>

#include "ninep/session.h"
#include "tests/ninep/hex.h"
#include "tests/ninep/wire.h"

namespace jetway::tests {

using ninep::Dialect;

inline constexpr std::array dialects = {Dialect::plain, Dialect::linux};
inline constexpr unsigned none = 0xffff;  // NOTAG

// Whole messages in hexadecimal, a line each; what is left over is a line of its own.
inline std::string shown(std::string_view bytes) {
    std::string lines;
    while (!bytes.empty()) {
        std::size_t size = bytes.size();
        if (bytes.size() >= 4) {
            std::size_t said = 0;
            for (std::size_t i = 4; i > 0; --i) {
                said = said * 256 + static_cast<std::uint8_t>(bytes[i - 1]);
            }
            size = std::min(size, std::max<std::size_t>(said, 4));
        }
        lines += hex_of(base::as_bytes(bytes.substr(0, size))) + "\n";
        bytes.remove_prefix(size);
    }
    return lines;
}

template <typename... Fields>
std::string line(unsigned type, unsigned tag, const Fields&... fields) {
    return shown(wire(type, tag, fields...));
}

class Speaker {
public:
    explicit Speaker(Dialect speaks) : dialect(speaks) {}
    Speaker(const Speaker&) = delete;
    Speaker& operator=(const Speaker&) = delete;

    // What comes back at once.
    std::string ask(std::string_view bytes) {
        session->on_bytes(base::as_bytes(bytes));
        return answers();
    }
    std::string answers() {
        const base::Bytes out = session->take_output();
        return shown(base::as_text(out));
    }
    std::string raw(std::string_view bytes) {
        session->on_bytes(base::as_bytes(bytes));
        const base::Bytes out = session->take_output();
        return std::string(base::as_text(out));
    }

    bool linux() const { return dialect == Dialect::linux; }
    std::string version(std::uint64_t msize = 8192) const {
        return wire(100, none, u32(msize), s(linux() ? "9P2000.L" : "9P2000"));
    }
    std::string attach(unsigned tag, unsigned fid, std::string_view aname = "",
                       std::uint32_t afid = 0xffff'ffff) const {
        return wire(104, tag, u32(fid), u32(afid), s("glenda"), s(aname),
                    linux() ? u32(1000) : std::string());
    }
    std::string walk(unsigned tag, unsigned fid, unsigned newfid,
                     std::initializer_list<std::string_view> names) const {
        std::string all;
        for (const std::string_view name : names) {
            all += s(name);
        }
        return wire(110, tag, u32(fid), u32(newfid), u16(names.size()), all);
    }
    // 0 to read, 1 to write, 2 both; other bits as the dialect has them.
    std::string open(unsigned tag, unsigned fid, std::uint32_t mode = 0) const {
        return linux() ? wire(12, tag, u32(fid), u32(mode)) : wire(112, tag, u32(fid), u8(mode));
    }
    std::string opened(unsigned tag, const std::string& qid, std::uint32_t iounit = 0) const {
        return line(linux() ? 13 : 113, tag, qid, u32(iounit));
    }
    std::string read(unsigned tag, unsigned fid, std::uint64_t offset, std::uint32_t count) const {
        return wire(116, tag, u32(fid), u64(offset), u32(count));
    }
    static std::string got(unsigned tag, std::string_view data) {
        return line(117, tag, u32(data.size()), std::string(data));
    }
    static std::string write(unsigned tag, unsigned fid, std::uint64_t offset,
                             std::string_view data) {
        return wire(118, tag, u32(fid), u64(offset), u32(data.size()), std::string(data));
    }
    static std::string clunk(unsigned tag, unsigned fid) { return wire(120, tag, u32(fid)); }
    static std::string clunked(unsigned tag) { return line(121, tag); }
    static std::string flush(unsigned tag, unsigned old) { return wire(108, tag, u16(old)); }
    static std::string flushed(unsigned tag) { return line(109, tag); }
    std::string create(unsigned tag, unsigned fid, std::string_view name) const {
        return linux() ? wire(14, tag, u32(fid), s(name), u32(0102), u32(0644), u32(1000))
                       : wire(114, tag, u32(fid), s(name), u32(0644), u8(1));
    }
    std::string stat(unsigned tag, unsigned fid) const {
        return linux() ? wire(24, tag, u32(fid), u64(0x7ff)) : wire(124, tag, u32(fid));
    }
    std::string refused(unsigned tag, std::string_view words, std::uint32_t number) const {
        return linux() ? line(7, tag, u32(number)) : line(107, tag, s(words));
    }
    std::string unknown_fid(unsigned tag) const {
        return refused(tag, "fid unknown or out of range", 9);
    }
    std::string bad_use(unsigned tag) const { return refused(tag, "bad use of fid", 9); }

    // `fid` becomes the file of that name, open.
    void have(unsigned fid, std::string_view name, std::uint32_t mode = 0) {
        have_closed(fid, name);
        const std::string answer = raw(open(900, fid, mode));
        REQUIRE(answer.size() > 4);
        REQUIRE(static_cast<std::uint8_t>(answer[4]) == (linux() ? 13 : 113));
    }
    void have_closed(unsigned fid, std::string_view name) {
        const std::string answer = raw(walk(900, 0, fid, {name}));
        REQUIRE(answer.size() > 4);
        REQUIRE(static_cast<std::uint8_t>(answer[4]) == 111);
    }

    const Dialect dialect;
    ninep::SessionCounters counters;
    std::unique_ptr<ninep::Session> session;
};

}  // namespace jetway::tests
