// The target of a request, taken apart: a path, and the arguments behind `?`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jetway::admin {

struct Query {
    std::string path;                                       // `%2f` and the like decoded
    std::vector<std::pair<std::string, std::string>> args;  // in their order, decoded as well
};

// Of `/path?a=1&b=two+words`, or the same behind `http://host`. Nothing: `%` without two
// hexadecimal digits behind it, or what is no path.
std::optional<Query> read_target(std::string_view target);

// Of a Host field: without its port and without brackets.
std::string_view host_of(std::string_view field);
// Whether a host is an address in numbers, IPv4 or IPv6, and no name that somebody's DNS could give
// another meaning.
bool is_address(std::string_view host);

}  // namespace jetway::admin
