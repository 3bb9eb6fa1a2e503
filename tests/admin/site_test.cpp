// Site: what each request means, and what is made of an answer; Query below it.
#include "admin/site.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "admin/query.h"

namespace jetway::admin {

namespace {

using envelope::Json;

HttpRequest request(std::string method, std::string target, std::string body = {}) {
    HttpRequest request;
    request.head.method = std::move(method);
    request.head.target = std::move(target);
    request.head.major = request.head.minor = 1;
    request.head.fields = {{"host", "127.0.0.1:7930"}};
    request.body = std::move(body);
    return request;
}

const Visitor reader{.may_change = false, .why_not = "not you", .numbers_or_localhost = true};
const Visitor writer{.may_change = true, .why_not = {}, .numbers_or_localhost = true};

Question question(const HttpRequest& of, const Visitor& by = writer) {
    const auto read = admin::read(of, by);
    const auto* found = std::get_if<Question>(&read);
    REQUIRE(found != nullptr);
    return *found;
}

HttpResponse response(const HttpRequest& of, const Visitor& by = writer) {
    const auto read = admin::read(of, by);
    const auto* found = std::get_if<HttpResponse>(&read);
    REQUIRE(found != nullptr);
    return *found;
}

unsigned status(const HttpRequest& of, const Visitor& by = writer) {
    const auto read = admin::read(of, by);
    const auto* found = std::get_if<HttpResponse>(&read);
    return found != nullptr ? found->status : 0;
}

}  // namespace

TEST_SUITE("admin.query") {
    TEST_CASE("a target is a path and its arguments, decoded") {
        const auto query = read_target("/api/v1/x%2fy?a=1&b=two+words&c=%26%3D&d&=e&&f=g=h#i");
        REQUIRE(query);
        CHECK(query->path == "/api/v1/x/y");
        CHECK(query->args ==
              std::vector<std::pair<std::string, std::string>>{
                  {"a", "1"}, {"b", "two words"}, {"c", "&="}, {"d", ""}, {"", "e"}, {"f", "g=h"}});
        CHECK(read_target("/a+b")->path == "/a+b");
        CHECK(read_target("http://host:80/p?q=r")->path == "/p");
        CHECK(read_target("http://host")->path == "/");
        CHECK(read_target("/")->args.empty());
    }

    TEST_CASE("what is no path, or is badly encoded, is none") {
        for (const char* target : {"", "*", "metrics", "/%", "/%2", "/%zz", "/?a=%", "/?%4=1"}) {
            CAPTURE(target);
            CHECK_FALSE(read_target(target));
        }
    }

    TEST_CASE("a host is an address in numbers, or a name that somebody's DNS answers for") {
        for (const char* field :
             {"127.0.0.1", "127.0.0.1:80", "[::1]:80", "[fe80::1]", "10.0.0.2"}) {
            CAPTURE(field);
            CHECK(is_address(host_of(field)));
        }
        for (const char* field : {"", "evil.example", "127.0.0.1.evil.example:7930", "localhost",
                                  "1.2.3", "[evil.example]", "[", "beef.de", "dead:beef.example"}) {
            CAPTURE(field);
            CHECK_FALSE(is_address(host_of(field)));
        }
    }
}

TEST_SUITE("admin.site") {
    TEST_CASE("arguments become those of the control request, each of its type") {
        const Question asked = question(
            request("GET", "/api/v1/history?of=web&limit=5&all=true&undo=false&at=machine-b"));
        CHECK(asked.machine == "machine-b");
        CHECK(asked.request.name == "history");
        CHECK(asked.request.texts.at("of") == "web");
        CHECK(asked.request.numbers.at("limit") == 5);
        CHECK(asked.request.flag("all"));
        CHECK_FALSE(asked.request.flag("undo"));
        const Question body = question(
            request("POST", "/api/v1/drain?service=web", R"({"quietMs": 7, "undo": true})"));
        CHECK(body.request.texts.at("service") == "web");
        CHECK(body.request.numbers.at("quietMs") == 7);
        CHECK(body.request.flag("undo"));
        CHECK(body.machine.empty());
    }

    TEST_CASE("what is packed for another machine is read there as it was meant") {
        const Question asked =
            question(request("POST", "/api/v1/register?service=web&address=h:1&weight=3&at=b"));
        const base::Bytes data = pack(asked.request);
        const auto there = router::read_control_request(data);
        REQUIRE(there);
        CHECK(there->name == "register");
        CHECK(there->texts.at("address") == "h:1");
        CHECK(there->numbers.at("weight") == 3);
        CHECK(there->changes_router());
    }

    TEST_CASE("each request has its status") {
        struct Row {
            std::string method;
            std::string target;
            unsigned by_reader;
            unsigned by_writer;
        };
        const std::vector<Row> rows = {
            {"GET", "/", 200, 200},
            {"HEAD", "/healthz", 200, 200},
            {"GET", "/healthz?verbose", 200, 200},
            {"GET", "/metrics", 0, 0},
            {"GET", "/readyz", 0, 0},
            {"POST", "/metrics", 405, 405},
            {"DELETE", "/", 405, 405},
            {"GET", "/favicon.ico", 404, 404},
            {"GET", "/metrics/", 404, 404},
            {"GET", "/../etc/passwd", 404, 404},
            {"GET", "/api/v1/", 404, 404},
            {"GET", "/api/v1/ping", 404, 404},
            {"GET", "/api/v1/9p-dial", 404, 404},
            {"GET", "/api/v1/nonsense", 404, 404},
            {"GET", "/api/v1/routes", 0, 0},
            {"POST", "/api/v1/routes", 0, 0},
            {"PUT", "/api/v1/routes", 405, 405},
            {"GET", "/api/v1/routes?all=maybe", 400, 400},
            {"GET", "/api/v1/history?limit=-1", 400, 400},
            {"GET", "/api/v1/history?limit=1x", 400, 400},
            {"GET", "/api/v1/routes?at=no/name", 400, 400},
            {"OPTIONS", "*", 400, 400},
            {"GET", "/api/v1/drain", 0, 0},
            {"GET", "/api/v1/drain?all=true", 405, 405},
            {"HEAD", "/api/v1/drain?service=web", 405, 405},
            {"GET", "/api/v1/register?service=a&address=b:1", 405, 405},
            {"GET", "/api/v1/policy?service=a", 0, 0},
            {"GET", "/api/v1/policy?service=a&policy=random", 405, 405},
            {"POST", "/api/v1/policy?service=a&policy=random", 403, 0},
            {"POST", "/api/v1/drain?all=true", 403, 0},
            {"POST", "/api/v1/drain?all=true&at=b", 403, 0},
            {"POST", "/api/v1/health?service=a", 403, 0},
        };
        for (const Row& row : rows) {
            CAPTURE(row.method);
            CAPTURE(row.target);
            CHECK(status(request(row.method, row.target), reader) == row.by_reader);
            CHECK(status(request(row.method, row.target), writer) == row.by_writer);
        }
    }

    TEST_CASE("a body is one object of arguments of the right types, or is refused") {
        for (const char* body : {"[]", "1", "{", "{\"all\": 1}", "{\"limit\": -1}",
                                 "{\"limit\": 1.5}", "{\"of\": {}}", "{\"of\": null}"}) {
            CAPTURE(body);
            CHECK(status(request("POST", "/api/v1/history", body)) == 400);
        }
        CHECK(status(request("POST", "/api/v1/drain", R"({"all": true})"), reader) == 403);
    }

    TEST_CASE("405 says what is allowed") {
        const HttpResponse refused = response(request("PUT", "/api/v1/routes"));
        CHECK(refused.fields ==
              std::vector<std::pair<std::string, std::string>>{{"Allow", "GET, HEAD, POST"}});
    }

    TEST_CASE("on loopback a name of somebody's DNS in Host is refused, elsewhere it isn't") {
        HttpRequest of = request("GET", "/healthz");
        const auto with = [&of](const char* host, bool numbers) {
            of.head.fields = {{"host", host}};
            return status(of,
                          {.may_change = false, .why_not = {}, .numbers_or_localhost = numbers});
        };
        CHECK(with("evil.example:7930", true) == 403);
        CHECK(with("evil.example:7930", false) == 200);
        CHECK(with("LocalHost:7930", true) == 200);
        CHECK(with("[::1]:7930", true) == 200);
        CHECK(with("", true) == 403);
    }

    TEST_CASE("a web page of another origin may not even read") {
        HttpRequest of = request("GET", "/api/v1/status");
        const auto from = [&of](const char* origin) {
            of.head.fields = {{"host", "127.0.0.1:7930"}, {"origin", origin}};
            return status(of);
        };
        CHECK(from("https://evil.example") == 403);
        CHECK(from("null") == 403);
        CHECK(from("http://127.0.0.1:8080") == 403);
        CHECK(from("http://127.0.0.1:7930") == 0);
    }

    TEST_CASE("errors of control requests have a status each") {
        const Question asked = question(request("GET", "/api/v1/routes?at=b"));
        const auto of = [&asked](const char* code) {
            return respond(asked, base::Error{code, "why"}).status;
        };
        CHECK(of("bad-envelope") == 400);
        CHECK(of("forbidden") == 403);
        CHECK(of("no-route") == 404);
        CHECK(of("no-instance") == 404);
        CHECK(of("overloaded") == 503);
        CHECK(of("timeout") == 504);
        CHECK(of("link-lost") == 502);
        const HttpResponse error = respond(asked, base::Error{"no-route", "the \xff way"});
        const Json body = Json::parse(error.body);
        CHECK(body["schema"] == "jetway.error/1");
        CHECK(body["error"]["code"] == "no-route");
    }

    TEST_CASE("ready is a router that runs, and neither drains nor ends") {
        const Question asked = question(request("GET", "/readyz"));
        CHECK(respond(asked, Json{{"state", "running"}}).status == 200);
        CHECK(respond(asked, Json{{"state", "draining"}}).status == 503);
        CHECK(respond(asked, Json{{"state", "draining"}}).body == "draining\n");
        CHECK(respond(asked, Json{{"state", "ending"}}).status == 503);
        CHECK(respond(asked, base::Error{"x", "y"}).status == 503);
    }
}

}  // namespace jetway::admin
