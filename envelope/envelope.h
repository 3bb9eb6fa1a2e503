// Envelope: the body of an ENVELOPE frame. EnvelopeView reads as much of one as routing needs, in
// place; EnvelopeFields writes a new one. Keys: docs/protocol.md, "ENVELOPE".
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace jetway::envelope {

// Views into a body, valid as long as its bytes. `id`, `in_reply_to`, `headers`, `error` and `data`
// are the raw msgpack values; empty: the key is not there. `data` is never looked into.
struct EnvelopeView {
    std::string_view source;
    std::string_view destination;
    std::string_view reply_to;
    base::ByteView id;
    base::ByteView in_reply_to;
    base::ByteView headers;
    base::ByteView error;
    base::ByteView data;
    std::uint32_t entries = 0;    // of the map
    std::size_t first_entry = 0;  // offset in the body at which the map's first key stands

    // Where an answer, or the word that this can't be delivered, goes; empty: nowhere.
    std::string_view answer_to() const { return reply_to.empty() ? source : reply_to; }
    bool is_answer() const { return !error.empty() || !in_reply_to.empty(); }
};

// Reads the keys of `body`. Allocates nothing; takes constant time for `data` where that comes
// last. nullptr, or what is wrong: not a map, a cut value, a known key of the wrong type or twice,
// an empty address, no destination, bytes after the map. Addresses are not checked for their form
// otherwise.
const char* read_envelope(base::ByteView body, EnvelopeView& view);

// The value of one header of a `headers` map; empty: it isn't there, or isn't a text.
std::string_view find_header(base::ByteView headers, std::string_view name);

// An error envelope's `error` (docs/protocol.md, "Undeliverable").
struct ErrorFields {
    std::string code;
    std::string message;
    std::string at;           // the machine that refused
    std::string destination;  // where the lost envelope was going
};

// The fields of a new envelope; empty ones are left out. Raw fields hold one msgpack value.
struct EnvelopeFields {
    std::string_view source;
    std::string_view destination;
    std::string_view reply_to;
    base::ByteView id;
    base::ByteView in_reply_to;
    base::ByteView headers;
    const ErrorFields* error = nullptr;
    base::ByteView data;
};

// Appends the envelope's body to `to`, `data` last.
void append_envelope(base::Bytes& to, const EnvelopeFields& fields);

// Appends `body`, of which `view` was read, with a `source` put before its other keys. `view` has
// none.
void append_with_source(base::Bytes& to, base::ByteView body, const EnvelopeView& view,
                        std::string_view source);

// Reads an `error` map; what is missing or of another type stays empty.
ErrorFields read_error(base::ByteView raw);

}  // namespace jetway::envelope
