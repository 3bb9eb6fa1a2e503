#include "ninep/mounted_file.h"

#include <algorithm>
#include <utility>

#include "ninep/mount_service.h"
#include "ninep/mounted_directory.h"
#include "ninep/mounted_walk.h"
#include "ninep/translate.h"

namespace jetway::ninep {

namespace {

// An attempt that a flush of the client's request cancels.
template <typename Value>
Place::AttemptPtr attempt_for(const std::shared_ptr<Place>& place, const Reply<Value>& reply) {
    const Place::AttemptPtr attempt = place->attempt();
    attempt->on_cancel = [reply] { reply(error("EINTR")); };
    reply.on_flush([place, weak = std::weak_ptr<Place::Attempt>(attempt)] {
        if (const Place::AttemptPtr still = weak.lock()) {
            place->cancel(still);
        }
    });
    return attempt;
}

bool repeats(Type type) {
    return type == Type::tstatfs || type == Type::treadlink || type == Type::tgetlock ||
           type == Type::txattrwalk;
}

}  // namespace

std::unique_ptr<File> MountedFile::root(Mounts& mounts, std::shared_ptr<Mounts::Service> service,
                                        std::uint64_t pinned, const Attacher& attacher,
                                        Mounts::Parent parent) {
    return std::make_unique<MountedFile>(
        std::make_shared<Place>(mounts, std::move(service), pinned, attacher, std::move(parent)));
}

MountedFile::~MountedFile() {
    place_->close();
}

void MountedFile::walk(const Names& names, Reply<Walked> reply) {
    if (names.empty() && place_->path.empty()) {
        return reply(Walked{{}, std::make_unique<MountedFile>(place_->child({}))});
    }
    const auto stroll = std::make_shared<Stroll>(place_, names, std::move(reply));
    stroll->go();
}

void MountedFile::open(const OpenMode& mode, Reply<Opened> reply) {
    const bool changes = mode.write || mode.truncate || mode.remove_on_clunk;
    place_->ask<Opened>(
        attempt_for(place_, reply), !changes,
        [mode](Instance& instance, Fid fid, const Instance::Then<Opened>& then) {
            return instance.open(fid, mode, then);
        },
        [place = place_, mode, reply](base::Result<Opened> opened) {
            if (opened) {
                place->open = true;
                place->mode = mode;
                place->fixed = place->fixed || mode.truncate || mode.remove_on_clunk;
                opened->qid = place->translate(opened->qid);
            }
            reply(std::move(opened));
        });
}

// Of a file that is at an instance, a read or write is sent at once: what comes after it for this
// file is sent behind it, and done there in that order.
void MountedFile::read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) {
    const bool sent = place_->is_bound();
    place_->ask<base::Bytes>(
        attempt_for(place_, reply), !place_->fixed,
        [offset, count](Instance& instance, Fid fid, const Instance::Then<base::Bytes>& then) {
            return instance.read(fid, offset, count, then);
        },
        [reply](base::Result<base::Bytes> bytes) { reply(std::move(bytes)); });
    if (sent) {
        reply.overlap();
    }
}

void MountedFile::write(std::uint64_t offset, base::Bytes data, Reply<std::uint32_t> reply) {
    const bool sent = place_->is_bound();
    place_->ask<std::uint32_t>(
        attempt_for(place_, reply), false,
        [offset, place = place_, bytes = std::make_shared<const base::Bytes>(std::move(data))](
            Instance& instance, Fid fid, const Instance::Then<std::uint32_t>& then) {
            return instance.write(fid, offset, *bytes,
                                  [place, then](base::Result<std::uint32_t> written) {
                                      // Unless it never left: what is read here next may be of it.
                                      if (written || written.error().code != "not-sent") {
                                          place->fixed = true;
                                      }
                                      then(std::move(written));
                                  });
        },
        [reply](base::Result<std::uint32_t> written) { reply(std::move(written)); });
    if (sent) {
        reply.overlap();
    }
}

void MountedFile::read_directory(const DirectoryRead& what,
                                 Reply<std::vector<DirectoryEntry>> reply) {
    const Place::AttemptPtr attempt = attempt_for(place_, reply);
    if (listing_ != nullptr && what.cookie != 0) {
        return give_entries(place_, attempt, listing_, what, reply);
    }
    listing_ = std::make_shared<Listing>(place_->mounts.listed_);
    load_listing(place_, attempt, listing_,
                 [=, place = place_, listing = listing_](const base::Result<Done>& loaded) {
                     if (!loaded) {
                         return reply(loaded.error());
                     }
                     give_entries(place, attempt, listing, what, reply);
                 });
}

void MountedFile::about(Reply<About> reply) {
    if (place_->path.empty()) {
        // Known without an instance, so that a listing of services waits for none.
        About about;
        about.qid = place_->qid();
        about.mode = 0777U | s_ifdir;
        about.name = place_->service->name;
        for (const std::shared_ptr<Backend>& backend : place_->service->backends) {
            about.name = backend->id() == place_->pinned ? backend->what().name : about.name;
        }
        about.uid = about.gid = "root";
        about.links = 2;
        reply(std::move(about));
        return;
    }
    place_->ask<About>(
        attempt_for(place_, reply), true,
        [](Instance& instance, Fid fid, const Instance::Then<About>& then) {
            return instance.about(fid, then);
        },
        [place = place_, reply](base::Result<About> about) {
            if (about) {
                about->qid = place->translate(about->qid);
                about->name = place->path.back();
            }
            reply(std::move(about));
        });
}

void MountedFile::change(const Changes& changes, Reply<Done> reply) {
    const auto perform = [place = place_, changes](Instance& instance, Fid fid,
                                                   const Instance::Then<Done>& then) {
        if (!changes.name_set || instance.dialect() == Dialect::plain || place->path.empty()) {
            return instance.change(fid, changes, then);
        }
        return rename_in_linux(place, fid, changes, then);
    };
    place_->ask<Done>(attempt_for(place_, reply), false, perform,
                      [place = place_, changes, reply](base::Result<Done> done) {
                          if (done && changes.name_set && !place->path.empty()) {
                              place->path.back() = changes.name;
                          }
                          reply(std::move(done));
                      });
}

void MountedFile::create(const NewFile& what, Reply<Opened> reply) {
    place_->ask<Opened>(
        attempt_for(place_, reply), false,
        [what](Instance& instance, Fid fid, const Instance::Then<Opened>& then) {
            return instance.create(fid, what, then);
        },
        [place = place_, what, reply](base::Result<Opened> opened) {
            if (opened) {
                place->path.push_back(what.name);
                place->qids.push_back({});
                place->open = true;
                place->mode = what.open;
                place->fixed = true;
                opened->qid = place->translate(opened->qid);
            }
            reply(std::move(opened));
        });
}

void MountedFile::remove(Reply<Done> reply) {
    const auto perform = [place = place_](Instance& instance, Fid fid,
                                          const Instance::Then<Done>& then) -> Instance::Asked {
        instance.remove(fid, [place, then](base::Result<Done> done) {
            // The fid is gone with the file, and with a request that the instance had read.
            if (done || done.error().code != "not-sent") {
                place->fixed = true;
            }
            then(std::move(done));
        });
        place->lose_fid();
        return nullptr;
    };
    place_->ask<Done>(attempt_for(place_, reply), false, perform,
                      [reply](base::Result<Done> done) { reply(std::move(done)); });
}

void MountedFile::clunk(Reply<Done> reply) {
    if (!place_->is_bound()) {
        return reply(Done{});
    }
    Instance& instance = place_->instance();
    const Fid fid = place_->fid();
    place_->lose_fid();
    if (!place_->fixed && !place_->mode.write) {
        // Nothing was changed that the instance could fail to keep.
        instance.clunk(fid, [](const base::Result<Done>&) {});
        return reply(Done{});
    }
    instance.clunk(fid, [reply](base::Result<Done> done) {
        const bool gone = !done && is_of_connection(done.error());
        reply(gone ? base::Result<Done>(Done{}) : std::move(done));
    });
}

void MountedFile::sync(Reply<Done> reply) {
    place_->ask<Done>(
        attempt_for(place_, reply), false,
        [](Instance& instance, Fid fid, const Instance::Then<Done>& then) {
            return instance.sync(fid, then);
        },
        [reply](base::Result<Done> done) { reply(std::move(done)); });
}

void MountedFile::special(const Message& request, File* second, Reply<Special> reply) {
    auto* other = dynamic_cast<MountedFile*>(second);
    if (second != nullptr && (other == nullptr || other->place_->service != place_->service)) {
        return reply(error("EOPNOTSUPP", "the files are of different services"));
    }
    const std::shared_ptr<Place> to = other == nullptr ? nullptr : other->place_;
    const auto bytes = std::make_shared<base::Bytes>();
    append_message(*bytes, request, Dialect::linux);
    const auto perform = [place = place_, to, bytes](
                             Instance& instance, Fid fid,
                             const Instance::Then<Instance::Special>& then) -> Instance::Asked {
        Message message = *read_message(*bytes, Dialect::linux);
        message.fid = fid;
        if (to != nullptr && (!to->is_bound() || to->backend() != place->backend())) {
            then(error("EOPNOTSUPP", "the files are at different instances"));
            return nullptr;
        }
        if (to != nullptr) {
            message.newfid = to->path == place->path ? fid : to->fid();
        }
        const bool plain = instance.dialect() == Dialect::plain;
        if (plain && message.type == Type::trename && !place->path.empty()) {
            Names above(place->path.begin(), place->path.end() - 1);
            if (above != to->path) {
                then(error("EOPNOTSUPP", "9P2000 renames within a directory only"));
                return nullptr;
            }
            return instance.rename(fid, no_fid, std::string(message.name),
                                   [then](base::Result<Done> done) {
                                       if (!done) {
                                           return then(done.error());
                                       }
                                       Instance::Special special;
                                       special.answer.message.type = Type::rrename;
                                       then(std::move(special));
                                   });
        }
        return instance.special(message, then);
    };
    const Place::AttemptPtr attempt = attempt_for(place_, reply);
    const auto take = [place = place_, to, bytes, reply](base::Result<Instance::Special> done) {
        if (!done) {
            return reply(done.error());
        }
        const Message asked = *read_message(*bytes, Dialect::linux);
        if (asked.type == Type::trename && !place->path.empty()) {
            place->path = to->path;
            place->path.emplace_back(asked.name);
            place->qids = to->qids;
            place->qids.push_back({});
            place->qids.back() = place->mounts.qids_.of(place->service->name, place->path,
                                                        place->path.size(), 0, {});
        }
        Message& answer = done->answer.message;
        if (answer.type == Type::rmkdir || answer.type == Type::rsymlink ||
            answer.type == Type::rmknod) {
            Names at = place->path;
            at.emplace_back(asked.name);
            answer.qid = place->mounts.qids_.of(place->service->name, at, at.size(),
                                                place->backend()->id(), answer.qid);
        }
        if (done->fid != no_fid) {
            const std::shared_ptr<Place> attribute = place->child({});
            attribute->qids = place->qids;
            attribute->fixed = true;
            attribute->set_bound(place->backend(), done->fid);
            done->answer.file = std::make_unique<MountedFile>(attribute);
        }
        reply(std::move(done->answer));
    };
    if (to == nullptr) {
        return place_->ask<Instance::Special>(attempt, repeats(request.type), perform, take);
    }
    to->bind(attempt, [place = place_, attempt, perform, take](const base::Result<Done>& bound) {
        if (!bound) {
            return take(bound.error());
        }
        place->ask<Instance::Special>(attempt, false, perform, take);
    });
}

}  // namespace jetway::ninep
