// The part of Session that reads: files, and directories as each dialect has them.
#include <algorithm>
#include <iterator>

#include "ninep/call.h"
#include "ninep/session.h"
#include "ninep/translate.h"

namespace jetway::ninep {

namespace {

constexpr std::uint32_t read_header = 11;  // of Rread: size, type, tag, count

}  // namespace

void Session::run_read(const CallPtr& call, const Message& request) {
    File& file = *file_of(request.fid);
    const std::uint32_t count = std::min(request.count, msize_ - read_header);
    if (!file.is_open() || !(file.mode().read || file.mode().execute)) {
        answer(call, error("EBADF", "bad use of fid"));
        return;
    }
    if (!file.qid().is_directory()) {
        file.read(
            request.offset, count, reply<base::Bytes>(call, [this, call, count](base::Bytes data) {
                Message done = call->answer();
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
    Message done = call->answer();
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
    if (!file.qid().is_directory()) {
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
                Message done = call->answer();
                done.data = data;
                answer(call, done);
            }));
}

}  // namespace jetway::ninep
