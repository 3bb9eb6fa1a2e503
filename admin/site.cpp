#include "admin/site.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "admin/metrics.h"
#include "admin/query.h"
#include "envelope/address.h"

namespace jetway::admin {

using envelope::Json;

namespace {

constexpr std::string_view api = "/api/v1/";

struct Known {
    std::string_view name;
    std::string_view about;
};

constexpr std::array requests = {
    Known{"status", "what the router says of itself"},
    Known{"routes", "ways to services; all=true: every one; ageMs: as they stood then"},
    Known{"services", "every instance that is announced"},
    Known{"terminals", "connections and links"},
    Known{"neighbours", "the routers beside this one"},
    Known{"statistics", "what is counted and measured"},
    Known{"history", "changes of routes; of=NAME, limit, before"},
    Known{"graph", "machines, links and ways; all=true: every way"},
    Known{"explain", "what would become of an envelope; destination=SERVICE, source, header"},
    Known{"ledger", "what went in and came out"},
    Known{"events", "what happened; after=NUMBER, limit, level"},
    Known{"refusals", "the latest, by reason, service and terminal"},
    Known{"policy", "how instances are chosen; service; POST with policy: sets it"},
    Known{"drain", "how far draining is; POST with service or all=true: begins it"},
    Known{"undrain", "POST with service or all=true"},
    Known{"register", "POST with service, address, weight, version"},
    Known{"deregister", "POST with service, address"},
    Known{"health", "POST with service, address, health"},
};

// Arguments that aren't text (docs/protocol.md).
constexpr std::array<std::string_view, 7> numbers = {"ageMs",  "limit", "before", "quietMs",
                                                     "weight", "after", "waitMs"};
constexpr std::array<std::string_view, 2> flags = {"all", "undo"};

template <typename Names>
bool among(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

HttpResponse text(std::string body, unsigned status = 200) {
    HttpResponse response;
    response.status = status;
    response.type = "text/plain; charset=utf-8";
    response.body = std::move(body);
    return response;
}

HttpResponse json(const Json& value) {
    HttpResponse response;
    response.body = envelope::write_json(value) + "\n";
    return response;
}

HttpResponse not_allowed(std::string_view allowed, std::string_view why) {
    HttpResponse response = http_error(405, "method", why);
    response.fields.emplace_back("Allow", allowed);
    return response;
}

HttpResponse index() {
    Json list = Json::array();
    for (const Known& one : requests) {
        list.push_back({{"path", std::string(api) + std::string(one.name)}, {"about", one.about}});
    }
    return json({{"schema", "jetway.index/1"},
                 {"paths",
                  {{{"path", "/metrics"}, {"about", "for Prometheus, text format 0.0.4"}},
                   {{"path", "/healthz"}, {"about", "200 while the router turns"}},
                   {{"path", "/readyz"}, {"about", "200 when it takes envelopes, else 503"}}}},
                 {"requests", std::move(list)},
                 {"at", "?at=MACHINE asks another machine's router"}});
}

std::optional<HttpResponse> why_not(const HttpRequest& request, const Visitor& visitor) {
    const std::string* host = request.head.only("host");
    const std::string_view name = host != nullptr ? host_of(*host) : std::string_view();
    if (visitor.numbers_or_localhost && host != nullptr && !is_address(name) &&
        !terminal::equal_ignoring_case(name, "localhost")) {
        return http_error(403, "forbidden",
                          "on loopback the Host is localhost or an address in numbers");
    }
    if (request.head.count("origin") > 0) {
        const std::string* origin = request.head.only("origin");
        const bool own = origin != nullptr && host != nullptr &&
                         (*origin == "http://" + *host || *origin == "https://" + *host);
        if (!own) {
            return http_error(403, "forbidden", "web pages of other origins may not ask");
        }
    }
    return std::nullopt;
}

// False: it isn't of the type that its name wants.
bool add_text(router::ControlRequest& request, const std::string& name, const std::string& value) {
    if (among(numbers, name)) {
        std::uint64_t number = 0;
        const char* end = value.data() + value.size();
        const auto [stopped, error] = std::from_chars(value.data(), end, number);
        request.numbers.insert_or_assign(name, number);
        return error == std::errc() && stopped == end;
    }
    if (among(flags, name)) {
        request.flags.insert_or_assign(name, value == "true" || value.empty());
        return value == "true" || value == "false" || value.empty();
    }
    request.texts.insert_or_assign(name, value);
    return true;
}

std::string expected(const std::string& name) {
    return "`" + name + "`: expected " +
           (among(numbers, name) ? "a number"
            : among(flags, name) ? "true or false"
                                 : "text");
}

std::optional<HttpResponse> read_args(const HttpRequest& http, const Query& query,
                                      Question& question) {
    router::ControlRequest& request = question.request;
    for (const auto& [name, value] : query.args) {
        if (name == "at") {
            question.machine = value;
        } else if (!add_text(request, name, value)) {
            return http_error(400, "bad-request", expected(name));
        }
    }
    if (!http.body.empty()) {
        const base::Result<Json> body = envelope::parse_json(http.body);
        if (!body || !body->is_object()) {
            return http_error(400, "bad-request", "a body is one JSON object of arguments");
        }
        for (const auto& [name, value] : body->items()) {
            const bool number = value.is_number_unsigned() && among(numbers, name);
            const bool flag = value.is_boolean() && among(flags, name);
            if (name == "at" && value.is_string()) {
                question.machine = value.get<std::string>();
            } else if (number) {
                request.numbers.insert_or_assign(name, value.get<std::uint64_t>());
            } else if (flag) {
                request.flags.insert_or_assign(name, value.get<bool>());
            } else if (!value.is_string() || !add_text(request, name, value.get<std::string>())) {
                return http_error(400, "bad-request", expected(name));
            }
        }
    }
    if (!question.machine.empty() && !envelope::valid_name(question.machine)) {
        return http_error(400, "bad-request", "`at`: expected the name of a machine");
    }
    return std::nullopt;
}

unsigned status_of(std::string_view code) {
    if (code == "bad-envelope" || code == "bad-request") {
        return 400;
    }
    if (code == "forbidden") {
        return 403;
    }
    if (code == "no-route" || code == "no-instance") {
        return 404;
    }
    if (code == "timeout") {
        return 504;
    }
    return code == "overloaded" || code == "too-large" ? 503 : 502;
}

HttpResponse readiness(const base::Result<Json>& answer) {
    if (!answer) {
        return text(answer.error().detail + "\n", 503);
    }
    const std::string state = answer->value("state", "");
    if (state == "running") {
        return text("ready\n");
    }
    return text(state == "ending" ? "shutting down\n" : "draining\n", 503);
}

}  // namespace

std::variant<Question, HttpResponse> read(const HttpRequest& request, const Visitor& visitor) {
    if (std::optional<HttpResponse> refused = why_not(request, visitor)) {
        return std::move(*refused);
    }
    const std::optional<Query> query = read_target(request.head.target);
    if (!query) {
        return http_error(400, "bad-request", "expected a path such as /metrics");
    }
    const std::string& method = request.head.method;
    const bool reads = method == "GET" || method == "HEAD";
    const std::string& path = query->path;
    Question question;
    if (path.starts_with(api)) {
        question.request.name = path.substr(api.size());
        const auto known = std::find_if(requests.begin(), requests.end(), [&](const Known& one) {
            return one.name == question.request.name;
        });
        if (known == requests.end()) {
            return http_error(404, "not-found", "no such request: / lists those that there are");
        }
        if (!reads && method != "POST") {
            return not_allowed("GET, HEAD, POST", "expected GET or POST");
        }
        if (std::optional<HttpResponse> wrong = read_args(request, *query, question)) {
            return std::move(*wrong);
        }
        if (question.request.changes_router()) {
            if (reads) {
                return not_allowed("POST", "this changes the router: expected POST");
            }
            if (!visitor.may_change) {
                return http_error(403, "forbidden", visitor.why_not);
            }
        }
        return question;
    }
    const bool there = path == "/" || path == "/metrics" || path == "/healthz" || path == "/readyz";
    if (!there) {
        return http_error(404, "not-found", "nothing is there: / lists what there is");
    }
    if (!reads) {
        return not_allowed("GET, HEAD", "expected GET");
    }
    if (path == "/") {
        return index();
    }
    if (path == "/healthz") {
        return text("ok\n");
    }
    question.made_for = path == "/metrics" ? Question::For::metrics : Question::For::readiness;
    question.request.name = "statistics";
    return question;
}

HttpResponse respond(const Question& question, const base::Result<Json>& answer) {
    if (question.made_for == Question::For::readiness) {
        return readiness(answer);
    }
    if (!answer) {
        return http_error(status_of(answer.error().code), answer.error().code,
                          answer.error().detail);
    }
    if (question.made_for == Question::For::metrics) {
        HttpResponse response;
        response.type = "text/plain; version=0.0.4; charset=utf-8";
        response.body = metrics_text(*answer);
        return response;
    }
    return json(*answer);
}

base::Bytes pack(const router::ControlRequest& request) {
    Json args = Json::object();
    for (const auto& [name, value] : request.texts) {
        args[name] = value;
    }
    for (const auto& [name, value] : request.flags) {
        args[name] = value;
    }
    for (const auto& [name, value] : request.numbers) {
        args[name] = value;
    }
    base::Bytes data;
    envelope::append_json(data, {{"request", request.name}, {"args", std::move(args)}});
    return data;
}

}  // namespace jetway::admin
