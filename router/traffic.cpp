#include "router/traffic.h"

namespace jetway::router {

namespace {

std::string_view name_of(const Connection& connection) {
    if (connection.neighbour != 0) {
        return connection.terminal.name();
    }
    if (connection.arrival.in_process) {
        return "in-process";
    }
    if (connection.arrival.by != Entry::local_listener) {
        return "unadmitted";
    }
    return connection.arrival.terminal.empty() ? std::string_view("local")
                                               : std::string_view(connection.arrival.terminal);
}

}  // namespace

void Traffic::add(Rows& rows, const Connection& connection) {
    Sums& sums = row(rows, name_of(connection));
    const terminal::Counters& counters = connection.terminal.counters();
    if (connection.arrival.by != Entry::local_listener) {
        sums.type = "network";
    }
    if (connection.neighbour != 0) {
        sums.peer = connection.terminal.peer_machine();
    }
    sums.envelopes_in += connection.envelopes_in;
    sums.envelopes_out += connection.envelopes_out;
    sums.frames_in += counters.frames_in;
    sums.frames_out += counters.frames_out;
    sums.bytes_in += counters.bytes_in;
    sums.bytes_out += counters.bytes_out;
    sums.refused += counters.refused;
    sums.skipped += counters.skipped;
}

void Traffic::add(Rows& rows, const Neighbour& neighbour) {
    Sums& sums = row(rows, neighbour.name);
    sums.type = "network";
    sums.peer = neighbour.machine;
    sums.envelopes_out += neighbour.forwarded;
}

void Traffic::ended(const Connection& connection) {
    add(gone_, connection);
}

void Traffic::ended(const Neighbour& neighbour) {
    add(gone_, neighbour);
    ++link(neighbour.machine).down;
}

Traffic::Rows Traffic::rows(const ConnectionTable& connections,
                            const NeighbourTable& neighbours) const {
    Rows rows = gone_;
    connections.for_each([&rows](const Connection& connection) {
        add(rows, connection);
        Sums& sums = row(rows, name_of(connection));
        ++sums.connections;
        sums.queued_bytes += connection.terminal.output().size();
    });
    neighbours.for_each([&rows](const Neighbour& neighbour) { add(rows, neighbour); });
    return rows;
}

}  // namespace jetway::router
