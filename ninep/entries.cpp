#include "ninep/entries.h"

#include "ninep/translate.h"

namespace jetway::ninep {

namespace {

bool is_dots(std::string_view name) {
    return name == "." || name == "..";
}

bool valid_name(std::string_view name) {
    return !name.empty() && name.find('/') == std::string_view::npos;
}

base::Error malformed(const char* what) {
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
            return malformed("a directory whose entries aren't whole");
        }
        read.next += before - data.size();
        if (!valid_name(stat.name)) {
            return malformed("a directory with a name that can't be one");
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
            return malformed("a directory whose entries aren't whole");
        }
        if (!valid_name(entry.name)) {
            return malformed("a directory with a name that can't be one");
        }
        if (entry.offset == 0 || entry.offset == read.next) {
            return malformed("a directory whose cookies lead nowhere");
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
