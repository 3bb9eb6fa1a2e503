#include "admin/http.h"

#include <http_parser.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "envelope/json.h"

namespace jetway::admin {

namespace {

std::string_view reason(unsigned status) {
    switch (status) {
#define JETWAY_STATUS(number, name, text) \
    case number:                          \
        return #text;
        HTTP_STATUS_MAP(JETWAY_STATUS)
#undef JETWAY_STATUS
        default:
            return "Unknown";
    }
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// A line of the head must stay one.
std::string one_line(std::string_view text) {
    std::string line(text);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    return line;
}

void trim(std::string& text) {
    text.erase(0, std::min(text.find_first_not_of(" \t"), text.size()));
    text.erase(text.find_last_not_of(" \t") + 1);
}

}  // namespace

HttpResponse http_error(unsigned status, std::string_view code, std::string_view message) {
    const envelope::Json body{{"schema", "jetway.error/1"},
                              {"error", {{"code", code}, {"message", message}}}};
    HttpResponse response;
    response.status = status;
    response.body = envelope::write_json(body) + "\n";
    return response;
}

// http_parser hands out names and values in pieces, as the bytes come.
struct HttpSession::Parser {
    explicit Parser(const Limits& bounds) : limits(bounds) {
        http_parser_init(&parser, HTTP_REQUEST);
        parser.data = this;
        http_parser_settings_init(&settings);
        settings.on_message_begin = [](http_parser* p) {
            of(p).begin();
            return 0;
        };
        settings.on_url = [](http_parser* p, const char* at, std::size_t length) {
            of(p).request.head.target.append(at, length);
            return 0;
        };
        settings.on_header_field = [](http_parser* p, const char* at, std::size_t length) {
            of(p).add_name({at, length});
            return 0;
        };
        settings.on_header_value = [](http_parser* p, const char* at, std::size_t length) {
            Parser& self = of(p);
            self.in_name = false;
            if (!self.head_whole) {
                self.request.head.fields.back().second.append(at, length);
            }
            return 0;
        };
        settings.on_headers_complete = [](http_parser* p) {
            of(p).end_head();
            return 0;
        };
        settings.on_body = [](http_parser* p, const char* at, std::size_t length) {
            return of(p).add_body({at, length}) ? 0 : 1;
        };
        settings.on_message_complete = [](http_parser* p) {
            of(p).whole = true;
            http_parser_pause(p, 1);
            return 0;
        };
    }

    static Parser& of(http_parser* parser) { return *static_cast<Parser*>(parser->data); }

    void begin() {
        request = {};
        in_name = head_whole = whole = begun = too_large = false;
        begun = true;
    }
    void add_name(std::string_view piece) {
        if (head_whole) {
            return;  // a trailer
        }
        if (!in_name) {
            request.head.fields.emplace_back();
            in_name = true;
        }
        std::transform(piece.begin(), piece.end(),
                       std::back_inserter(request.head.fields.back().first), lower);
    }
    void end_head() {
        head_whole = true;
        request.head.method = http_method_str(static_cast<http_method>(parser.method));
        request.head.major = parser.http_major;
        request.head.minor = parser.http_minor;
        for (auto& [name, value] : request.head.fields) {
            trim(value);
        }
        keep_alive = http_should_keep_alive(&parser) != 0 && parser.upgrade == 0;
        constexpr std::uint64_t unknown = ~std::uint64_t{0};
        too_large = parser.content_length != unknown && parser.content_length > limits.body;
    }
    bool add_body(std::string_view piece) {
        too_large = too_large || request.body.size() + piece.size() > limits.body;
        if (!too_large) {
            request.body += piece;
        }
        return !too_large;
    }

    const Limits& limits;
    http_parser parser{};
    http_parser_settings settings{};
    HttpRequest request;
    std::size_t taken = 0;  // bytes of the head, as long as it isn't whole
    bool begun = false;
    bool in_name = false;
    bool head_whole = false;
    bool whole = false;
    bool too_large = false;
    bool keep_alive = false;
    bool continued = false;  // 100 was sent
};

HttpSession::HttpSession(Limits limits, Date date, OnRequest on_request, base::Instant now)
    : limits_(limits),
      date_(std::move(date)),
      on_request_(std::move(on_request)),
      parser_(std::make_unique<Parser>(limits_)),
      since_(now) {}

HttpSession::~HttpSession() = default;

bool HttpSession::wants_input() const {
    return (state_ == State::idle || state_ == State::reading) && input_.empty() && output_.empty();
}

void HttpSession::on_bytes(base::ByteView bytes, base::Instant now) {
    if (state_ == State::ended) {
        return;
    }
    base::append(input_, bytes);
    read(now);
}

void HttpSession::read(base::Instant now) {
    if (in_read_) {
        return;  // the request was answered at once
    }
    in_read_ = true;
    Parser& parser = *parser_;
    std::size_t at = 0;
    while (at < input_.size() && output_.empty() &&
           (state_ == State::idle || state_ == State::reading)) {
        if (!parser.head_whole && parser.taken == limits_.head) {
            fail(431, "too-large",
                 "a request's line and fields are at most " + std::to_string(limits_.head) +
                     " bytes long");
            break;
        }
        const std::size_t rest = input_.size() - at;
        const std::size_t some =
            parser.head_whole ? rest : std::min(rest, limits_.head - parser.taken);
        const std::string_view text = base::as_text(base::ByteView(input_).subspan(at, some));
        const std::size_t used =
            http_parser_execute(&parser.parser, &parser.settings, text.data(), text.size());
        at += used;
        parser.taken += parser.begun ? used : 0;
        if (parser.begun && state_ == State::idle) {
            state_ = State::reading;
            since_ = now;
        }
        if (parser.too_large) {
            fail(413, "too-large",
                 "a body is at most " + std::to_string(limits_.body) + " bytes long");
        } else if (parser.whole) {
            http_parser_pause(&parser.parser, 0);
            HttpRequest request = std::move(parser.request);
            parser.begin();
            parser.begun = false;
            parser.taken = 0;
            parser.continued = false;
            state_ = State::asked;
            since_ = now;
            head_only_ = request.head.method == "HEAD";
            keep_alive_ = parser.keep_alive;
            if (request.head.minor >= 1 && request.head.only("host") == nullptr) {
                fail(400, "bad-request", "a request needs one Host field");
            } else {
                on_request_(request);
            }
        } else if (HTTP_PARSER_ERRNO(&parser.parser) != HPE_OK) {
            fail(400, "bad-request",
                 std::string("expected HTTP/1.1: ") +
                     http_errno_description(HTTP_PARSER_ERRNO(&parser.parser)));
        } else if (parser.head_whole && !parser.continued &&
                   parser.request.head.lists("expect", "100-continue")) {
            parser.continued = true;
            base::append(output_, base::as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
        }
    }
    at = state_ == State::ended ? input_.size() : at;
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(at));
    in_read_ = false;
}

void HttpSession::fail(unsigned status, std::string_view code, std::string_view message) {
    head_only_ = false;
    write(http_error(status, code, message), true);
}

void HttpSession::answer(const HttpResponse& response, base::Instant now) {
    if (state_ == State::asked) {
        write(response, !keep_alive_);
        since_ = now;
    }
}

void HttpSession::write(const HttpResponse& response, bool close) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ' +
                       std::string(reason(response.status)) + "\r\n";
    const auto field = [&head](std::string_view name, std::string_view value) {
        head += one_line(name) + ": " + one_line(value) + "\r\n";
    };
    field("Content-Type", response.type);
    field("Content-Length", std::to_string(response.body.size()));
    field("Cache-Control", "no-store");
    field("X-Content-Type-Options", "nosniff");
    field("Date", date_());
    field("Connection", close ? "close" : "keep-alive");
    for (const auto& [name, value] : response.fields) {
        field(name, value);
    }
    head += "\r\n";
    base::append(output_, base::as_bytes(head));
    if (!head_only_) {
        base::append(output_, base::as_bytes(response.body));
    }
    state_ = close ? State::ended : State::idle;
}

base::Bytes HttpSession::take_output(base::Instant now) {
    base::Bytes output = std::exchange(output_, {});
    if (output.empty() && !input_.empty() && state_ != State::ended) {
        read(now);
        output = std::exchange(output_, {});
    }
    return output;
}

base::Instant HttpSession::deadline() const {
    switch (state_) {
        case State::idle:
            return since_ + limits_.idle;
        case State::reading:
            return since_ + limits_.request;
        default:
            return base::never;
    }
}

void HttpSession::on_deadline(base::Instant now) {
    if (now < deadline()) {
        return;
    }
    if (state_ == State::reading) {
        fail(408, "timeout", "a request must be whole in time");
    } else {
        state_ = State::ended;
    }
}

}  // namespace jetway::admin
