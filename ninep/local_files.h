// The kinds of files that the router itself serves: directories and texts made at open, and what
// all of them have in common. What stands in them is for route_files.cpp and service_files.cpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ninep/tree.h"

namespace jetway::ninep {

// Where a File is, and for whom.
struct LocalPlace {
    Tree& tree;
    Path path;
    std::shared_ptr<Client> client;
    Attacher attacher;
};

class LocalFile : public File {
public:
    explicit LocalFile(LocalPlace place, std::uint32_t permissions)
        : place_(std::move(place)), permissions_(permissions) {}

    Qid qid() const override;
    void walk(const Names& names, Reply<Walked> reply) override;
    // With the permissions asked of the mode: EACCES.
    void open(const OpenMode& mode, Reply<Opened> reply) override;
    void read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) override;
    void write(std::uint64_t offset, base::Bytes data, Reply<std::uint32_t> reply) override;
    void about(Reply<About> reply) override;
    // What a shell's `>` asks for is done by doing nothing, where the file can be written.
    void change(const Changes& changes, Reply<Done> reply) override;
    void special(const Message& request, File* second, Reply<Special> reply) override;

protected:
    Tree& tree() { return place_.tree; }
    const LocalPlace& place() const { return place_; }
    Client& client() { return *place_.client; }
    // The file is a directory.
    virtual bool directory() const { return false; }
    // Bytes, as stat tells.
    virtual std::uint64_t length() { return 0; }
    // Called at open; an error refuses it.
    virtual base::Result<void> begin(const OpenMode& mode);
    // The service that it belongs to has gone.
    bool removed();

private:
    LocalPlace place_;
    std::uint32_t permissions_;  // 0444 and the like; whoever may read or write, all may
};

class DirectoryFile final : public LocalFile {
public:
    explicit DirectoryFile(LocalPlace place) : LocalFile(std::move(place), 0555) {}
    void read_directory(const DirectoryRead& what,
                        Reply<std::vector<DirectoryEntry>> reply) override;

protected:
    bool directory() const override { return true; }
    base::Result<void> begin(const OpenMode& mode) override;

private:
    void fill(std::size_t first, const DirectoryRead& what,
              const Reply<std::vector<DirectoryEntry>>& reply);

    std::vector<std::string> names_;  // as of the open, `.` and `..` first
};

// A text that is made at open, and stays so for that open file.
class TextFile : public LocalFile {
public:
    using Make = std::function<base::Result<std::string>()>;
    TextFile(LocalPlace place, Make make, std::uint32_t permissions = 0444)
        : LocalFile(std::move(place), permissions), make_(std::move(make)) {}

    void read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) override;

protected:
    std::uint64_t length() override;
    base::Result<void> begin(const OpenMode& mode) override;
    // Made anew.
    base::Result<std::string> make() const { return make_(); }

private:
    Make make_;
    std::optional<std::string> text_;
};

// The part of `text` that a read asks for.
base::Bytes part_of(std::string_view text, std::uint64_t offset, std::uint32_t count);

// Reads that wait for something to come, in the order in which they came.
class ParkedReads {
public:
    // Whoever adds one serves it if that can be done now, and parks it after that.
    void add(std::uint32_t count, const Reply<base::Bytes>& reply) {
        std::erase_if(reads_, [](const Read& read) { return !read.reply.wanted(); });
        reads_.push_back({count, reply});
    }
    // Nothing will come.
    void end(const base::Error& why) {
        while (const std::optional<Read> read = take()) {
            read->reply(why);
        }
    }
    // The first that somebody still waits for, with its count; nothing: none.
    struct Read {
        std::uint32_t count;
        Reply<base::Bytes> reply;
    };
    std::optional<Read> take() {
        while (!reads_.empty()) {
            Read first = std::move(reads_.front());
            reads_.pop_front();
            if (first.reply.wanted()) {
                return first;
            }
        }
        return std::nullopt;
    }
    // How many bytes the first one wants; 0: there is none.
    std::uint32_t wanted() {
        while (!reads_.empty() && !reads_.front().reply.wanted()) {
            reads_.pop_front();
        }
        return reads_.empty() ? 0 : std::max(reads_.front().count, 1U);
    }

private:
    std::deque<Read> reads_;
};

}  // namespace jetway::ninep
