// The part of Session that runs a request: from its message to a call of its File, and back.
#include <algorithm>

#include "ninep/call.h"
#include "ninep/session.h"
#include "ninep/translate.h"

namespace jetway::ninep {

namespace {

constexpr std::uint32_t write_header = 24;  // IOHDRSZ: what a write needs beside its data

bool valid_name(std::string_view name) {
    return !name.empty() && name != "." && name.find('/') == std::string_view::npos;
}

bool is_directory(const File& file) {
    return file.qid().is_directory();
}

}  // namespace

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
    const File::Names names = names_in(request.aname);
    if (names.size() > most_names ||
        std::any_of(names.begin(), names.end(),
                    [](const std::string& name) { return !valid_name(name); })) {
        answer(call, error("ENOENT"));
        return;
    }
    const Fid fid = request.fid;
    const std::size_t asked = names.size();
    call->start = std::move(*root);
    call->start->walk(names, reply<Walked>(call, [this, call, fid, asked](Walked walked) {
                          if (walked.file == nullptr || walked.qids.size() != asked) {
                              answer(call, error("ENOENT"));
                              return;
                          }
                          Message done = call->answer();
                          done.qid = walked.file->qid();
                          settle(fid, std::move(walked.file));
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
    if (newfid == fid && names.empty()) {
        Message done = call->answer();
        answer(call, done);
        return;
    }
    if (newfid != fid && !reserve(call, newfid)) {
        return;
    }
    const std::size_t asked = names.size();
    fids_[fid].file->walk(
        names, reply<Walked>(call, [this, call, newfid, asked](Walked walked) {
            if (walked.qids.size() > asked || (walked.qids.empty() && asked > 0)) {
                answer(call, error("ENOENT"));
                return;
            }
            if (walked.qids.size() == asked && walked.file == nullptr) {
                answer(call, error("EIO"));
                return;
            }
            if (walked.qids.size() == asked) {
                settle(newfid, std::move(walked.file));
            }
            Message done = call->answer();
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
            Message done = call->answer();
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
                        Message done = call->answer();
                        done.qid = opened.qid;
                        done.iounit = std::min(opened.iounit, msize_ - write_header);
                        answer(call, done);
                    }));
    }
}

void Session::run_write(const CallPtr& call, const Message& request) {
    File& file = *file_of(request.fid);
    if (!file.is_open() || !file.mode().write) {
        answer(call, error("EBADF", "bad use of fid"));
        return;
    }
    file.write(request.offset, base::Bytes(request.data.begin(), request.data.end()),
               reply<std::uint32_t>(call, [this, call](std::uint32_t count) {
                   Message done = call->answer();
                   done.count = count;
                   answer(call, done);
               }));
}

// The fid goes whatever the answer is.
void Session::run_clunk(const CallPtr& call, const Message& request) {
    const Fid fid = request.fid;
    call->effective = true;
    end_calls_of(fid);
    File& file = *file_of(fid);
    const Reply<Done> then(call, [this, call, fid](base::Result<Done> done) {
        if (call->dead()) {
            return;
        }
        if (done) {
            put(call->answer());
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
        Message done = call->answer();
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
    const Reply<Done> then = reply<Done>(call, [this, call](Done) {
        Message done = call->answer();
        answer(call, done);
    });
    if (request.type == Type::tfsync) {
        file.sync(then);
        return;
    }
    base::Result<Changes> changes =
        request.type == Type::twstat ? read_wstat(request.stat)
                                     : base::Result<Changes>(read_setattr(request.new_attributes));
    if (changes) {
        changes->directory = is_directory(file);
    }
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
    const bool takes = request.type == Type::trename || request.type == Type::tlink ||
                       request.type == Type::trenameat;
    File* second = takes ? file_of(request.newfid) : nullptr;
    if (takes && second == nullptr) {
        answer(call, error("EBADF"));
        return;
    }
    if (makes && request.newfid != request.fid && !reserve(call, request.newfid)) {
        return;
    }
    const Fid newfid = request.newfid;
    file_of(request.fid)
        ->special(request, second,
                  reply<File::Special>(call, [this, call, makes, newfid](File::Special special) {
                      if (makes && special.file == nullptr) {
                          answer(call, error("EIO"));
                          return;
                      }
                      if (makes) {
                          settle(newfid, std::move(special.file));
                      }
                      special.message.type = answer_of(call->type);
                      answer(call, special.message);
                  }));
}

}  // namespace jetway::ninep
