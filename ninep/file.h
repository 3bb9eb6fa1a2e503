// File: what a fid stands for: a place in a tree, opened or not, in neither dialect. The session
// (session.h) turns each client's requests into calls of these, and their answers into messages.
//
//     File --walk--> another File            every fid has a File of its own
//      |  --open--> open --read, write, read_directory-->
//      +-- ~File: the fid was clunked, or its client is gone: lets go whatever it holds
//
// Every call is answered once, by its Reply, at once or later. A File and a Reply are used in the
// loop of their router alone. While a call is not answered the calls that came after it for the
// same fid wait, unless it parked.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "ninep/errors.h"
#include "ninep/message.h"

namespace jetway::ninep {

// One request of a client, as the session keeps it.
class Pending {
public:
    virtual ~Pending() = default;
    // The calls that wait behind it need not.
    virtual void park() = 0;
    // Reads and writes of the same fid that come behind it are begun meanwhile, for whoever works
    // on it does them in that order; anything else waits for it.
    virtual void overlap() = 0;
    // Called once when the client flushes the request. Whoever sets it answers all the same,
    // soon: with what came, or with EINTR. Without it a flushed request is just forgotten.
    virtual void on_flush(std::function<void()> flush) = 0;
    // Nobody waits for the answer any more: flushed and forgotten, clunked, or the client is gone.
    virtual bool dead() const = 0;
};

// The way to answer a call. Copies answer the same call; the first answer counts. When the last
// copy goes without one, that in on_flush()'s function included, the answer is EIO.
template <typename Value>
class Reply {
public:
    using Answer = std::function<void(base::Result<Value>)>;

    Reply(std::shared_ptr<Pending> pending, Answer answer)
        : state_(std::make_shared<State>(std::move(pending), std::move(answer))) {}

    void operator()(base::Result<Value> value) const { state_->give(std::move(value)); }
    void park() const { state_->pending->park(); }
    void overlap() const { state_->pending->overlap(); }
    void on_flush(std::function<void()> flush) const {
        state_->pending->on_flush(std::move(flush));
    }
    bool wanted() const { return state_->answer && !state_->pending->dead(); }
    const std::shared_ptr<Pending>& pending() const { return state_->pending; }

private:
    struct State {
        State(std::shared_ptr<Pending> of, Answer to)
            : pending(std::move(of)), answer(std::move(to)) {}
        ~State() { give(error("EIO")); }
        State(const State&) = delete;
        State& operator=(const State&) = delete;

        void give(base::Result<Value> value) {
            if (Answer once = std::exchange(answer, nullptr)) {
                once(std::move(value));
            }
        }

        std::shared_ptr<Pending> pending;
        Answer answer;
    };
    std::shared_ptr<State> state_;
};

struct Done {};

// How a file is opened.
struct OpenMode {
    bool read = false;
    bool write = false;
    bool execute = false;          // reads as well
    bool truncate = false;         // OTRUNC, O_TRUNC
    bool remove_on_clunk = false;  // ORCLOSE
    bool append = false;           // O_APPEND
};

struct Opened {
    Qid qid;
    std::uint32_t iounit = 0;  // 0: as much as a message holds
};

class File;

struct Walked {
    std::vector<Qid> qids;       // of each name that was found
    std::unique_ptr<File> file;  // only when all were
};

// What stat and getattr tell, with the permissions and the kind as st_mode has them.
struct About {
    Qid qid;
    std::uint32_t mode = 0;
    std::string name;
    std::string uid, gid, muid;  // names; numbers as text where only those are known
    std::uint32_t n_uid = 0, n_gid = 0;
    std::uint64_t length = 0, links = 1, rdev = 0, block_size = 4096, blocks = 0;
    Time accessed, modified, changed;
};

// What wstat and setattr ask for; what is not set is not touched.
struct Changes {
    bool mode_set = false, uid_set = false, gid_set = false, length_set = false, name_set = false,
         accessed_set = false, modified_set = false;
    bool accessed_given = false, modified_given = false;  // not: to the server's time
    std::uint32_t mode = 0;                               // st_mode's permissions
    std::uint32_t n_uid = 0, n_gid = 0;
    std::string gid;  // 9P2000 alone
    std::uint64_t length = 0;
    std::string name;
    Time accessed, modified;
    bool directory = false;  // what is changed is one

    bool nothing() const {
        return !mode_set && !uid_set && !gid_set && !length_set && !name_set && !accessed_set &&
               !modified_set;
    }
    // Nothing but a length of 0 and times: what a shell's `>` and `touch` ask for.
    bool truncates_only() const {
        return !mode_set && !uid_set && !gid_set && !name_set && (!length_set || length == 0);
    }
};

struct DirectoryEntry {
    std::string name;
    Qid qid;
    std::uint8_t type = 0;   // DT_DIR 4, DT_REG 8, DT_LNK 10
    std::uint64_t next = 0;  // the cookie that goes on behind it; never 0
    About about;             // where it was asked for
};

// What is asked of a directory.
struct DirectoryRead {
    std::uint64_t cookie = 0;  // 0: from the beginning
    std::uint32_t bytes = 0;   // the room for entries in a message
    bool about = false;        // of each entry as well (9P2000)
};

struct NewFile {
    std::string name;
    std::uint32_t mode = 0;  // st_mode, S_IFDIR for a directory (9P2000 alone)
    OpenMode open;
    std::uint32_t gid = 0;  // .L alone
};

class File {
public:
    using Names = std::vector<std::string>;

    virtual ~File() = default;

    virtual Qid qid() const = 0;
    // Whether the fid has been opened or created.
    bool is_open() const { return open_; }
    const OpenMode& mode() const { return mode_; }
    // By the session, when open() or create() was answered well.
    void set_open(const OpenMode& mode) {
        open_ = true;
        mode_ = mode;
    }

    // At most 16 names, each checked for its form; none: another File of the same place. An error
    // when the first isn't there; `file` missing in the answer when a later one isn't.
    virtual void walk(const Names& names, Reply<Walked> reply) = 0;
    virtual void open(const OpenMode& mode, Reply<Opened> reply) = 0;
    // At most `count` bytes.
    virtual void read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) = 0;
    virtual void write(std::uint64_t offset, base::Bytes data, Reply<std::uint32_t> reply) = 0;
    // At least one entry, or none at the end. Entries may be more than have room: what is left of
    // them is asked for again.
    virtual void read_directory(const DirectoryRead& what,
                                Reply<std::vector<DirectoryEntry>> reply);
    virtual void about(Reply<About> reply) = 0;
    virtual void change(const Changes& changes, Reply<Done> reply);  // EACCES unless overridden
    // This File, a directory, becomes the new file, and open.
    virtual void create(const NewFile& what, Reply<Opened> reply);  // EACCES
    // The File goes after that, whatever the answer.
    virtual void remove(Reply<Done> reply);  // EACCES
    // As well.
    virtual void clunk(Reply<Done> reply) { reply(Done{}); }
    virtual void sync(Reply<Done> reply) { reply(Done{}); }
    // The requests of .L that only trees of instances know (Tsymlink, Tmknod, Trename, Treadlink,
    // Txattr…, Tlock, Tgetlock, Tlink, Tmkdir, Trenameat, Tunlinkat, Tstatfs), as the message is,
    // with `second` for its second fid. The answer is the fields of its answer; views in it must
    // last as long as `Special` does.
    struct Special {
        Message message;
        base::Bytes bytes;           // what the message's views point into
        std::unique_ptr<File> file;  // of Txattrwalk's newfid
    };
    virtual void special(const Message& request, File* second, Reply<Special> reply);

private:
    bool open_ = false;
    OpenMode mode_;
};

// The names in a path, any number of slashes between and around them.
File::Names names_in(std::string_view path);

}  // namespace jetway::ninep
