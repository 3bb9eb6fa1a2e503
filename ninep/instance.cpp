#include "ninep/instance.h"

#include <algorithm>
#include <utility>

#include "ninep/entries.h"
#include "ninep/errors.h"
#include "ninep/long_walk.h"
#include "ninep/translate.h"

namespace jetway::ninep {

namespace {

constexpr std::uint32_t o_creat = 0100;            // of .L
constexpr std::uint64_t basic_attributes = 0x7ff;  // Tgetattr: all but btime, gen, data_version
constexpr int most_rounds = 16;                    // reads of a directory that list nothing

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
    walk_on(asked, fid, names, then);
    return asked;
}

void Instance::walk_on(const Asked& asked, Fid from, const File::Names& names,
                       const Then<Found>& then) {
    std::make_shared<LongWalk>(*this, asked, from, names, then)->step();
}

// The answer of an open or a create.
Opened Instance::opened(Fid fid, const OpenMode& mode, const Message& answer) {
    fids_[fid].remove_on_clunk = dialect() == Dialect::linux && mode.remove_on_clunk;
    const std::uint32_t iounit = answer.iounit;
    return {answer.qid, iounit == 0 ? most_data() : std::min(iounit, most_data())};
}

Instance::Asked Instance::open(Fid fid, const OpenMode& mode, const Then<Opened>& then) {
    auto asked = std::make_shared<Operation>();
    const bool linux = dialect() == Dialect::linux;
    Message request = request_of(linux ? Type::tlopen : Type::topen, fid);
    request.mode = plain_open(mode);
    request.flags = linux_open(mode);
    ask<Opened>(asked, request, then, [this, fid, mode, then](const Message& answer) {
        then(opened(fid, mode, answer));
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

// The name is the server's, or empty where its dialect has none.
void Instance::ask_about(const Asked& asked, Fid fid, const Then<About>& then) {
    const bool linux = dialect() == Dialect::linux;
    Message request = request_of(linux ? Type::tgetattr : Type::tstat, fid);
    request.mask = basic_attributes;
    ask<About>(asked, request, then, [then, linux](const Message& answer) {
        then(linux ? from_attributes(answer.attributes, "") : from_stat(answer.stat));
    });
}

Instance::Asked Instance::about(Fid fid, const Then<About>& then) {
    auto asked = std::make_shared<Operation>();
    ask_about(asked, fid, then);
    return asked;
}

Instance::Asked Instance::about_entry(Fid fid, const File::Names& names, const Then<About>& then) {
    auto asked = std::make_shared<Operation>();
    at<About>(asked, fid, names, then,
              [this, asked, name = names.back()](const Found& found, const Then<About>& done) {
                  ask_about(asked, found.fid, [done, name](base::Result<About> about) {
                      if (about) {
                          about->name = name;
                      }
                      done(std::move(about));
                  });
              });
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
    ask<Opened>(asked, request, then, [this, fid, mode = what.open, then](const Message& answer) {
        then(opened(fid, mode, answer));
    });
    return asked;
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

}  // namespace jetway::ninep
