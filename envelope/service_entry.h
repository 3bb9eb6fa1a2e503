// The parts of a service entry that HELLO, ATTACH and a catalog have in common.
#pragma once

#include "envelope/cursor.h"
#include "envelope/hello.h"
#include "envelope/packer.h"

namespace jetway::envelope {

// Reads the value of `key` into `entry` if it is one of name, capabilities, version and weight;
// `known` says whether it was. False: it is of the wrong type or out of its range.
bool read_service_key(Cursor& cursor, std::string_view key, ServiceEntry& entry, bool& known);

// How many of capabilities, version and weight append_service_keys writes beside the name.
std::size_t optional_service_keys(const ServiceEntry& entry);

// Appends name, and capabilities, version and weight where they differ from the default.
void append_service_keys(Packer& packer, const ServiceEntry& entry);

}  // namespace jetway::envelope
