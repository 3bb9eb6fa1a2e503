// The part of Instance that asks for what one dialect says in one message and the other in several,
// or not at all: changes, names, directories that are made, and what only .L has messages for.
#include "ninep/errors.h"
#include "ninep/instance.h"
#include "ninep/translate.h"

namespace jetway::ninep {

namespace {

Instance::Special as_special(const Message& answer) {
    Instance::Special special;
    special.answer.message = answer;
    return special;
}

// Gives that answer when it is done.
Instance::Then<Done> answering(const Message& answer,
                               const Instance::Then<Instance::Special>& then) {
    return [answer, then](const base::Result<Done>& done) {
        if (!done) {
            return then(done.error());
        }
        then(as_special(answer));
    };
}

}  // namespace

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
    rename_in_plain(asked, fid, name, then);
    return asked;
}

void Instance::rename_in_plain(const Asked& asked, Fid fid, const std::string& name,
                               const Then<Done>& then) {
    Changes changes;
    changes.name_set = true;
    changes.name = name;
    Message request = request_of(Type::twstat, fid);
    request.stat = to_wstat(changes);
    ask_done(asked, request, then);
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
                        [this, fid, mode = what.open, then](const Message& answer) {
                            then(opened(fid, mode, answer));
                        });
        });
    });
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
    switch (request.type) {
        case Type::tstatfs:
            answer.file_system = unknown_file_system();
            return then(as_special(answer));
        case Type::tmkdir:
            return make_directory_in_plain(asked, request, then);
        case Type::tunlinkat:
            return unlink_in_plain(asked, request, then);
        case Type::trenameat:
            if (request.fid != request.newfid) {
                return then(error("EOPNOTSUPP", "9P2000 renames within a directory only"));
            }
            return at<Special>(asked, request.fid, {std::string(request.name)}, then,
                               [this, asked, answer, fresh = std::string(request.name2)](
                                   const Found& found, const Then<Special>& to) {
                                   rename_in_plain(asked, found.fid, fresh, answering(answer, to));
                               });
        default:
            return then(error("EOPNOTSUPP"));
    }
}

// At a clone: the fid that creates becomes the new file.
void Instance::make_directory_in_plain(const Asked& asked, const Message& request,
                                       const Then<Special>& then) {
    at<Special>(asked, request.fid, {}, then,
                [this, asked, name = std::string(request.name), perm = request.perm](
                    const Found& found, const Then<Special>& to) {
                    Message create = request_of(Type::tcreate, found.fid);
                    create.name = name;
                    create.perm = (perm & 0777U) | dm_dir;
                    ask<Special>(asked, create, to, [to](const Message& made) {
                        Message answer;
                        answer.type = Type::rmkdir;
                        answer.qid = made.qid;
                        to(as_special(answer));
                    });
                });
}

void Instance::unlink_in_plain(const Asked& asked, const Message& request,
                               const Then<Special>& then) {
    constexpr std::uint32_t at_removedir = 0x200;
    const bool directory = (request.flags & at_removedir) != 0;
    walk_on(asked, request.fid, {std::string(request.name)},
            [this, then, directory](const base::Result<Found>& to) {
                if (!to || to->fid == no_fid) {
                    return then(to ? error("ENOENT") : to.error());
                }
                if (to->qids.back().is_directory() != directory) {
                    clunk_quietly(to->fid);
                    return then(error(directory ? "ENOTDIR" : "EISDIR"));
                }
                Message answer;
                answer.type = Type::runlinkat;
                remove(to->fid, answering(answer, then));
            });
}

}  // namespace jetway::ninep
