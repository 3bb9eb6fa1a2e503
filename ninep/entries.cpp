#include "ninep/entries.h"

#include "ninep/translate.h"

namespace jetway::ninep {

namespace {

bool is_dots(std::string_view name) {
    return name == "." || name == "..";
}

bool can_be_listed(std::string_view name) {
    return !name.empty() && name.find('/') == std::string_view::npos;
}

base::Error bad_listing(const char* what) {
    return {"malformed", what};
}

}  // namespace

base::Result<ReadEntries> entries_in_plain(base::ByteView data, std::uint64_t cookie) {
    ReadEntries read;
    read.next = cookie;
    while (!data.empty()) {
        const std::size_t before = data.size();
        Stat stat;
        if (!take_stat(data, stat)) {
            return bad_listing("a directory whose entries aren't whole");
        }
        read.next += before - data.size();
        if (!can_be_listed(stat.name)) {
            return bad_listing("a directory with a name that can't be one");
        }
        if (!is_dots(stat.name)) {
            read.entries.push_back({std::string(stat.name), stat.qid, entry_type(stat.qid),
                                    read.next, from_stat(stat)});
        }
    }
    return read;
}

base::Result<ReadEntries> entries_in_linux(base::ByteView data, std::uint64_t cookie) {
    ReadEntries read;
    read.next = cookie;
    while (!data.empty()) {
        LinuxEntry entry;
        if (!take_entry(data, entry)) {
            return bad_listing("a directory whose entries aren't whole");
        }
        if (!can_be_listed(entry.name)) {
            return bad_listing("a directory with a name that can't be one");
        }
        if (entry.offset == 0 || entry.offset == read.next) {
            return bad_listing("a directory whose cookies lead nowhere");
        }
        read.next = entry.offset;
        if (!is_dots(entry.name)) {
            read.entries.push_back(
                {std::string(entry.name), entry.qid, entry_type(entry.qid), read.next, {}});
        }
    }
    return read;
}

}  // namespace jetway::ninep
