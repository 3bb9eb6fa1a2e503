// The lines of a text, one after another, and what is said of one that is refused as a command.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/quoted.h"
#include "base/result.h"
#include "ninep/errors.h"

namespace jetway::ninep {

// The first line, without its newline, which the last one need not have; `text` is what follows.
inline std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

// EINVAL: the line, quoted, and why.
inline base::Error refused_line(std::string_view line, const std::string& why) {
    return error("EINVAL", base::quoted(line) + ": " + why);
}

}  // namespace jetway::ninep
