// The part of Session that runs a request: from its message to a call of its File, and back.
#include <algorithm>

#include "ninep/call.h"
#include "ninep/session.h"
#include "ninep/translate.h"

namespace jetway::ninep {

namespace {

constexpr std::uint32_t read_header = 11;   // of Rread: size, type, tag, count
constexpr std::uint32_t write_header = 24;  // IOHDRSZ: what a write needs beside its data

bool valid_name(std::string_view name) {
    return !name.empty() && name != "." && name.find('/') == std::string_view::npos;
}

Message answer_to(Type request) {
    Message message;
    message.type = answer_of(request);
    return message;
}

bool is_directory(const File& file) {
    return file.qid().is_directory();
}

}  // namespace

template <typename Value, typename Then>
Reply<Value> Session::reply(const CallPtr& call, Then then) {
    return Reply<Value>(call, [this, call, then](base::Result<Value> value) {
        if (call->dead()) {
            return;
        }
        if (!value) {
            answer(call, value.error());
        } else {
            then(std::move(*value));
        }
    });
}

void Session::run(const CallPtr& call, const Message& request) {
    if (request.type == Type::tattach) {
        run_attach(call, request);
        return;
    }
    if (file_of(request.fid) == nullptr) {
        answer(call, error("EBADF"));
        return;
    }
    switch (request.type) {
        case Type::twalk:
            run_walk(call, request);
            break;
        case Type::topen:
        case Type::tlopen:
            run_open(call, request);
            break;
        case Type::tcreate:
        case Type::tlcreate:
            run_create(call, request);
            break;
        case Type::tread:
            run_read(call, request);
            break;
        case Type::treaddir:
            run_read_entries(call, request);
            break;
        case Type::twrite:
            run_write(call, request);
            break;
        case Type::tclunk:
        case Type::tremove:
            run_clunk(call, request);
            break;
        case Type::tstat:
        case Type::tgetattr:
            run_stat(call, request);
            break;
        case Type::twstat:
        case Type::tsetattr:
        case Type::tfsync:
            run_change(call, request);
            break;
        default:
            run_special(call, request);
    }
}

void Session::run_attach(const CallPtr& call, const Message& request) {
    if (request.afid != no_fid) {
        answer(call, error("EBADF", "no authentication is needed: attach without an afid"));
        return;
    }
    if (!reserve(call, request.fid)) {
        return;
    }
    base::Result<std::unique_ptr<File>> root =
        on_attach_({.uname = std::string(request.uname), .n_uname = request.n_uname});
    if (!root) {
        answer(call, root.error());
        return;
    }
    File::Names names;
    std::string_view left = request.aname;
    while (!left.empty()) {
        const std::size_t end = std::min(left.find('/'), left.size());
        if (end > 0) {
            names.emplace_back(left.substr(0, end));
        }
        left.remove_prefix(std::min(end + 1, left.size()));
    }
    if (names.size() > most_names ||
        std::any_of(names.begin(), names.end(),
                    [](const std::string& name) { return !valid_name(name); })) {
        answer(call, error("ENOENT"));
        return;
    }
    const Fid fid = request.fid;
    const std::size_t asked = names.size();
    File& start = **root;
    buried_.push_back(std::move(*root));
    start.walk(names, reply<Walked>(call, [this, call, fid, asked](Walked walked) {
                   if (walked.file == nullptr || walked.qids.size() != asked) {
                       answer(call, error("ENOENT"));
                       return;
                   }
                   FidState& state = fids_[fid];
                   state.file = std::move(walked.file);
                   Message done = answer_to(Type::tattach);
                   done.qid = state.file->qid();
                   answer(call, done);
               }));
}

void Session::run_walk(const CallPtr& call, const Message& request) {
    FidState& state = fids_[request.fid];
    const Fid fid = request.fid;
    const Fid newfid = request.newfid;
    if (state.file->is_open() && dialect_ == Dialect::plain) {
        answer(call, error("EBADF", "bad use of fid"));
        return;
    }
    File::Names names;
    for (const std::string_view name : request.names) {
        if (!valid_name(name)) {
            answer(call, error("EINVAL"));
            return;
        }
        names.emplace_back(name);
    }
    if (!names.empty() && !is_directory(*state.file)) {
        answer(call, error("ENOTDIR"));
        return;
    }
    if (newfid != fid && !reserve(call, newfid)) {
        return;
    }
    const std::size_t asked = names.size();
    fids_[fid].file->walk(
        names, reply<Walked>(call, [this, call, fid, newfid, asked](Walked walked) {
            if (walked.qids.size() > asked || (walked.qids.empty() && asked > 0)) {
                answer(call, error("ENOENT"));
                return;
            }
            if (walked.file != nullptr && walked.qids.size() == asked) {
                FidState& made = fids_[newfid];
                if (made.file != nullptr) {
                    buried_.push_back(std::move(made.file));
                }
                made.file = std::move(walked.file);
                made.directory = {};
            }
            Message done = answer_to(Type::twalk);
            for (const Qid& qid : walked.qids) {
                done.qids.push_back(qid);
            }
            answer(call, done);
        }));
}

void Session::set_open(Fid fid, const OpenMode& mode) {
    if (File* file = file_of(fid)) {
        file->set_open(mode);
    }
}

void Session::run_open(const CallPtr& call, const Message& request) {
    constexpr std::uint32_t o_directory = 0200000;
    File& file = *file_of(request.fid);
    const bool linux = request.type == Type::tlopen;
    const std::optional<OpenMode> mode =
        linux ? read_linux_open(request.flags) : read_open(request.mode);
    if (file.is_open()) {
        answer(call, error("EBADF", "bad use of fid"));
    } else if (!mode) {
        answer(call, error("EINVAL", "illegal mode"));
    } else if (is_directory(file) && (mode->write || mode->truncate)) {
        answer(call, error("EISDIR"));
    } else if (linux && (request.flags & o_directory) != 0 && !is_directory(file)) {
        answer(call, error("ENOTDIR"));
    } else {
        const Fid fid = request.fid;
        file.open(*mode, reply<Opened>(call, [this, call, fid, mode](const Opened& opened) {
            set_open(fid, *mode);
            Message done = answer_to(call->type);
            done.qid = opened.qid;
            done.iounit = std::min(opened.iounit, msize_ - write_header);
            answer(call, done);
        }));
    }
}

void Session::run_create(const CallPtr& call, const Message& request) {
    File& file = *file_of(request.fid);
    const bool linux = request.type == Type::tlcreate;
    const std::optional<OpenMode> mode =
        linux ? read_linux_open(request.flags) : read_open(request.mode);
    if (!valid_name(request.name) || request.name == "..") {
        answer(call, error("EINVAL"));
    } else if (file.is_open()) {
        answer(call, error("EBADF", "bad use of fid"));
    } else if (!mode) {
        answer(call, error("EINVAL", "illegal mode"));
    } else if (!is_directory(file)) {
        answer(call, error("ENOTDIR"));
    } else {
        NewFile fresh;
        fresh.name = request.name;
        fresh.mode = linux ? (request.perm & ~s_ifmt) | s_ifreg : linux_mode(request.perm);
        fresh.open = *mode;
        fresh.gid = request.gid;
        const Fid fid = request.fid;
        file.create(fresh, reply<Opened>(call, [this, call, fid, mode](const Opened& opened) {
                        set_open(fid, *mode);
                        Message done = answer_to(call->type);
                        done.qid = opened.qid;
                        done.iounit = std::min(opened.iounit, msize_ - write_header);
                        answer(call, done);
                    }));
    }
}

void Session::run_read(const CallPtr& call, const Message& request) {
    File& file = *file_of(request.fid);
    const std::uint32_t count = std::min(request.count, msize_ - read_header);
    if (!file.is_open() || !(file.mode().read || file.mode().execute)) {
        answer(call, error("EBADF", "bad use of fid"));
        return;
    }
    if (!is_directory(file)) {
        file.read(
            request.offset, count, reply<base::Bytes>(call, [this, call, count](base::Bytes data) {
                Message done = answer_to(Type::tread);
                done.data = base::ByteView(data).first(std::min<std::size_t>(count, data.size()));
                answer(call, done);
            }));
        return;
    }
    if (dialect_ == Dialect::linux) {
        answer(call, error("EISDIR"));
        return;
    }
    DirectoryState& directory = fids_[request.fid].directory;
    if (request.offset == 0) {
        directory = {};
    } else if (request.offset != directory.offset) {
        answer(call, error("ESPIPE"));
        return;
    }
    read_stats(call, count);
}

// Entries for a 9P2000 client: those that had no room the last time, else more of them.
void Session::read_stats(const CallPtr& call, std::uint32_t count) {
    FidState& state = fids_[call->fid];
    DirectoryState& directory = state.directory;
    if (!directory.ahead.empty() || directory.at_end) {
        give_stats(call, count);
        return;
    }
    state.file->read_directory({.cookie = directory.cookie, .bytes = count, .about = true},
                               reply<std::vector<DirectoryEntry>>(
                                   call, [this, call, count](std::vector<DirectoryEntry> entries) {
                                       DirectoryState& now = fids_[call->fid].directory;
                                       now.at_end = entries.empty();
                                       if (!entries.empty()) {
                                           now.cookie = entries.back().next;
                                       }
                                       std::move(entries.begin(), entries.end(),
                                                 std::back_inserter(now.ahead));
                                       give_stats(call, count);
                                   }));
}

void Session::give_stats(const CallPtr& call, std::uint32_t count) {
    DirectoryState& directory = fids_[call->fid].directory;
    base::Bytes data;
    while (!directory.ahead.empty()) {
        const std::size_t before = data.size();
        append_stat(data, to_stat(directory.ahead.front().about));
        if (data.size() > count) {
            data.resize(before);
            if (before == 0) {
                answer(call, error("EINVAL", "the next entry is longer than that count"));
                return;
            }
            break;
        }
        directory.ahead.pop_front();
    }
    directory.offset += data.size();
    Message done = answer_to(Type::tread);
    done.data = data;
    answer(call, done);
}

void Session::run_read_entries(const CallPtr& call, const Message& request) {
    File& file = *file_of(request.fid);
    const std::uint32_t count = std::min(request.count, msize_ - read_header);
    if (!file.is_open()) {
        answer(call, error("EBADF"));
        return;
    }
    if (!is_directory(file)) {
        answer(call, error("ENOTDIR"));
        return;
    }
    file.read_directory(
        {.cookie = request.offset, .bytes = count, .about = false},
        reply<std::vector<DirectoryEntry>>(
            call, [this, call, count](const std::vector<DirectoryEntry>& entries) {
                base::Bytes data;
                for (const DirectoryEntry& entry : entries) {
                    const std::size_t before = data.size();
                    append_entry(data, {entry.qid, entry.next, entry.type, entry.name});
                    if (data.size() > count) {
                        data.resize(before);
                        break;
                    }
                }
                if (data.empty() && !entries.empty()) {
                    answer(call, error("EINVAL", "the next entry is longer than that count"));
                    return;
                }
                Message done = answer_to(Type::treaddir);
                done.data = data;
                answer(call, done);
            }));
}

void Session::run_write(const CallPtr& call, const Message& request) {
    File& file = *file_of(request.fid);
    if (!file.is_open() || !file.mode().write) {
        answer(call, error("EBADF", "bad use of fid"));
        return;
    }
    file.write(request.offset, base::Bytes(request.data.begin(), request.data.end()),
               reply<std::uint32_t>(call, [this, call](std::uint32_t count) {
                   Message done = answer_to(Type::twrite);
                   done.count = count;
                   answer(call, done);
               }));
}

// The fid goes whatever the answer is.
void Session::run_clunk(const CallPtr& call, const Message& request) {
    const Fid fid = request.fid;
    end_calls_of(fid);
    File& file = *file_of(fid);
    const Reply<Done> then(call, [this, call, fid](base::Result<Done> done) {
        if (call->dead()) {
            return;
        }
        if (FidState* state = state_of(fid)) {
            state->current = nullptr;
        }
        if (done) {
            Message answer = answer_to(call->type);
            answer.tag = call->tag;
            put(answer);
        } else {
            put_error(call->tag, done.error());
        }
        bury(fid);
        finish(call);
    });
    if (request.type == Type::tremove) {
        file.remove(then);
    } else {
        file.clunk(then);
    }
}

void Session::run_stat(const CallPtr& call, const Message& request) {
    const std::uint64_t mask = request.mask;
    file_of(request.fid)->about(reply<About>(call, [this, call, mask](const About& about) {
        Message done = answer_to(call->type);
        if (call->type == Type::tstat) {
            done.stat = to_stat(about);
        } else {
            done.attributes = to_attributes(about);
            done.attributes.valid &= mask;
        }
        answer(call, done);
    }));
}

void Session::run_change(const CallPtr& call, const Message& request) {
    File& file = *file_of(request.fid);
    const Reply<Done> then =
        reply<Done>(call, [this, call](Done) { answer(call, answer_to(call->type)); });
    if (request.type == Type::tfsync) {
        file.sync(then);
        return;
    }
    base::Result<Changes> changes =
        request.type == Type::twstat ? read_wstat(request.stat)
                                     : base::Result<Changes>(read_setattr(request.new_attributes));
    if (!changes) {
        answer(call, changes.error());
    } else if (changes->nothing()) {
        file.sync(then);
    } else if (changes->name_set && (!valid_name(changes->name) || changes->name == "..")) {
        answer(call, error("EINVAL"));
    } else {
        file.change(*changes, then);
    }
}

void Session::run_special(const CallPtr& call, const Message& request) {
    const bool makes = request.type == Type::txattrwalk;
    File* second = nullptr;
    if (request.newfid != no_fid && !makes) {
        second = file_of(request.newfid);
        if (second == nullptr) {
            answer(call, error("EBADF"));
            return;
        }
    }
    if (makes && request.newfid != request.fid && !reserve(call, request.newfid)) {
        return;
    }
    const Fid newfid = request.newfid;
    file_of(request.fid)
        ->special(request, second,
                  reply<File::Special>(call, [this, call, makes, newfid](File::Special special) {
                      if (makes && special.file != nullptr) {
                          FidState& made = fids_[newfid];
                          if (made.file != nullptr) {
                              buried_.push_back(std::move(made.file));
                          }
                          made.file = std::move(special.file);
                      }
                      special.message.type = answer_of(call->type);
                      answer(call, special.message);
                  }));
}

}  // namespace jetway::ninep
