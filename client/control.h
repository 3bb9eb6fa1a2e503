// Control requests: what `router@machine` tells of itself and its mesh (docs/protocol.md, "Requests
// to router@machine").
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "client/client.h"
#include "envelope/json.h"

namespace jetway::client {

struct ControlRequest {
    std::string request;  // "status", "routes", …
    envelope::Json args;  // null: none
    std::string machine;  // empty: the router that this client is connected to
};

// The `data` of such a request, as raw msgpack.
base::Bytes control_data(const ControlRequest& request);

// The answer's object. Errors: as Client::request, and `bad-data` for an answer that is no object.
// Blocking.
base::Result<envelope::Json> control(Client& client, const ControlRequest& request,
                                     base::Duration timeout);

}  // namespace jetway::client
