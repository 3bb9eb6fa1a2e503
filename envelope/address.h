// Address: `service`, `service@machine` or `service@*` (docs/protocol.md, "Addresses").
#pragma once

#include <string>
#include <string_view>

namespace jetway::envelope {

inline constexpr std::size_t max_name = 128;                  // characters
inline constexpr std::size_t max_address = 2 * max_name + 1;  // `service@machine`
inline constexpr std::string_view client_prefix = "client-";

// An address taken apart, in place. A split says nothing of whether the parts are well formed.
struct Address {
    std::string_view service;
    std::string_view machine;  // empty: none named; "*": every machine

    bool everywhere() const { return machine == "*"; }
};

// Splits at the first '@'. Without one the machine is empty; `name@` gives no machine either, and
// valid_address says no to it.
Address split_address(std::string_view text);

// 1 to 128 characters of A-Z a-z 0-9 . _ -, the first a letter or digit.
bool valid_name(std::string_view name);

bool valid_address(std::string_view text);

// A name that no service can attach: `router`, `echo`, and what starts with `client-`.
bool reserved_name(std::string_view name);

std::string make_address(std::string_view service, std::string_view machine);

}  // namespace jetway::envelope
