// Text for a terminal: what came over the wire made harmless, and how wide it will be.
#pragma once

#include <string>
#include <string_view>

namespace jetway::console {

// `text` with control characters, and bytes that are no UTF-8, replaced by U+FFFD: a name or a
// message from elsewhere can't move the cursor, and always takes one line.
std::string printable(std::string_view text);

// What somebody wrote, as a line repeats it: in backquotes, cut after some 160 bytes, with control
// characters and bytes that are no UTF-8 as `\x1b`.
std::string escaped(std::string_view text);

bool is_utf8(std::string_view text);

// The columns that printable text takes: 2 for wide characters, 0 for combining ones.
std::size_t width(std::string_view text);

}  // namespace jetway::console
