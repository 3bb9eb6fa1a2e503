// Upgrade: the HTTP exchange that a WebSocket begins with (RFC 6455, section 4), both ends of it.
//
//   client                                     server
//   GET /path, key, subprotocol jetway.1  -->  checks it
//                                         <--  101 and the key's digest, or a refusal in words
//
// Pure: bytes in, bytes to write out. It promises: a head is at most 8 KiB; a web page of another
// origin gets no further than 403; every refusal says in words what was expected. It leaves to
// others: sockets, and how long a peer may take.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "terminal/http_head.h"

namespace jetway::terminal {

inline constexpr std::string_view websocket_subprotocol = "jetway.1";

// The digest of a Sec-WebSocket-Key (RFC 6455, section 4.2.2).
std::string websocket_accept(std::string_view key);

// The listener's end.
class UpgradeServer {
public:
    enum class State { reading, upgraded, refused };

    struct Policy {
        std::string path = "/";  // the only one that is served; a query behind it is ignored
        // A browser says which page asks (Origin). Without this any web page could talk to a router
        // that the reader's machine can reach.
        std::vector<std::string> own_hosts;  // origins on these hosts are let in, whatever the port
        std::vector<std::string> origins;    // and these, `https://app.example`; `*`: all
    };

    explicit UpgradeServer(Policy policy) : policy_(std::move(policy)) {}

    // Takes the next bytes, cut anywhere, and returns how many are the request's; those behind it
    // are the WebSocket's.
    std::size_t on_bytes(base::ByteView bytes);

    State state() const { return state_; }
    // What to write, once it isn't `reading`. After a refusal the connection is closed.
    const std::string& answer() const { return answer_; }
    // Of a refusal: code `upgrade-<status>`, and what was expected.
    const base::Error& why() const { return why_; }

private:
    void check(const HttpHead& head);
    bool welcome(const std::string& origin) const;
    void refuse(unsigned status, std::string words, std::string_view fields = {});

    Policy policy_;
    HttpHeadReader reader_{HttpHeadReader::Kind::request};
    State state_ = State::reading;
    std::string answer_;
    base::Error why_;
};

// The dialler's end.
class UpgradeClient {
public:
    enum class State { reading, upgraded, refused };

    struct Target {
        std::string host;  // as the Host field has it: `10.0.0.2:9001`, `[::1]:9001`
        std::string path = "/";
    };

    // `random` makes the key. It has to be seeded by the system.
    UpgradeClient(const Target& target, base::Random& random);

    // What to write first.
    const std::string& request() const { return request_; }

    // Takes the next bytes, cut anywhere, and returns how many are the answer's.
    std::size_t on_bytes(base::ByteView bytes);
    // The peer has closed the connection: what came is all of the answer.
    void on_end();

    State state() const { return state_; }
    // Of a refusal: code `upgrade-refused`, with the status and the first line that came with it,
    // or `bad-upgrade` for what is no answer to our request.
    const base::Error& why() const { return why_; }

private:
    void check(const HttpHead& head);
    void refuse(std::string code, std::string detail);
    void refuse_by_status();

    std::string key_;
    std::string request_;
    HttpHeadReader reader_{HttpHeadReader::Kind::response};
    State state_ = State::reading;
    std::string body_;  // the first line of a refusal's, at most longest_line bytes
    base::Error why_;
};

}  // namespace jetway::terminal
