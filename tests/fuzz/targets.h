// The fuzz targets: each takes any bytes, and breaks a promise (base/ensure.h) when a decoder or a
// machine breaks one of its own. libFuzzer runs one in a program of its own (fuzzer.cpp);
// replay.cpp runs all of them over the corpus.
#pragma once

#include <array>
#include <string_view>

#include "base/bytes.h"

namespace jetway::fuzz {

void frames(base::ByteView bytes);
void cursor(base::ByteView bytes);
void hello(base::ByteView bytes);
void envelopes(base::ByteView bytes);
void announce(base::ByteView bytes);
void gossip(base::ByteView bytes);
void control(base::ByteView bytes);
void json(base::ByteView bytes);
void deployment(base::ByteView bytes);
void terminal(base::ByteView bytes);
void routers(base::ByteView bytes);
void websocket(base::ByteView bytes);
void upgrade(base::ByteView bytes);
void http(base::ByteView bytes);
void debug_session(base::ByteView bytes);
void ninep_message(base::ByteView bytes);
void ninep_session(base::ByteView bytes);
void ninep_tree(base::ByteView bytes);
void ninep_mount(base::ByteView bytes);

struct Target {
    std::string_view name;  // of its folder in the corpus
    void (*run)(base::ByteView);
};

inline constexpr std::array targets = {
    Target{"frames", frames},
    Target{"cursor", cursor},
    Target{"hello", hello},
    Target{"envelopes", envelopes},
    Target{"announce", announce},
    Target{"gossip", gossip},
    Target{"control", control},
    Target{"json", json},
    Target{"deployment", deployment},
    Target{"terminal", terminal},
    Target{"routers", routers},
    Target{"websocket", websocket},
    Target{"upgrade", upgrade},
    Target{"http", http},
    Target{"debug_session", debug_session},
    Target{"ninep_message", ninep_message},
    Target{"ninep_session", ninep_session},
    Target{"ninep_tree", ninep_tree},
    Target{"ninep_mount", ninep_mount},
};

}  // namespace jetway::fuzz
