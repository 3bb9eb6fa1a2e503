// Peer: whoever speaks frames at a router's terminal and is no router of the Mesh; Got: a frame
// that came to it. And the small msgpack values that it says.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "envelope/address.h"
#include "envelope/envelope.h"
#include "envelope/frame.h"
#include "envelope/hello.h"
#include "envelope/packer.h"

namespace jetway::router::testing {

using base::Bytes;
using base::ByteView;
using envelope::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;
namespace flag = envelope::flag;

Bytes text(std::string_view value);     // as msgpack
Bytes number(std::uint64_t value);      // as msgpack
std::string text_of(ByteView msgpack);  // "" when it is no str
Bytes request(std::string_view verb);   // the `data` of a control request
Bytes request(std::string_view verb, const nlohmann::json& args);
envelope::EnvelopeFields fields(std::string_view destination, std::string_view source = {},
                                std::string_view reply_to = {});
std::vector<envelope::ServiceEntry> services(const std::vector<std::string>& names);

// A frame that arrived, with bytes of its own.
struct Got {
    Kind kind = Kind::envelope;
    std::uint8_t flags = 0;
    std::uint8_t hops = 0;
    std::string pin;
    Bytes body;

    envelope::EnvelopeView view() const;
    std::string source() const { return std::string(view().source); }
    std::string data() const { return text_of(view().data); }
    envelope::ErrorFields error() const;
    nlohmann::json json() const;  // of `data`
    std::string goodbye() const { return envelope::read_goodbye(body).code; }
};

class Mesh;

// The other end of one terminal.
class Peer {
public:
    void say(Kind kind, const Bytes& body, std::uint8_t flags = 0, std::uint8_t hops = 0,
             std::string_view pin = {});
    void raw(const Bytes& bytes);  // into the stream as they are
    void hello(const std::vector<std::string>& names = {});
    void hello_router(const std::string& machine, std::uint64_t incarnation = 1,
                      std::uint32_t max_frame = 0, const Bytes& session = {},
                      std::uint64_t received = 0);
    void attach(const std::vector<std::string>& names);
    void detach(const std::vector<std::string>& names);
    void send(const envelope::EnvelopeFields& fields, std::uint8_t flags = 0, std::uint8_t hops = 0,
              std::string_view pin = {});
    // The short form: a destination, `data` as text and an `id`.
    void send(std::string_view destination, std::string_view data = "x", std::uint64_t id = 7);
    // An envelope of `number(3)` as its `id`, and with this `data`, msgpack already.
    void post(std::string_view destination, const Bytes& data);
    // What comes, and at once, for a request that is posted.
    Got ask(std::string_view router, const Bytes& request);
    void hang_up();

    std::vector<Got> take(Kind kind);  // frames of that kind, since the last take of it
    std::vector<Got> envelopes() { return take(Kind::envelope); }
    Got only();             // the one envelope that came
    std::string error();    // the code of the one envelope that came, which must be an error
    std::string goodbye();  // the code; "" when none came
    const std::string& address() const { return address_; }
    bool closed() const { return closed_; }

    bool reading = true;

private:
    friend class Mesh;
    Mesh* mesh_ = nullptr;
    std::size_t pipe_ = 0;
    envelope::FrameReader reader_{64U << 20U};
    std::vector<Got> got_;
    std::string address_;
    bool closed_ = false;
};

}  // namespace jetway::router::testing
