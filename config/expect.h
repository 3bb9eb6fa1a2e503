// Expectation: what a deployment promises its users: who reaches what, in how many hops, and with
// what broken. One that the file's own links and machines can't keep is a problem of the file, so
// `check`, a start and a reload refuse it.
//
//   expect:
//     - {from: machine-a, to: gpu-server, max_hops: 2, survive: any-one-link}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "config/yaml.h"

namespace jetway::config {

struct Deployment;

struct Expectation {
    enum class Survive : std::uint8_t { nothing, any_one_link, any_one_machine };

    std::string from;  // a machine; empty: every machine
    std::string to;    // service or service@machine
    std::optional<std::uint64_t> max_hops;
    std::optional<std::uint64_t> max_cost;
    Survive survive = Survive::nothing;  // any-one-machine: any but `from`
    Place place;                         // in the file
};

// The list under `expect:`.
std::vector<Expectation> read_expectations(const YamlNode& node, Problems& problems);

// Why it isn't kept; nothing: it is. Ways are those of the least cost, of these the ones with the
// fewest hops, as routers choose them.
std::optional<std::string> broken(const Expectation& expectation, const Deployment& deployment);

}  // namespace jetway::config
