#include "tests/router/peer.h"

#include <nlohmann/json.hpp>

#include "envelope/attach.h"
#include "envelope/cursor.h"
#include "tests/router/mesh.h"

namespace jetway::router::testing {

Bytes text(std::string_view value) {
    Bytes bytes;
    envelope::Packer(bytes).text(value);
    return bytes;
}

Bytes number(std::uint64_t value) {
    Bytes bytes;
    envelope::Packer(bytes).number(value);
    return bytes;
}

std::string text_of(ByteView msgpack) {
    std::string_view value;
    envelope::Cursor cursor(msgpack);
    return cursor.read_text(value) ? std::string(value) : std::string();
}

Bytes request(std::string_view verb) {
    Bytes bytes;
    envelope::Packer(bytes).map(1).text("request").text(verb);
    return bytes;
}

Bytes request(std::string_view verb, const nlohmann::json& args) {
    return nlohmann::json::to_msgpack({{"request", verb}, {"args", args}});
}

envelope::EnvelopeFields fields(std::string_view destination, std::string_view source,
                                std::string_view reply_to) {
    envelope::EnvelopeFields made;
    made.source = source;
    made.destination = destination;
    made.reply_to = reply_to;
    return made;
}

std::vector<envelope::ServiceEntry> services(const std::vector<std::string>& names) {
    std::vector<envelope::ServiceEntry> entries;
    for (const std::string& name : names) {
        entries.push_back({.name = name, .capabilities = {}, .version = {}, .weight = 1});
    }
    return entries;
}

envelope::EnvelopeView Got::view() const {
    envelope::EnvelopeView view;
    REQUIRE(envelope::read_envelope(body, view) == nullptr);
    return view;
}

envelope::ErrorFields Got::error() const {
    const envelope::EnvelopeView seen = view();
    return seen.error.empty() ? envelope::ErrorFields{} : envelope::read_error(seen.error);
}

nlohmann::json Got::json() const {
    const envelope::EnvelopeView seen = view();
    REQUIRE_FALSE(seen.data.empty());
    return nlohmann::json::from_msgpack(seen.data.begin(), seen.data.end());
}

void Peer::raw(const Bytes& bytes) {
    Mesh::Pipe& pipe = *mesh_->pipes_[pipe_];
    if (pipe.open) {
        base::append(pipe.to[1], bytes);
    }
}

void Peer::say(Kind kind, const Bytes& body, std::uint8_t flags, std::uint8_t hops,
               std::string_view pin) {
    Bytes bytes;
    envelope::append_frame(bytes, {.kind = kind, .flags = flags, .hops = hops, .pin = pin}, body);
    raw(bytes);
}

void Peer::hello(const std::vector<std::string>& names) {
    envelope::Hello hello;
    hello.protocol = {envelope::protocol_version};
    hello.services = services(names);
    Bytes body;
    envelope::append_hello(body, hello);
    say(Kind::hello, body);
}

void Peer::hello_router(const std::string& machine, std::uint64_t incarnation,
                        std::uint32_t max_frame, const Bytes& session, std::uint64_t received) {
    envelope::Hello hello;
    hello.session = session;
    hello.received = received;
    hello.protocol = {envelope::protocol_version};
    hello.role = envelope::Role::router;
    hello.machine_id = machine;
    hello.incarnation = incarnation;
    hello.max_frame = max_frame;
    Bytes body;
    envelope::append_hello(body, hello);
    say(Kind::hello, body);
}

void Peer::attach(const std::vector<std::string>& names) {
    Bytes body;
    envelope::append_attach(body, services(names));
    say(Kind::attach, body);
}

void Peer::detach(const std::vector<std::string>& names) {
    Bytes body;
    envelope::append_detach(body, names);
    say(Kind::detach, body);
}

void Peer::send(const envelope::EnvelopeFields& fields, std::uint8_t flags, std::uint8_t hops,
                std::string_view pin) {
    Bytes body;
    envelope::append_envelope(body, fields);
    say(Kind::envelope, body, flags, hops, pin);
}

void Peer::send(std::string_view destination, std::string_view data, std::uint64_t id) {
    const Bytes packed = text(data);
    const Bytes number_packed = number(id);
    envelope::EnvelopeFields said = fields(destination);
    said.id = number_packed;
    said.data = packed;
    send(said);
}

void Peer::post(std::string_view destination, const Bytes& data) {
    const Bytes id = number(3);
    envelope::EnvelopeFields said = fields(destination);
    said.id = id;
    said.data = data;
    send(said);
}

Got Peer::ask(std::string_view router, const Bytes& request) {
    post(router, request);
    return only();
}

void Peer::hang_up() {
    mesh_->hang_up(pipe_, 0);
}

std::vector<Got> Peer::take(Kind kind) {
    mesh_->run();
    std::vector<Got> taken;
    std::vector<Got> rest;
    for (Got& got : got_) {
        (got.kind == kind ? taken : rest).push_back(std::move(got));
    }
    got_ = std::move(rest);
    return taken;
}

Got Peer::only() {
    const std::vector<Got> all = envelopes();
    REQUIRE(all.size() == 1);
    return all[0];
}

std::string Peer::error() {
    const std::vector<Got> all = envelopes();
    if (all.size() != 1) {
        return "not one envelope, but " + std::to_string(all.size());
    }
    return all[0].error().code;
}

std::string Peer::goodbye() {
    const std::vector<Got> all = take(Kind::goodbye);
    return all.empty() ? std::string() : all[0].goodbye();
}

}  // namespace jetway::router::testing
