// ControlRequest: a request to `router@<machine>`, as read from an envelope's `data`:
// {request: str, args?: map} (docs/protocol.md, "Requests to router@machine").
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace jetway::router {

struct ControlRequest {
    std::string name;
    std::map<std::string, std::string, std::less<>> texts;      // args that are str
    std::map<std::string, bool, std::less<>> flags;             // args that are bool
    std::map<std::string, std::uint64_t, std::less<>> numbers;  // args that are uint

    bool flag(std::string_view key) const {
        const auto found = flags.find(key);
        return found != flags.end() && found->second;
    }

    // Not everybody may ask for it (docs/rights.md).
    bool changes_router() const {
        if (name == "drain" || name == "undrain") {
            return texts.find("service") != texts.end() || flag("all");
        }
        return name == "register" || name == "deregister" || name == "health" ||
               (name == "policy" && texts.find("policy") != texts.end());
    }
};

// Error: `bad-envelope`, with what was expected.
base::Result<ControlRequest> read_control_request(base::ByteView data);

}  // namespace jetway::router
