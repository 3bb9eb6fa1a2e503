// What a verb says to its user: results to stdout, troubles to stderr, one line each.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/exit_code.h"

namespace jetway::cli {

// Writes to stdout and flushes. A reader that is gone is nobody to tell.
void print(std::string_view text);

// One line on stderr, "jetway: …", made printable.
void complain(std::string_view line);

// Complains "<about>: <code>: <detail>", and what to do where that is known; returns its exit code.
ExitCode fail(const std::string& about, const base::Error& error);

// What someone can do about an error of this code; empty: nothing is known.
std::string_view advice(std::string_view error_code);

}  // namespace jetway::cli
