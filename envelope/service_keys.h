// How service entries are written, in HELLO, ATTACH and catalogs.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "envelope/cursor.h"
#include "envelope/packer.h"
#include "envelope/service_entry.h"

namespace jetway::envelope {

inline constexpr std::size_t max_short_text = 512;  // bytes

// A text of at most max_short_text bytes.
bool read_short_text(Cursor& cursor, std::string& to);

// Reads the value of `key` into `entry` if it is one of name, capabilities, version and weight;
// `known` says whether it was. False: it is of the wrong type or out of its range.
bool read_service_key(Cursor& cursor, std::string_view key, ServiceEntry& entry, bool& known);

// An array of entries, each a name or a map. An error of code `bad-hello` says what is wrong: also
// a name that nobody may attach, and more than `max_services`.
base::Result<std::vector<ServiceEntry>> read_services(Cursor& cursor, std::size_t max_services);

// How many of capabilities, version and weight append_service_keys writes beside the name.
std::size_t optional_service_keys(const ServiceEntry& entry);

// Appends an array of them.
void append_services(Packer& packer, const std::vector<ServiceEntry>& services);

// Appends name, and capabilities, version and weight where they differ from the default.
void append_service_keys(Packer& packer, const ServiceEntry& entry);

}  // namespace jetway::envelope
