#include "tests/router/asking.h"

namespace jetway::router::testing {

Arrival root() {
    Arrival arrival{.by = Entry::local_listener, .peer_address = "peer"};
    arrival.user = SystemUser{};
    return arrival;
}

Peer& operator_at(Mesh& mesh, const std::string& machine, Arrival arrival) {
    Peer& peer = mesh.connect(machine, std::move(arrival));
    peer.hello();
    CHECK(peer.take(Kind::hello).size() == 1);
    return peer;
}

ControlRequest asking(const std::string& name,
                      const std::map<std::string, std::string, std::less<>>& texts) {
    return {.name = name, .texts = texts, .flags = {}, .numbers = {}};
}

nlohmann::json ask(Mesh& mesh, const std::string& at, const ControlRequest& request,
                   const Arrival& who) {
    const base::Result<Bytes> answer = mesh[at].ask(request, who, mesh.now);
    mesh[at].end_turn(mesh.now);
    mesh.wait(milliseconds(50));
    if (!answer) {
        return {{"code", answer.error().code}, {"detail", answer.error().detail}};
    }
    return nlohmann::json::from_msgpack(*answer);
}

const nlohmann::json& row(const nlohmann::json& rows, const char* key, const std::string& value) {
    for (const nlohmann::json& one : rows) {
        if (one[key] == value) {
            return one;
        }
    }
    FAIL("no row for " << value);
    return rows;
}

}  // namespace jetway::router::testing
