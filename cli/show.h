// How the data of an envelope is shown: text and bytes as they are, anything else as JSON.
#pragma once

#include <string>

#include "base/bytes.h"
#include "envelope/envelope.h"
#include "envelope/json.h"

namespace jetway::cli {

// For stdout: text with a newline, bytes as they are; on a terminal without control characters,
// bytes with a newline, too. Nothing for no data.
std::string show_data(base::ByteView raw, bool to_terminal);

// For a program's stdin: text and bytes exactly as they are, anything else as JSON.
std::string show_exactly(base::ByteView raw);

// In one line, for a person; bytes that are no text as `<12 bytes>`.
std::string show_line(base::ByteView raw);

// All that an envelope holds, as an object.
envelope::Json show_envelope(const envelope::EnvelopeView& view);

}  // namespace jetway::cli
