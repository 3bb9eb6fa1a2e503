// HttpSession: one client's HTTP/1.1 connection at the server, as a state machine: bytes in,
// requests out, answers in, bytes out. http-parser reads; no sockets, no clock.
//
//     idle --a byte--> reading --whole--> asked --answer()--> idle      (keep-alive)
//       |                 |                             `---> ended     (Connection: close,
//       HTTP/1.0) |                 +--what is no HTTP, too long, too slow--> answered 4xx -->
//       ended
//       +--its time over--> ended
//
// Requests of a pipeline are handed out one after the other, each when the one before it is
// answered and that was taken for writing; until then no input is wanted. Bounds: `Limits`, and
// what came in one read. It promises that what it writes is well-formed whatever the answer is made
// of, and that HEAD gets the head alone. What a request means is for others, and who may ask it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "terminal/http_head.h"

namespace jetway::admin {

struct HttpRequest {
    terminal::HttpHead head;
    std::string body;
};

struct HttpResponse {
    unsigned status = 200;
    std::string type = "application/json";  // of the body
    std::string body;
    std::vector<std::pair<std::string, std::string>> fields{};  // besides those that every one has
};

// A refusal, as {schema, error: {code, message}}.
HttpResponse http_error(unsigned status, std::string_view code, std::string_view message);

class HttpSession {
public:
    struct Limits {
        std::size_t head = 8U << 10U;                       // bytes of a request's line and fields
        std::size_t body = 64U << 10U;                      // bytes
        base::Duration request = std::chrono::seconds(10);  // from its first byte to its last
        base::Duration idle = std::chrono::seconds(60);     // between an answer and a request
    };
    // answer() follows, at once or later.
    using OnRequest = std::function<void(const HttpRequest&)>;
    // The Date field's value.
    using Date = std::function<std::string()>;

    HttpSession(Limits limits, Date date, OnRequest on_request, base::Instant now);
    ~HttpSession();
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;

    // The next bytes, cut anywhere.
    void on_bytes(base::ByteView bytes, base::Instant now);
    // To the request that was handed out last. Without one it does nothing.
    void answer(const HttpResponse& response, base::Instant now);
    // All that is to be written. Call it again after each on_bytes and answer(): with it the next
    // request of a pipeline begins.
    base::Bytes take_output(base::Instant now);

    // Nothing is asked, and nothing waits to be read or written.
    bool wants_input() const;
    // To be closed once what take_output() gave is written.
    bool ended() const { return state_ == State::ended; }

    base::Instant deadline() const;
    void on_deadline(base::Instant now);

private:
    enum class State { idle, reading, asked, ended };
    struct Parser;

    void read(base::Instant now);
    void fail(unsigned status, std::string_view code, std::string_view message);
    void write(const HttpResponse& response, bool close);

    Limits limits_;
    Date date_;
    OnRequest on_request_;
    std::unique_ptr<Parser> parser_;
    State state_ = State::idle;
    base::Instant since_;  // it is in that state
    bool head_only_ = false;
    bool keep_alive_ = false;
    bool in_read_ = false;
    base::Bytes input_;  // that isn't read yet
    base::Bytes output_;
};

}  // namespace jetway::admin
