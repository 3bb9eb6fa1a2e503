// Instances of the service `web` that are 9P servers, registered by root.
#pragma once

#include "tests/router/asking.h"

namespace jetway::router::testing {

inline const std::string web_1 = "10.0.0.2:564/srv/web";
inline const std::string web_2 = "10.0.0.3:564/srv/web";

inline nlohmann::json enrol(Mesh& mesh, const std::string& at, const std::string& address) {
    return ask(mesh, at, asking("register", {{"service", "web"}, {"address", address}}));
}

}  // namespace jetway::router::testing
