// The mesh as a picture, made of the answer to `graph` (docs/protocol.md): machines are boxes with
// their services. A router knows its own links only: those are lines. What it knows of the rest are
// ways that neighbours announced: a dashed arrow, from the neighbour to the machine, which stands
// for all that lies between. Whatever a name is, it is text and nothing else in either language.
#pragma once

#include <string>

#include "envelope/json.h"

namespace jetway::console {

std::string graph_mermaid(const envelope::Json& answer);
std::string graph_dot(const envelope::Json& answer);

// Within "…" of mermaid: what it, its Markdown or the browser would take for more than text becomes
// an entity, which it writes with # for &.
std::string mermaid_text(const std::string& text);

}  // namespace jetway::console
