// Session: one client's connection, as a state machine: bytes in, calls of Files, bytes out.
//
//     no version --Tversion--> versioned --Tattach--> fids --Twalk, Topen, …-->
//         ^                        |
//         +-- Tversion again: every fid is freed, every request ends unanswered
//
//     a request:  queued (the fid is busy) --> run --answer--> gone
//                                               | parked: the fid's next one runs meanwhile
//                                               | flushed: answered, or forgotten; then Rflush
//
// It promises what docs/svc.md says of fids, tags, flush and order, that no client can make it
// keep more than its limits, and that a File is let go when its fid is, or its client. What the
// files are is for others. It is broken after bytes that no 9P client sends: close the connection.
// Sources: Plan 9's manual, section 5; diod's protocol.md for 9P2000.L.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "ninep/file.h"
#include "ninep/message.h"

namespace jetway::ninep {

struct SessionLimits {
    std::uint32_t msize = 1U << 20U;  // bytes of a message
    std::size_t fids = 16'384;
    std::size_t requests = 1'024;     // not answered yet, those that wait among them
    std::size_t held = 8U << 20U;     // bytes of requests: when they are more, nothing more is read
    std::size_t output = 4U << 20U;   // bytes that are not written: as well
    std::size_t unread = 32U << 20U;  // bytes that are not written: then it is broken
};

// Who attaches, as they say themselves.
struct Attacher {
    std::string uname;
    std::uint32_t n_uname = no_uid;
};

// What all sessions of a server have done.
struct SessionCounters {
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;     // answers that were errors
    std::uint64_t refused = 0;    // of these: a limit was reached
    std::uint64_t malformed = 0;  // of these: no message, or none of the dialect
    std::uint64_t flushed = 0;
    std::uint64_t unread = 0;  // sessions that ended because nobody read the answers
};

class Session {
public:
    // The root that the user starts from, for an attach.
    using OnAttach = std::function<base::Result<std::unique_ptr<File>>(const Attacher&)>;

    // `counters` is borrowed.
    Session(const SessionLimits& limits, OnAttach on_attach, SessionCounters& counters);
    ~Session();  // the client is gone: what it asked is flushed, its files are let go
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // The next bytes of the stream. They are kept while wants_input() is false, and run when the
    // output was taken.
    void on_bytes(base::ByteView bytes);
    // What is to be written now. The caller says by it that earlier output has left.
    base::Bytes take_output();
    // Called whenever there is output where there was none, and when it breaks by itself.
    void on_output(std::function<void()> ready) { ready_ = std::move(ready); }
    std::size_t output_size() const { return out_.size(); }
    // False: more output waits, or more bytes of requests are not done, than the limits; don't
    // read from the client.
    bool wants_input() const { return out_.size() <= limits_.output && held_ <= limits_.held; }
    // Why the connection has to be closed; nothing while it is fine.
    const std::optional<base::Error>& broken() const { return broken_; }

    std::size_t fids() const { return fids_.size(); }
    std::size_t requests() const { return calls_.size(); }
    Dialect dialect() const { return dialect_; }

private:
    class Call;
    using CallPtr = std::shared_ptr<Call>;

    // A directory as a 9P2000 client reads it: in order, or from the beginning.
    struct DirectoryState {
        std::uint64_t offset = 0;  // of the next read
        std::uint64_t cookie = 0;
        bool at_end = false;
        std::deque<DirectoryEntry> ahead;  // that had no room
    };
    struct FidState {
        std::unique_ptr<File> file;  // null while a walk or an attach is making it
        CallPtr current;             // runs, and the others wait for it
        std::deque<CallPtr> waiting;
        std::vector<CallPtr> parked;
        std::vector<CallPtr> overlapped;  // run still, and reads and writes don't wait for them
        bool pumping = false;
        DirectoryState directory;
    };
    using Fids = std::unordered_map<Fid, FidState>;

    bool on_message(base::ByteView whole);
    void on_version(const Message& request);
    void on_flush(const Message& request);
    void reset();
    void begin(const Message& request, base::ByteView whole);
    void pump(Fid fid);
    void on_parked(Call& call);
    void on_overlap(Call& call);
    static bool may_begin(const FidState& state, Type type);
    void run(const CallPtr& call, const Message& request);
    // calls.cpp and reading.cpp
    void run_attach(const CallPtr& call, const Message& request);
    void run_walk(const CallPtr& call, const Message& request);
    void run_open(const CallPtr& call, const Message& request);
    void run_create(const CallPtr& call, const Message& request);
    void run_read(const CallPtr& call, const Message& request);
    void run_read_entries(const CallPtr& call, const Message& request);
    void read_stats(const CallPtr& call, std::uint32_t count);
    void give_stats(const CallPtr& call, std::uint32_t count);
    void run_write(const CallPtr& call, const Message& request);
    void run_clunk(const CallPtr& call, const Message& request);
    void run_stat(const CallPtr& call, const Message& request);
    void run_change(const CallPtr& call, const Message& request);
    void run_special(const CallPtr& call, const Message& request);
    void set_open(Fid fid, const OpenMode& mode);

    template <typename Value, typename Then>
    Reply<Value> reply(const CallPtr& call, Then then);
    // fids.cpp
    // The second fid of a walk or an attach is made, and nobody may use it yet. False: refused.
    bool reserve(const CallPtr& call, Fid fid);
    // What was walked to becomes the fid's, in place of what it was.
    void settle(Fid fid, std::unique_ptr<File> file);
    void bury(Fid fid);
    void bury(std::unique_ptr<File> file);
    File* file_of(Fid fid);
    FidState* state_of(Fid fid);
    void end_calls_of(Fid fid);

    void answer(const CallPtr& call, Message& message);
    void answer(const CallPtr& call, const base::Error& why);
    void finish(const CallPtr& call);
    void put(const Message& message);
    void check_output();
    void put_error(Tag tag, const base::Error& why);
    void reap();

    SessionLimits limits_;
    OnAttach on_attach_;
    SessionCounters& counters_;
    MessageReader reader_;
    bool versioned_ = false;
    Dialect dialect_ = Dialect::plain;
    std::uint32_t msize_ = 8192;
    Fids fids_;
    std::unordered_map<Tag, CallPtr> calls_;
    std::size_t held_ = 0;  // bytes of the requests in calls_
    base::Bytes out_;
    std::function<void()> ready_;
    std::optional<base::Error> broken_;
    std::vector<std::unique_ptr<File>> buried_;  // let go when nothing of theirs is running
};

}  // namespace jetway::ninep
