#include "ninep/mounted_directory.h"

#include <algorithm>
#include <utility>

namespace jetway::ninep {

namespace {

using Listing = MountedFile::Listing;
using Entries = std::vector<DirectoryEntry>;

constexpr std::size_t entry_cost = sizeof(DirectoryEntry) + 64;
constexpr std::size_t least_on_wire = 24;  // bytes of an entry of .L, besides its name
constexpr std::size_t least_stat = 60;     // and of a stat
constexpr std::size_t most_at_once = 64;   // requests for attributes

// What is read next, and where: another instance starts from the beginning.
struct Loading {
    const Backend* at = nullptr;
    std::uint64_t epoch = 0;
    std::uint64_t cookie = 0;
};

void forget_all(Listing& listing) {
    listing.total -= listing.bytes;
    listing.bytes = 0;
    listing.entries.clear();
}

std::size_t cost_of(const DirectoryEntry& entry) {
    return entry_cost + entry.name.size() + entry.about.name.size() + entry.about.uid.size() +
           entry.about.gid.size() + entry.about.muid.size();
}

base::Result<Done> add_entries(Place& place, Listing& listing, Loading& loading, Entries entries) {
    const MountOptions& most = place.mounts.options();
    loading.cookie = entries.back().next;
    for (DirectoryEntry& entry : entries) {
        if (listing.entries.size() >= most.listed_entries) {
            return error("EIO", "a directory of more than " + std::to_string(most.listed_entries) +
                                    " files");
        }
        const std::size_t cost = cost_of(entry);
        if (listing.total + cost > most.listed_bytes) {
            return error("ENOMEM", "too many directories are being read");
        }
        listing.total += cost;
        listing.bytes += cost;
        entry.qid = place.translate_entry(entry.name, entry.qid);
        entry.about.qid = entry.qid;
        entry.next = listing.entries.size() + 1;
        listing.entries.push_back(std::move(entry));
    }
    return Done{};
}

void load_on(const std::shared_ptr<Place>& place, const Place::AttemptPtr& attempt,
             const std::shared_ptr<Listing>& listing, const std::shared_ptr<Loading>& loading,
             const Instance::Then<Done>& then) {
    place->ask<Entries>(
        attempt, true,
        [place, listing, loading](Instance& instance, Fid fid,
                                  const Instance::Then<Entries>& answered) {
            const Backend* at = place->backend().get();
            if (at != loading->at || at->epoch() != loading->epoch) {
                *loading = {at, at->epoch(), 0};
                forget_all(*listing);
            }
            return instance.read_directory(fid, loading->cookie, answered);
        },
        [=](base::Result<Entries> entries) {
            if (!entries) {
                return then(entries.error());
            }
            if (entries->empty()) {
                return then(Done{});
            }
            const base::Result<Done> added =
                add_entries(*place, *listing, *loading, std::move(*entries));
            if (!added) {
                forget_all(*listing);
                return then(added.error());
            }
            load_on(place, attempt, listing, loading, then);
        });
}

// What .L servers don't list: an attribute each, several asked at once.
struct Gathering {
    Entries entries;
    std::vector<char> there;
    std::size_t missing = 0;
    base::Error failed;
};

void gather(const std::shared_ptr<Place>& place, const Place::AttemptPtr& attempt,
            const std::shared_ptr<const Listing>& listing, const DirectoryRead& what,
            Entries entries, const Reply<Entries>& reply) {
    const auto all = std::make_shared<Gathering>();
    all->missing = entries.size();
    all->there.assign(entries.size(), 0);
    all->entries = std::move(entries);
    const auto done = [=] {
        if (--all->missing > 0) {
            return;
        }
        if (!all->failed.code.empty()) {
            return reply(all->failed);
        }
        DirectoryRead on = what;
        on.cookie = all->entries.back().next;
        Entries given;
        for (std::size_t i = 0; i < all->entries.size(); ++i) {
            if (all->there[i] != 0) {
                given.push_back(std::move(all->entries[i]));
            }
        }
        if (given.empty()) {  // they all went meanwhile, which isn't the end
            return give_entries(place, attempt, listing, on, reply);
        }
        reply(std::move(given));
    };
    for (std::size_t i = 0; i < all->there.size(); ++i) {
        File::Names names = place->path;
        names.push_back(all->entries[i].name);
        // From the root: the directory's own fid is open.
        const auto ask_one = [place, names](Instance&, Fid,
                                            const Instance::Then<About>& then) -> Instance::Asked {
            const std::shared_ptr<Backend> at = place->backend();
            at->root(place->attacher, [at, names, then](const base::Result<Instance::Root>& root) {
                if (!root || at->instance() == nullptr) {
                    return then(root ? error("unanswered") : root.error());
                }
                at->instance()->about_entry(root->fid, names, then);
            });
            return nullptr;
        };
        place->ask<About>(std::make_shared<Place::Attempt>(), true, ask_one,
                          [all, i, done](base::Result<About> about) {
                              if (about) {
                                  about->qid = all->entries[i].qid;
                                  all->entries[i].about = std::move(*about);
                                  all->there[i] = 1;
                              } else if (about.error().code != "ENOENT") {
                                  all->failed = about.error();
                              }
                              done();
                          });
    }
}

}  // namespace

void load_listing(const std::shared_ptr<Place>& place, const Place::AttemptPtr& attempt,
                  const std::shared_ptr<Listing>& listing, const Instance::Then<Done>& then) {
    load_on(place, attempt, listing, std::make_shared<Loading>(), then);
}

void give_entries(const std::shared_ptr<Place>& place, const Place::AttemptPtr& attempt,
                  const std::shared_ptr<const Listing>& listing, const DirectoryRead& what,
                  const Reply<Entries>& reply) {
    const std::vector<DirectoryEntry>& entries = listing->entries;
    std::size_t bytes = 0;
    Entries given;
    for (std::size_t i = std::min<std::uint64_t>(what.cookie, entries.size()); i < entries.size();
         ++i) {
        bytes += entries[i].name.size() + (what.about ? least_stat : least_on_wire);
        if (bytes > what.bytes && !given.empty()) {
            break;
        }
        given.push_back(entries[i]);
    }
    if (!what.about || given.empty() || given.front().about.mode != 0) {
        return reply(std::move(given));
    }
    given.resize(std::min(given.size(), most_at_once));
    gather(place, attempt, listing, what, std::move(given), reply);
}

}  // namespace jetway::ninep
