#include "ninep/instance.h"

#include <algorithm>
#include <utility>

#include "ninep/entries.h"
#include "ninep/errors.h"
#include "ninep/translate.h"

namespace jetway::ninep {

namespace {

constexpr std::uint32_t o_creat = 0100;            // of .L
constexpr std::uint64_t basic_attributes = 0x7ff;  // Tgetattr: all but btime, gen, data_version
constexpr int most_rounds = 16;                    // reads of a directory that list nothing

Message request_of(Type type, Fid fid) {
    Message request;
    request.type = type;
    request.fid = fid;
    return request;
}

}  // namespace

Instance::Instance(const ExchangeOptions& options, std::size_t most_fids)
    : exchange_(options), most_fids_(most_fids) {
    exchange_.on_fid([this](Fid fid, bool exists, bool awaited) { on_fid(fid, exists, awaited); });
}

base::Result<Fid> Instance::new_fid() {
    Fid fid = 0;
    if (!free_.empty()) {
        fid = free_.back();
        free_.pop_back();
    } else if (fids_.size() < most_fids_) {
        fid = static_cast<Fid>(fids_.size());
        fids_.emplace_back();
    } else {
        return base::Error{"not-sent", "too many files are in use at the instance"};
    }
    fids_[fid] = FidState{};
    fids_[fid].taken = true;
    return fid;
}

void Instance::on_fid(Fid fid, bool exists, bool awaited) {
    if (!exists) {
        fids_[fid] = FidState{};
        free_.push_back(fid);
    } else if (!awaited || fids_[fid].ending) {
        clunk_quietly(fid);
    }
}

void Instance::cancel(const Asked& asked) {
    if (asked != nullptr && !asked->cancelled) {
        asked->cancelled = true;
        exchange_.cancel(asked->ticket);
    }
}

void Instance::end(std::string what) {
    exchange_.end({"malformed", std::move(what)});
}

template <typename Value, typename OnAnswer>
void Instance::ask(const Asked& asked, const Message& request, const Then<Value>& then,
                   OnAnswer on_answer) {
    if (asked->cancelled) {
        return then(error("EINTR"));
    }
    asked->ticket = exchange_.ask(
        request, [then, answered = std::move(on_answer)](base::Result<const Message*> answer) {
            if (!answer) {
                return then(answer.error());
            }
            answered(**answer);
        });
}

void Instance::ask_done(const Asked& asked, const Message& request, const Then<Done>& then) {
    ask<Done>(asked, request, then, [then](const Message&) { then(Done{}); });
}

Instance::Asked Instance::attach(const std::string& uname, std::uint32_t n_uname,
                                 const std::string& aname, const Then<Root>& then) {
    auto asked = std::make_shared<Operation>();
    const base::Result<Fid> fid = new_fid();
    if (!fid) {
        then(fid.error());
        return asked;
    }
    Message request = request_of(Type::tattach, *fid);
    request.uname = uname;
    request.n_uname = n_uname;
    request.aname = aname;
    ask<Root>(asked, request, then, [then, made = *fid](const Message& answer) {
        then(Root{made, answer.qid});
    });
    return asked;
}

Instance::Asked Instance::walk(Fid fid, const File::Names& names, const Then<Found>& then) {
    auto asked = std::make_shared<Operation>();
    walk_on(asked, fid, std::make_shared<const File::Names>(names), {}, then);
    return asked;
}

// The first step makes a fid, the others move it.
void Instance::walk_on(const Asked& asked, Fid from,
                       const std::shared_ptr<const File::Names>& names, Found so_far,
                       const Then<Found>& then) {
    Message request = request_of(Type::twalk, so_far.fid);
    request.newfid = so_far.fid;
    if (so_far.fid == no_fid) {
        if (asked->cancelled) {
            return then(error("EINTR"));
        }
        const base::Result<Fid> made = new_fid();
        if (!made) {
            return then(made.error());
        }
        request.fid = from;
        request.newfid = *made;
    }
    const std::size_t at = so_far.qids.size();
    const std::size_t count = std::min(names->size() - at, most_names);
    for (std::size_t i = 0; i < count; ++i) {
        request.names.push_back((*names)[at + i]);
    }
    const auto take = [this, asked, from, names, so_far, then, made = request.newfid,
                       count](const base::Result<const Message*>& answer) {
        take_walk(asked, from, names, so_far, made, count, answer, then);
    };
    if (asked->cancelled) {
        return take(base::Result<const Message*>(error("EINTR")));
    }
    asked->ticket = exchange_.ask(request, take);
}

void Instance::take_walk(const Asked& asked, Fid from,
                         const std::shared_ptr<const File::Names>& names, Found so_far, Fid made,
                         std::size_t count, const base::Result<const Message*>& answer,
                         const Then<Found>& then) {
    const bool first = so_far.fid == no_fid;
    if (!first && (!answer || (*answer)->qids.count < count)) {
        clunk_quietly(made);
    }
    if (!answer) {
        const bool said = answer.error().code != "not-sent" &&
                          answer.error().code != "unanswered" && answer.error().code != "EINTR" &&
                          answer.error().code != "ETIMEDOUT";
        if (!first && said) {
            so_far.fid = no_fid;  // a later name isn't there
            return then(std::move(so_far));
        }
        return then(answer.error());
    }
    for (const Qid& qid : (*answer)->qids) {
        so_far.qids.push_back(qid);
    }
    if ((*answer)->qids.count < count) {
        so_far.fid = no_fid;
        if (so_far.qids.empty()) {
            return then(error("ENOENT"));
        }
        return then(std::move(so_far));
    }
    so_far.fid = made;
    if (so_far.qids.size() < names->size()) {
        return walk_on(asked, from, names, std::move(so_far), then);
    }
    then(std::move(so_far));
}

template <typename Value, typename Use>
void Instance::at(const Asked& asked, Fid fid, const File::Names& names, const Then<Value>& then,
                  Use use) {
    const auto found = [this, asked, then, use, wanted = names.size()](base::Result<Found> to) {
        if (!to) {
            return then(to.error());
        }
        if (to->fid == no_fid) {
            return then(error("ENOENT"));
        }
        use(*to, Then<Value>([this, then, at = to->fid](base::Result<Value> value) {
            clunk_quietly(at);
            then(std::move(value));
        }));
    };
    walk_on(asked, fid, std::make_shared<const File::Names>(names), {}, found);
}

Instance::Asked Instance::open(Fid fid, const OpenMode& mode, const Then<Opened>& then) {
    auto asked = std::make_shared<Operation>();
    const bool linux = dialect() == Dialect::linux;
    Message request = request_of(linux ? Type::tlopen : Type::topen, fid);
    request.mode = plain_open(mode);
    request.flags = linux_open(mode);
    ask<Opened>(
        asked, request, then,
        [this, fid, then, remove = linux && mode.remove_on_clunk](const Message& answer) {
            fids_[fid].remove_on_clunk = remove;
            const std::uint32_t iounit = answer.iounit;
            then(Opened{answer.qid, iounit == 0 ? most_data() : std::min(iounit, most_data())});
        });
    return asked;
}

Instance::Asked Instance::read(Fid fid, std::uint64_t offset, std::uint32_t count,
                               const Then<base::Bytes>& then) {
    auto asked = std::make_shared<Operation>();
    Message request = request_of(Type::tread, fid);
    request.offset = offset;
    request.count = std::min(count, most_data());
    ask<base::Bytes>(asked, request, then, [then](const Message& answer) {
        then(base::Bytes(answer.data.begin(), answer.data.end()));
    });
    return asked;
}

Instance::Asked Instance::write(Fid fid, std::uint64_t offset, base::Bytes data,
                                const Then<std::uint32_t>& then) {
    auto asked = std::make_shared<Operation>();
    write_on(asked, fid, offset, std::make_shared<const base::Bytes>(std::move(data)), 0, then);
    return asked;
}

void Instance::write_on(const Asked& asked, Fid fid, std::uint64_t offset,
                        const std::shared_ptr<const base::Bytes>& data, std::size_t done,
                        const Then<std::uint32_t>& then) {
    const std::size_t piece = std::min<std::size_t>(data->size() - done, most_data());
    Message request = request_of(Type::twrite, fid);
    request.offset = offset + done;
    request.data = base::ByteView(*data).subspan(done, piece);
    const Then<std::uint32_t> failed = [then, done](base::Result<std::uint32_t> result) {
        if (done > 0) {
            return then(static_cast<std::uint32_t>(done));
        }
        then(std::move(result));
    };
    ask<std::uint32_t>(asked, request, failed,
                       [this, asked, fid, offset, data, done, piece, then](const Message& answer) {
                           const std::size_t all = done + answer.count;
                           if (answer.count < piece || all == data->size()) {
                               return then(static_cast<std::uint32_t>(all));
                           }
                           write_on(asked, fid, offset, data, all, then);
                       });
}

Instance::Asked Instance::read_directory(Fid fid, std::uint64_t cookie,
                                         const Then<std::vector<DirectoryEntry>>& then) {
    auto asked = std::make_shared<Operation>();
    read_entries(asked, fid, cookie, 0, then);
    return asked;
}

void Instance::read_entries(const Asked& asked, Fid fid, std::uint64_t cookie, int rounds,
                            const Then<std::vector<DirectoryEntry>>& then) {
    const bool linux = dialect() == Dialect::linux;
    Message request = request_of(linux ? Type::treaddir : Type::tread, fid);
    request.offset = cookie;
    request.count = most_data();
    ask<std::vector<DirectoryEntry>>(
        asked, request, then,
        [this, asked, fid, cookie, rounds, then, linux](const Message& answer) {
            base::Result<ReadEntries> read = linux ? entries_in_linux(answer.data, cookie)
                                                   : entries_in_plain(answer.data, cookie);
            if (!read || (read->entries.empty() && !answer.data.empty() && rounds == most_rounds)) {
                const std::string what =
                    read ? "a directory that goes on without a name" : read.error().detail;
                end(what);
                return then(base::Error{"unanswered", what});
            }
            if (read->entries.empty() && !answer.data.empty()) {
                return read_entries(asked, fid, read->next, rounds + 1, then);
            }
            then(std::move(read->entries));
        });
}

Instance::Asked Instance::about(Fid fid, const Then<About>& then) {
    auto asked = std::make_shared<Operation>();
    const bool linux = dialect() == Dialect::linux;
    Message request = request_of(linux ? Type::tgetattr : Type::tstat, fid);
    request.mask = basic_attributes;
    ask<About>(asked, request, then, [then, linux](const Message& answer) {
        then(linux ? from_attributes(answer.attributes, "") : from_stat(answer.stat));
    });
    return asked;
}

Instance::Asked Instance::about_entry(Fid fid, const File::Names& names, const Then<About>& then) {
    auto asked = std::make_shared<Operation>();
    at<About>(asked, fid, names, then,
              [this, asked, name = names.back()](const Found& found, const Then<About>& done) {
                  const bool linux = dialect() == Dialect::linux;
                  Message request = request_of(linux ? Type::tgetattr : Type::tstat, found.fid);
                  request.mask = basic_attributes;
                  ask<About>(asked, request, done, [done, linux, name](const Message& answer) {
                      About about =
                          linux ? from_attributes(answer.attributes, name) : from_stat(answer.stat);
                      about.name = name;
                      done(std::move(about));
                  });
              });
    return asked;
}

Instance::Asked Instance::change(Fid fid, const Changes& changes, const Then<Done>& then) {
    auto asked = std::make_shared<Operation>();
    if (dialect() == Dialect::linux) {
        if (changes.name_set) {
            then(error("EINVAL"));
            return asked;
        }
        if (changes.gid_set && changes.n_gid == nobody && changes.gid != std::to_string(nobody)) {
            then(error("EPERM", "no number is known for the group " + changes.gid));
            return asked;
        }
        Message request = request_of(Type::tsetattr, fid);
        request.new_attributes = to_setattr(changes);
        ask_done(asked, request, then);
        return asked;
    }
    if (changes.uid_set) {
        then(error("EPERM", "9P2000 has no way to give a file to another user"));
        return asked;
    }
    Message request = request_of(Type::twstat, fid);
    request.stat = to_wstat(changes);
    if (!changes.mode_set) {
        ask_done(asked, request, then);
        return asked;
    }
    // The bits above the permissions have to stay what they are.
    ask<Done>(asked, request_of(Type::tstat, fid), then,
              [this, asked, fid, changes, then](const Message& answer) {
                  Message change = request_of(Type::twstat, fid);
                  change.stat = to_wstat(changes);
                  change.stat.mode = (answer.stat.mode & ~0777U) | (changes.mode & 0777U);
                  ask_done(asked, change, then);
              });
    return asked;
}

Instance::Asked Instance::rename(Fid fid, Fid parent, const std::string& name,
                                 const Then<Done>& then) {
    auto asked = std::make_shared<Operation>();
    if (dialect() == Dialect::linux) {
        Message request = request_of(Type::trename, fid);
        request.newfid = parent;
        request.name = name;
        ask_done(asked, request, then);
        return asked;
    }
    Changes changes;
    changes.name_set = true;
    changes.name = name;
    Message request = request_of(Type::twstat, fid);
    request.stat = to_wstat(changes);
    ask_done(asked, request, then);
    return asked;
}

Instance::Asked Instance::create(Fid fid, const NewFile& what, const Then<Opened>& then) {
    auto asked = std::make_shared<Operation>();
    const bool linux = dialect() == Dialect::linux;
    const bool directory = (what.mode & s_ifmt) == s_ifdir;
    if (linux && directory) {
        make_directory(asked, fid, what, then);
        return asked;
    }
    Message request = request_of(linux ? Type::tlcreate : Type::tcreate, fid);
    request.name = what.name;
    request.perm = linux ? what.mode & 07777U : (what.mode & 0777U) | (directory ? dm_dir : 0U);
    request.mode = plain_open(what.open);
    request.flags = linux_open(what.open) | o_creat;
    request.gid = what.gid;
    ask<Opened>(
        asked, request, then,
        [this, fid, then, remove = linux && what.open.remove_on_clunk](const Message& answer) {
            fids_[fid].remove_on_clunk = remove;
            const std::uint32_t iounit = answer.iounit;
            then(Opened{answer.qid, iounit == 0 ? most_data() : std::min(iounit, most_data())});
        });
    return asked;
}

// 9P2000's create of a directory leaves it open; .L's Tmkdir doesn't even walk to it.
void Instance::make_directory(const Asked& asked, Fid fid, const NewFile& what,
                              const Then<Opened>& then) {
    Message make = request_of(Type::tmkdir, fid);
    make.name = what.name;
    make.perm = what.mode & 07777U;
    make.gid = what.gid;
    ask<Opened>(asked, make, then, [this, asked, fid, what, then](const Message&) {
        Message walk = request_of(Type::twalk, fid);
        walk.newfid = fid;
        walk.names.push_back(what.name);
        ask<Opened>(asked, walk, then, [this, asked, fid, what, then](const Message& walked) {
            if (walked.qids.count != 1) {
                return then(error("ENOENT"));
            }
            Message open = request_of(Type::tlopen, fid);
            open.flags = linux_open(what.open);
            ask<Opened>(asked, open, then,
                        [this, fid, then, remove = what.open.remove_on_clunk](const Message& at) {
                            fids_[fid].remove_on_clunk = remove;
                            then(Opened{at.qid, most_data()});
                        });
        });
    });
}

Instance::Asked Instance::sync(Fid fid, const Then<Done>& then) {
    auto asked = std::make_shared<Operation>();
    const bool linux = dialect() == Dialect::linux;
    Message request = request_of(linux ? Type::tfsync : Type::twstat, fid);
    request.stat = to_wstat(Changes{});
    ask_done(asked, request, then);
    return asked;
}

void Instance::end_fid(Type how, Fid fid, const Then<Done>& then) {
    fids_[fid].ending = true;
    exchange_.ask(
        request_of(how, fid),
        [then](base::Result<const Message*> answer) {
            if (!answer) {
                return then(answer.error());
            }
            then(Done{});
        },
        true);
}

void Instance::clunk(Fid fid, const Then<Done>& then) {
    end_fid(fids_[fid].remove_on_clunk ? Type::tremove : Type::tclunk, fid, then);
}

void Instance::remove(Fid fid, const Then<Done>& then) {
    end_fid(Type::tremove, fid, then);
}

Instance::Asked Instance::special(const Message& request, const Then<Special>& then) {
    auto asked = std::make_shared<Operation>();
    if (dialect() == Dialect::plain) {
        special_in_plain(asked, request, then);
        return asked;
    }
    Message ours = request;
    if (request.type == Type::txattrwalk) {
        const base::Result<Fid> made = new_fid();
        if (!made) {
            then(made.error());
            return asked;
        }
        ours.newfid = *made;
    }
    const Fid made = request.type == Type::txattrwalk ? ours.newfid : no_fid;
    ask<Special>(asked, ours, then, [then, made](const Message& answer) {
        Special special;
        special.fid = made;
        append_message(special.answer.bytes, answer, Dialect::linux);
        special.answer.message = *read_message(special.answer.bytes, Dialect::linux);
        then(std::move(special));
    });
    return asked;
}

void Instance::special_in_plain(const Asked& asked, const Message& request,
                                const Then<Special>& then) {
    Message answer;
    answer.type = answer_of(request.type);
    const auto done = [answer](const Then<Special>& to) {
        return [answer, to](const Message&) {
            Special special;
            special.answer.message = answer;
            to(std::move(special));
        };
    };
    const std::string name(request.name);
    switch (request.type) {
        case Type::tstatfs: {
            constexpr std::uint32_t v9fs = 0x0102'1997;
            answer.file_system.type = v9fs;
            answer.file_system.bsize = 4096;
            answer.file_system.namelen = 255;
            return done(then)(answer);
        }
        case Type::tmkdir:
            return at<Special>(asked, request.fid, {}, then,
                               [this, asked, name, perm = request.perm, answer](
                                   const Found& found, const Then<Special>& to) {
                                   Message create = request_of(Type::tcreate, found.fid);
                                   create.name = name;
                                   create.perm = (perm & 0777U) | dm_dir;
                                   ask<Special>(asked, create, to,
                                                [to, answer](const Message& made) {
                                                    Special special;
                                                    special.answer.message = answer;
                                                    special.answer.message.qid = made.qid;
                                                    to(std::move(special));
                                                });
                               });
        case Type::tunlinkat: {
            constexpr std::uint32_t at_removedir = 0x200;
            const bool directory = (request.flags & at_removedir) != 0;
            const auto found = [this, asked, then, directory, done](base::Result<Found> to) {
                if (!to || to->fid == no_fid) {
                    return then(to ? error("ENOENT") : to.error());
                }
                if (to->qids.back().is_directory() != directory) {
                    clunk_quietly(to->fid);
                    return then(error(directory ? "ENOTDIR" : "EISDIR"));
                }
                remove(to->fid, [then, done](base::Result<Done> removed) {
                    if (!removed) {
                        return then(removed.error());
                    }
                    done(then)(Message{});
                });
            };
            return walk_on(asked, request.fid,
                           std::make_shared<const File::Names>(File::Names{name}), {}, found);
        }
        case Type::trenameat: {
            if (request.fid != request.newfid) {
                return then(error("EOPNOTSUPP", "9P2000 renames within a directory only"));
            }
            const std::string fresh(request.name2);
            return at<Special>(
                asked, request.fid, {name}, then,
                [this, asked, fresh, done](const Found& found, const Then<Special>& to) {
                    Changes changes;
                    changes.name_set = true;
                    changes.name = fresh;
                    Message change = request_of(Type::twstat, found.fid);
                    change.stat = to_wstat(changes);
                    ask<Special>(asked, change, to, done(to));
                });
        }
        default:
            return then(error("EOPNOTSUPP"));
    }
}

}  // namespace jetway::ninep
