// FakeTree: a small tree of Files, each with a manner that real ones have: it parks, answers later,
// fails its clunk, wants to be told of a flush. It counts the Files that live, and keeps what they
// were told, in order.
//
//     /text      "hello, world\n", and what is written is kept
//     /empty
//     /locked    may not be opened
//     /many/     300 files: 000, 001, …
//     /park      a read parks until the tree answers it
//     /hook      as well, and a flush makes it answer EINTR, or what the tree says
//     /late/     walk, open and everything else of it are answered when the tree says so
//     /stuck     its clunk is an error
#pragma once

#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ninep/file.h"

namespace jetway::tests {

using ninep::error;
using ninep::Reply;

struct FakeTree {
    std::size_t live = 0;          // Files
    std::vector<std::string> log;  // "read text 0 4"
    std::deque<std::function<void()>> later;
    std::deque<Reply<base::Bytes>> parked;
    std::deque<Reply<base::Bytes>> flushed;  // of those, what a flush asks to answer
    bool answers_flushes = true;             // with EINTR, at once
    std::string written;                     // to /text, at its offset
    std::uint64_t offset = 0;                // of the last write

    void answer_later() {
        auto all = std::exchange(later, {});
        for (const std::function<void()>& each : all) {
            each();
        }
    }
    void answer_parked(std::string_view data) {
        auto all = std::exchange(parked, {});
        for (const Reply<base::Bytes>& each : all) {
            const base::ByteView bytes = base::as_bytes(data);
            each(base::Bytes(bytes.begin(), bytes.end()));
        }
    }
    std::size_t count(const std::string& line) const {
        return static_cast<std::size_t>(std::count(log.begin(), log.end(), line));
    }
};

class FakeFile final : public ninep::File {
public:
    static constexpr std::uint64_t many = 300;
    static constexpr std::string_view text = "hello, world\n";

    // `path` is "" for the root, else "text", "many/000", ….
    FakeFile(FakeTree& tree, std::string path) : tree_(tree), path_(std::move(path)) {
        ++tree_.live;
    }
    ~FakeFile() override { --tree_.live; }
    FakeFile(const FakeFile&) = delete;
    FakeFile& operator=(const FakeFile&) = delete;

    ninep::Qid qid() const override { return *qid_of(path_); }

    void walk(const Names& names, Reply<ninep::Walked> reply) override {
        tell("walk", std::to_string(names.size()));
        ninep::Walked walked;
        std::string at = path_;
        for (const std::string& name : names) {
            const std::size_t slash = at.rfind('/');
            std::string next = at.empty() ? name : at + "/" + name;
            if (name == "..") {
                next = slash == std::string::npos ? "" : at.substr(0, slash);
            }
            const std::optional<ninep::Qid> found = qid_of(next);
            if (!found) {
                break;
            }
            at = next;
            walked.qids.push_back(*found);
        }
        if (walked.qids.empty() && !names.empty()) {
            return give<ninep::Walked>(reply, error("ENOENT"));
        }
        if (walked.qids.size() == names.size()) {
            walked.file = std::make_unique<FakeFile>(tree_, at);
        }
        if (!is_late()) {
            return reply(std::move(walked));
        }
        const auto kept = std::make_shared<ninep::Walked>(std::move(walked));
        tree_.later.emplace_back([reply, kept] { reply(std::move(*kept)); });
    }

    void open(const ninep::OpenMode& mode, Reply<ninep::Opened> reply) override {
        tell("open", mode.write ? "w" : "r");
        if (path_ == "locked") {
            return reply(error("EACCES"));
        }
        give<ninep::Opened>(reply, ninep::Opened{qid(), path_ == "text" ? 0xffff'ffff : 0});
    }

    void read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) override {
        tell("read", std::to_string(offset) + " " + std::to_string(count));
        if (path_ == "park" || path_ == "hook") {
            if (path_ == "hook") {
                reply.on_flush([this, reply] { flush(reply); });
            }
            tree_.parked.push_back(reply);
            return reply.park();
        }
        const std::string_view all = path_ == "empty" ? "" : text;
        const std::string_view part =
            offset < all.size() ? all.substr(offset, count) : std::string_view();
        const base::ByteView bytes = base::as_bytes(part);
        give<base::Bytes>(reply, base::Bytes(bytes.begin(), bytes.end()));
    }

    void write(std::uint64_t offset, base::Bytes data, Reply<std::uint32_t> reply) override {
        tell("write", std::to_string(offset) + " " + std::to_string(data.size()));
        tree_.offset = offset;
        tree_.written = base::as_text(data);
        give<std::uint32_t>(reply, static_cast<std::uint32_t>(data.size()));
    }

    void read_directory(const ninep::DirectoryRead& what,
                        Reply<std::vector<ninep::DirectoryEntry>> reply) override {
        tell("list", std::to_string(what.cookie));
        std::vector<ninep::DirectoryEntry> entries;
        if (path_ == "many") {
            std::size_t room = std::max<std::size_t>(what.bytes, 31);  // at least one
            for (std::uint64_t i = what.cookie; i < many && room > 30; ++i, room -= 30) {
                entries.push_back(entry(path_ + "/" + number(i), i + 1));
            }
        }
        give<std::vector<ninep::DirectoryEntry>>(reply, std::move(entries));
    }

    void about(Reply<ninep::About> reply) override { give<ninep::About>(reply, about_of(path_)); }

    void change(const ninep::Changes& changes, Reply<ninep::Done> reply) override {
        tell("change", std::to_string(changes.length));
        changes.truncates_only() ? reply(ninep::Done{}) : reply(error("EACCES"));
    }

    void clunk(Reply<ninep::Done> reply) override {
        tell("clunk", "");
        if (path_ == "stuck") {
            return reply(error("EIO"));
        }
        give<ninep::Done>(reply, ninep::Done{});
    }

    void special(const ninep::Message& request, File* second, Reply<Special> reply) override {
        tell("special", ninep::type_name(request.type));
        if (request.type != ninep::Type::txattrwalk || path_ != "text") {
            return File::special(request, second, reply);
        }
        Special done;
        done.message.size = 3;
        done.file = std::make_unique<FakeFile>(tree_, "empty");
        reply(std::move(done));
    }

    static std::string number(std::uint64_t i) {
        std::string digits = std::to_string(1000 + i);
        return digits.substr(1);
    }

private:
    bool is_late() const { return path_.starts_with("late"); }

    void tell(const char* what, const std::string& how) const {
        if (tree_.log.size() < 10'000) {
            tree_.log.push_back(std::string(what) + " " + (path_.empty() ? "/" : path_) +
                                (how.empty() ? "" : " ") + how);
        }
    }

    // Now, or when the tree says so.
    template <typename Value>
    void give(const Reply<Value>& reply, base::Result<Value> value) const {
        if (!is_late()) {
            return reply(std::move(value));
        }
        const auto kept = std::make_shared<base::Result<Value>>(std::move(value));
        tree_.later.emplace_back([reply, kept] { reply(std::move(*kept)); });
    }

    void flush(const Reply<base::Bytes>& reply) const {
        tell("flush", "");
        if (tree_.answers_flushes) {
            reply(error("EINTR"));
        } else {
            tree_.flushed.push_back(reply);
        }
    }

    // Of what there is; nothing: there is no such file.
    static std::optional<ninep::Qid> qid_of(const std::string& path) {
        using ninep::Qid;
        using ninep::qid_type::directory;
        static const std::map<std::string, Qid> files = {
            {"", {directory, 0, 1}}, {"text", {0, 0, 2}},         {"empty", {0, 0, 3}},
            {"locked", {0, 0, 4}},   {"many", {directory, 0, 5}}, {"park", {0, 0, 6}},
            {"hook", {0, 0, 7}},     {"late", {directory, 0, 8}}, {"late/text", {0, 0, 9}},
            {"stuck", {0, 0, 10}},
        };
        if (path.starts_with("many/") && path.size() == 8) {
            for (std::uint64_t i = 0; i < many; ++i) {
                if (path.substr(5) == number(i)) {
                    return Qid{0, 0, 1000 + i};
                }
            }
        }
        const auto found = files.find(path);
        return found != files.end() ? std::optional(found->second) : std::nullopt;
    }

    static ninep::About about_of(const std::string& path) {
        ninep::About about;
        about.qid = *qid_of(path);
        about.mode = about.qid.is_directory() ? 040555 : 0100644;
        const std::size_t slash = path.rfind('/');
        about.name = path.empty() ? "/" : path.substr(slash == std::string::npos ? 0 : slash + 1);
        about.uid = about.gid = "glenda";
        about.n_uid = about.n_gid = 1000;
        about.length = path == "text" ? text.size() : 0;
        return about;
    }

    static ninep::DirectoryEntry entry(const std::string& path, std::uint64_t next) {
        ninep::DirectoryEntry entry;
        entry.about = about_of(path);
        entry.name = entry.about.name;
        entry.qid = entry.about.qid;
        entry.type = 8;
        entry.next = next;
        return entry;
    }

    FakeTree& tree_;
    std::string path_;
};

}  // namespace jetway::tests
