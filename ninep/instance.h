// Instance: one connection to a 9P server, in the words of file.h and in neither dialect. What is
// asked of it becomes requests of the dialect that the server speaks (exchange.h), perhaps several,
// and their answers are put together and checked: names of directories, qids of walks, sizes.
//
// It gives out fids of its own. Each is somebody's until clunk() or remove(), which may be asked
// whenever the server is still at work on it; a fid that nobody waits for any more, since what made
// it was cancelled or timed out, is clunked here. Only then is its number used again.
//
// What 9P2000 servers can't say is put together, or refused with EOPNOTSUPP: see translate.h and
// special(). ORCLOSE at a server of .L is a remove in the place of the clunk.
//
// Errors: those of exchange.h. An answer that no sound server gives ends the connection, as there.
// A callback is called once, perhaps within the call, and must not destroy the Instance.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ninep/exchange.h"
#include "ninep/file.h"

namespace jetway::ninep {

class Instance {
public:
    template <typename Value>
    using Then = std::function<void(base::Result<Value>)>;

    // What was asked, to cancel it by.
    struct Operation {
        Exchange::Ticket ticket = 0;
        bool cancelled = false;
    };
    using Asked = std::shared_ptr<Operation>;

    struct Found {
        Fid fid = no_fid;  // no_fid when not all names were found
        std::vector<Qid> qids;
    };
    struct Root {
        Fid fid = no_fid;
        Qid qid;
    };

    explicit Instance(const ExchangeOptions& options, std::size_t most_fids = 65'536);

    // Of the shell, and what it may be asked before anything else: state, why, deadlines, bytes.
    Exchange& exchange() { return exchange_; }
    const Exchange& exchange() const { return exchange_; }
    Dialect dialect() const { return exchange_.dialect(); }
    // What one read or write may hold, bytes.
    std::uint32_t most_data() const { return exchange_.msize() - 24; }
    std::size_t fids() const { return fids_.size() - free_.size(); }

    // Cancelled operations answer EINTR, or with what came before.
    void cancel(const Asked& asked);

    Asked attach(const std::string& uname, std::uint32_t n_uname, const std::string& aname,
                 const Then<Root>& then);
    // From a fid that isn't open; any number of names, none of them `..`: none is a clone.
    Asked walk(Fid fid, const File::Names& names, const Then<Found>& then);
    Asked open(Fid fid, const OpenMode& mode, const Then<Opened>& then);
    // Cut to most_data().
    Asked read(Fid fid, std::uint64_t offset, std::uint32_t count, const Then<base::Bytes>& then);
    // All of it, in as many pieces as it takes; less when the server takes less, or fails behind
    // the first piece.
    Asked write(Fid fid, std::uint64_t offset, base::Bytes data, const Then<std::uint32_t>& then);
    // The entries from `cookie` on, which is 0 or the last entry's `next`; none at the end. Without
    // `.` and `..`; with `about` only where the server's dialect lists it (9P2000).
    Asked read_directory(Fid fid, std::uint64_t cookie,
                         const Then<std::vector<DirectoryEntry>>& then);
    Asked about(Fid fid, const Then<About>& then);
    // The same of what these names lead to, at least one, from a fid that isn't open.
    Asked about_entry(Fid fid, const File::Names& names, const Then<About>& then);
    // Not the name at a server of .L: rename().
    Asked change(Fid fid, const Changes& changes, const Then<Done>& then);
    // In the same directory, which `parent` is.
    Asked rename(Fid fid, Fid parent, const std::string& name, const Then<Done>& then);
    // The fid, a directory, becomes the new file, and open. `n_gid` of .L: of whoever makes it.
    Asked create(Fid fid, const NewFile& what, const Then<Opened>& then);
    Asked sync(Fid fid, const Then<Done>& then);
    // As File::special, with fids of this Instance in the message; EOPNOTSUPP at a 9P2000 server
    // but for Tmkdir, Tunlinkat, Tstatfs, and Trename and Trenameat within a directory. The answer
    // of Txattrwalk is told with its new fid, which is given here.
    struct Special {
        File::Special answer;
        Fid fid = no_fid;
    };
    Asked special(const Message& request, const Then<Special>& then);

    // The fid is gone, whatever the answer.
    void clunk(Fid fid, const Then<Done>& then);
    void remove(Fid fid, const Then<Done>& then);

private:
    friend class LongWalk;
    struct FidState {
        bool taken = false;
        bool remove_on_clunk = false;
        bool ending = false;  // its clunk was asked
    };

    base::Result<Fid> new_fid();
    void on_fid(Fid fid, bool exists, bool awaited);
    void clunk_quietly(Fid fid) {
        clunk(fid, [](const base::Result<Done>&) {});
    }
    // An error goes to `then`, any other answer to `on_answer`.
    template <typename Value, typename OnAnswer>
    void ask(const Asked& asked, const Message& request, const Then<Value>& then,
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
    void ask_done(const Asked& asked, const Message& request, const Then<Done>& then);
    void end(std::string what);
    void end_fid(Type how, Fid fid, const Then<Done>& then);

    void walk_on(const Asked& asked, Fid from, const File::Names& names, const Then<Found>& then);
    Opened opened(Fid fid, const OpenMode& mode, const Message& answer);
    void ask_about(const Asked& asked, Fid fid, const Then<About>& then);
    void write_on(const Asked& asked, Fid fid, std::uint64_t offset,
                  const std::shared_ptr<const base::Bytes>& data, std::size_t done,
                  const Then<std::uint32_t>& then);
    void read_entries(const Asked& asked, Fid fid, std::uint64_t cookie, int rounds,
                      const Then<std::vector<DirectoryEntry>>& then);
    // A walk to a name, or none; what is done there; and a clunk whatever came of it.
    template <typename Value, typename Use>
    void at(const Asked& asked, Fid fid, const File::Names& names, const Then<Value>& then,
            Use use) {
        walk_on(asked, fid, names, [this, then, use](const base::Result<Found>& to) {
            if (!to || to->fid == no_fid) {
                return then(to ? error("ENOENT") : to.error());
            }
            use(*to, Then<Value>([this, then, at = to->fid](base::Result<Value> value) {
                clunk_quietly(at);
                then(std::move(value));
            }));
        });
    }
    // instance_dialects.cpp
    void make_directory(const Asked& asked, Fid fid, const NewFile& what, const Then<Opened>& then);
    void rename_in_plain(const Asked& asked, Fid fid, const std::string& name,
                         const Then<Done>& then);
    void special_in_plain(const Asked& asked, const Message& request, const Then<Special>& then);
    void make_directory_in_plain(const Asked& asked, const Message& request,
                                 const Then<Special>& then);
    void unlink_in_plain(const Asked& asked, const Message& request, const Then<Special>& then);

    Exchange exchange_;
    std::size_t most_fids_;
    std::vector<FidState> fids_;
    std::vector<Fid> free_;
};

}  // namespace jetway::ninep
