// The upgrade that a WebSocket begins with: both ends, every refusal, cut anywhere.
#include "terminal/upgrade.h"

#include <doctest/doctest.h>

namespace jetway::terminal {

namespace {

using base::as_bytes;

const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455, section 1.3
const std::string accepted = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const std::string good_request =
    "GET /mesh HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nUpgrade: websocket\r\n"
    "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: " +
    key +
    "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: other, jetway.1\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

const std::string good_answer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: " +
    accepted + "\r\nSec-WebSocket-Protocol: jetway.1\r\n\r\n";

// The text with its first `was` replaced.
std::string with(std::string text, const std::string& was, const std::string& is) {
    const std::size_t at = text.find(was);
    REQUIRE(at != std::string::npos);
    return text.replace(at, was.size(), is);
}

UpgradeServer::Policy policy() {
    return {.path = "/mesh", .own_hosts = {"127.0.0.1", "localhost", "::1"}, .origins = {}};
}

// The status that the server refuses `request` with; 101 when it doesn't, 0 when it wants more.
int status_of(const std::string& request, UpgradeServer::Policy with_policy = policy()) {
    UpgradeServer server(std::move(with_policy));
    server.on_bytes(as_bytes(request));
    if (server.state() == UpgradeServer::State::reading) {
        CHECK(server.answer().empty());
        return 0;
    }
    const bool refused = server.state() == UpgradeServer::State::refused;
    REQUIRE(server.answer().starts_with("HTTP/1.1 "));
    const int status = std::stoi(server.answer().substr(9, 3));
    CHECK(refused == (status != 101));
    if (refused) {
        CHECK(server.why().code == "upgrade-" + std::to_string(status));
        CHECK(server.answer().find("\r\n\r\n" + server.why().detail + "\n") != std::string::npos);
        CHECK(server.answer().find(
                  "Content-Length: " + std::to_string(server.why().detail.size() + 1) + "\r\n") !=
              std::string::npos);
    }
    return status;
}

int status_of_origin(const std::string& origin, std::vector<std::string> origins = {}) {
    UpgradeServer::Policy asked = policy();
    asked.origins = std::move(origins);
    return status_of(with(good_request, "Upgrade:", "Origin: " + origin + "\r\nUpgrade:"), asked);
}

}  // namespace

TEST_SUITE("terminal.upgrade") {
    TEST_CASE("the digest of a key is the RFC's") {
        CHECK(websocket_accept(key) == accepted);
    }

    TEST_CASE("a good request is answered 101, wherever it is cut, and what follows it is left") {
        const std::string sent = good_request + "after";
        for (std::size_t cut = 0; cut <= sent.size(); ++cut) {
            UpgradeServer server(policy());
            const base::ByteView bytes = as_bytes(sent);
            std::size_t used = server.on_bytes(bytes.first(cut));
            if (used == cut && server.state() == UpgradeServer::State::reading) {
                used += server.on_bytes(bytes.subspan(cut));
            }
            INFO("cut at ", cut);
            CHECK(used == good_request.size());
            CHECK(server.state() == UpgradeServer::State::upgraded);
            CHECK(server.answer() == good_answer);
        }
    }

    TEST_CASE("each thing that is wrong with a request has its status and words") {
        struct Case {
            const char* was;
            const char* is;
            int status;
        };
        const Case cases[] = {
            {"GET", "POST", 405},
            {"HTTP/1.1", "HTTP/1.0", 505},
            {"GET /mesh HTTP/1.1", "\x16\x03\x01", 400},
            {"Host: 127.0.0.1:9001\r\n", "", 400},
            {"Host: 127.0.0.1:9001\r\n", "Host: a\r\nHost: b\r\n", 400},
            {"/mesh", "/", 404},
            {"/mesh", "/mesh/", 404},
            {"/mesh", "/mesh?token=x", 101},
            {"Upgrade: websocket\r\n", "", 426},
            {"Upgrade: websocket\r\n", "Upgrade: h2c, WebSocket\r\n", 101},
            {"Upgrade: websocket\r\n", "Upgrade: websockets\r\n", 426},
            {"keep-alive, Upgrade", "keep-alive", 426},
            {"Version: 13", "Version: 8", 426},
            {"Sec-WebSocket-Version: 13\r\n", "", 426},
            {"Sec-WebSocket-Key", "X-Key", 400},
            {"dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j", 400},
            {"dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZWU=", 400},
            {"dGhlIHNhbXBsZSBub25jZQ==", "*GhlIHNhbXBsZSBub25jZQ==", 400},
            {"other, jetway.1", "other", 400},
            {"Sec-WebSocket-Protocol: other, jetway.1\r\n", "", 400},
            {"other, jetway.1", "jetway.10", 400},
        };
        for (const Case& tried : cases) {
            INFO(tried.was, " -> ", tried.is);
            CHECK(status_of(with(good_request, tried.was, tried.is)) == tried.status);
        }
    }

    TEST_CASE("a request that is no upgrade is told what lives here") {
        UpgradeServer server(policy());
        server.on_bytes(as_bytes("GET /mesh HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"));
        CHECK(server.answer() ==
              "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
              "Connection: Upgrade, close\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 95\r\n\r\n"
              "this is a Jetway router: connect by WebSocket (ws:// or wss://), with the "
              "subprotocol jetway.1\n");
    }

    TEST_CASE("a head is at most 8 KiB, and no more of it is taken") {
        const std::size_t room = HttpHeadReader::longest - good_request.size() - 5;
        const auto padded = [&](std::size_t size) {
            return with(good_request, "Upgrade:", "x: " + std::string(size, 'y') + "\r\nUpgrade:");
        };
        CHECK(padded(room).size() == HttpHeadReader::longest);
        CHECK(status_of(padded(room)) == 101);
        CHECK(status_of(padded(room + 1)) == 431);
        UpgradeServer server(policy());
        const std::string endless = "GET /mesh HTTP/1.1\r\nx: " + std::string(100'000, 'y');
        CHECK(server.on_bytes(as_bytes(endless)) <= HttpHeadReader::longest + 1);
        CHECK(server.state() == UpgradeServer::State::refused);
        CHECK(server.on_bytes(as_bytes(endless)) == 0);
    }

    TEST_CASE("a web page gets in from the listener's own host or a listed origin only") {
        CHECK(status_of_origin("http://127.0.0.1:9001") == 101);
        CHECK(status_of_origin("http://localhost:8080") == 101);
        CHECK(status_of_origin("https://LocalHost") == 101);
        CHECK(status_of_origin("http://[::1]:1") == 101);
        CHECK(status_of_origin("https://evil.example") == 403);
        CHECK(status_of_origin("http://localhost.evil.example") == 403);
        CHECK(status_of_origin("null") == 403);
        CHECK(status_of_origin("") == 403);
        CHECK(status_of_origin("https://app.example", {"https://app.example"}) == 101);
        CHECK(status_of_origin("https://app.example:8443", {"https://app.example"}) == 403);
        CHECK(status_of_origin("https://evil.example", {"https://app.example"}) == 403);
        CHECK(status_of_origin("https://evil.example", {"*"}) == 101);
        CHECK(status_of_origin("null", {"*"}) == 101);
        // Two of them: which one is asked?
        CHECK(status_of_origin("http://localhost\r\nOrigin: https://evil.example") == 403);
        // The page of a name that was made to lead here is still that name's.
        CHECK(status_of(with(with(good_request, "Upgrade:", "Origin: http://evil:9001\r\nUpgrade:"),
                             "127.0.0.1:9001", "evil:9001")) == 403);
    }

    TEST_CASE("the client's request is welcome to the server, and the answer to the client") {
        base::Random random(7);
        UpgradeClient client({.host = "127.0.0.1:9001", .path = "/mesh"}, random);
        UpgradeClient other({.host = "127.0.0.1:9001", .path = "/mesh"}, random);
        CHECK(client.request() != other.request());
        UpgradeServer server(policy());
        CHECK(server.on_bytes(as_bytes(client.request())) == client.request().size());
        REQUIRE(server.state() == UpgradeServer::State::upgraded);
        const std::string sent = server.answer() + "after";
        for (const char byte : server.answer()) {
            CHECK(client.state() == UpgradeClient::State::reading);
            CHECK(client.on_bytes(as_bytes({&byte, 1})) == 1);
        }
        CHECK(client.state() == UpgradeClient::State::upgraded);
        CHECK(other.on_bytes(as_bytes(sent)) == server.answer().size());
        CHECK(other.state() == UpgradeClient::State::refused);  // the digest of another key
    }

    TEST_CASE("the client tells what is wrong with an answer") {
        struct Case {
            std::string answer;
            const char* code;
            const char* says;
        };
        const Case cases[] = {
            {with(good_answer, accepted, "aaaa"), "bad-upgrade", "Sec-WebSocket-Accept"},
            {with(good_answer, "Upgrade: websocket\r\n", ""), "bad-upgrade", "not to WebSocket"},
            {with(good_answer, "jetway.1", "chat"), "bad-upgrade", "jetway.1"},
            {with(good_answer, "Sec-WebSocket-Protocol: jetway.1\r\n", ""), "bad-upgrade",
             "jetway.1"},
            {with(good_answer, "Upgrade:", "Sec-WebSocket-Extensions: x\r\nUpgrade:"),
             "bad-upgrade", "extension"},
            {std::string("\0\0\0\x05\x01", 5), "bad-upgrade", "no HTTP"},
            {"HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\nnothing is here; so\nmore",
             "upgrade-refused", "404 Not Found: nothing is here; so"},
            {"HTTP/1.1 301 Moved Permanently\r\nLocation: x\r\n\r\n", "upgrade-refused",
             "301 Moved Permanently"},
            {"HTTP/1.1 500 x\r\n\r\nno line end", "upgrade-refused",
             "500 Internal Server Error: no line end"},
            {"HTTP/1.1 400 x\r\n\r\n" + std::string(1000, 'z'), "upgrade-refused", "zzz"},
            {"HTTP/1.1 101 Swi", "bad-upgrade", "closed before"},
            {"HTTP/1.1 200 OK\r\nx: " + std::string(9000, 'z'), "bad-upgrade", "8192"},
        };
        for (const Case& tried : cases) {
            base::Random random(1);
            UpgradeClient client({.host = "h", .path = "/"}, random);
            // Our key, so that only what the case is about is wrong.
            std::string answer = tried.answer;
            const std::size_t at = client.request().find("Key: ") + 5;
            const std::string ours = websocket_accept(client.request().substr(at, 24));
            if (const std::size_t digest = answer.find(accepted); digest != std::string::npos) {
                answer.replace(digest, accepted.size(), ours);
            }
            client.on_bytes(as_bytes(answer));
            client.on_end();
            INFO(answer, " ", client.why().detail);
            CHECK(client.state() == UpgradeClient::State::refused);
            CHECK(client.why().code == tried.code);
            CHECK(client.why().detail.find(tried.says) != std::string::npos);
        }
    }

    TEST_CASE("what a refusal says is shown without control characters, and cut") {
        base::Random random(1);
        UpgradeClient client({.host = "h", .path = "/"}, random);
        client.on_bytes(
            as_bytes("HTTP/1.1 403 Forbidden\r\n\r\n\x1b[2Jno" + std::string(900, 'a')));
        REQUIRE(client.state() == UpgradeClient::State::refused);
        CHECK(client.why().detail.find("?[2Jno") != std::string::npos);
        CHECK(client.why().detail.size() < 400);
    }
}

}  // namespace jetway::terminal
