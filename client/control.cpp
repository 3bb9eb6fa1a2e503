#include "client/control.h"

#include <nlohmann/json.hpp>

#include "envelope/address.h"

namespace jetway::client {

base::Bytes control_data(const ControlRequest& request) {
    envelope::Json data{{"request", request.request}};
    if (!request.args.is_null()) {
        data["args"] = request.args;
    }
    base::Bytes raw;
    envelope::append_json(raw, data);
    return raw;
}

base::Result<envelope::Json> control(Client& client, const ControlRequest& request,
                                     base::Duration timeout) {
    const std::string destination = envelope::make_address(
        "router", request.machine.empty() ? client.machine_id() : request.machine);
    const base::Bytes data = control_data(request);
    envelope::EnvelopeFields fields;
    fields.destination = destination;
    fields.data = data;
    const base::Result<Answer> answer = client.request(fields, timeout);
    if (!answer) {
        return answer.error();
    }
    base::Result<envelope::Json> object = envelope::to_json(answer->data);
    if (object && !object->is_object()) {
        return base::Error{"bad-data", destination + " answered with something that is no object"};
    }
    return object;
}

}  // namespace jetway::client
