// Asking a router as the program's own faces do, without a terminal, and reading the answers.
#pragma once

#include <nlohmann/json.hpp>

#include "tests/router/mesh.h"

namespace jetway::router::testing {

// Root, at a Unix socket.
Arrival root();
// A client of root's, or of whoever comes so, that has said HELLO.
Peer& operator_at(Mesh& mesh, const std::string& machine, Arrival arrival = root());

ControlRequest asking(const std::string& name,
                      const std::map<std::string, std::string, std::less<>>& texts);
// The answer, 50 ms later; `code` and `detail` of the error where it was refused.
nlohmann::json ask(Mesh& mesh, const std::string& at, const ControlRequest& request,
                   const Arrival& who = root());

// The row of a table whose `key` is that value; there must be one.
const nlohmann::json& row(const nlohmann::json& rows, const char* key, const std::string& value);

}  // namespace jetway::router::testing
