// HttpSession: the server's side of one HTTP/1.1 connection, on raw bytes.
#include "admin/http.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace jetway::admin {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Client {
    Client() { start({}); }
    explicit Client(HttpSession::Limits limits) { start(limits); }

    void start(HttpSession::Limits limits) {
        session = std::make_unique<HttpSession>(
            limits, [] { return std::string("now"); },
            [this](const HttpRequest& request) {
                asked.push_back(request.head.method + " " + request.head.target);
                bodies.push_back(request.body);
                if (at_once) {
                    answer(reply);
                }
            },
            now);
    }
    void say(std::string_view text) { session->on_bytes(base::as_bytes(text), now); }
    void answer(const std::string& text) {
        HttpResponse response;
        response.type = "text/plain";
        response.body = text;
        session->answer(response, now);
    }
    // All that can be had.
    std::string hear() {
        std::string all;
        for (base::Bytes some = session->take_output(now); !some.empty();
             some = session->take_output(now)) {
            all += base::as_text(some);
        }
        return all;
    }

    base::Instant now{seconds(100)};
    std::unique_ptr<HttpSession> session;
    std::vector<std::string> asked;
    std::vector<std::string> bodies;
    bool at_once = true;
    std::string reply = "hello";
};

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

bool begins(const std::string& text, std::string_view with) {
    return text.substr(0, with.size()) == with;
}

const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

}  // namespace

TEST_SUITE("admin.http") {
    TEST_CASE("a request is answered by exactly these bytes, and the connection stays") {
        Client client;
        client.say(get);
        CHECK(client.hear() ==
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
              "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nDate: now\r\n"
              "Connection: keep-alive\r\n\r\nhello");
        CHECK_FALSE(client.session->ended());
        CHECK(client.session->wants_input());
    }

    TEST_CASE("wherever the stream is cut, the same requests come out of it") {
        const std::string stream =
            "POST /p?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody" + get +
            "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
            CAPTURE(cut);
            Client client;
            client.say(stream.substr(0, cut));
            std::string heard = client.hear();
            client.say(stream.substr(cut));
            heard += client.hear();
            CHECK(client.asked == std::vector<std::string>{"POST /p?x=1", "GET /a", "POST /c"});
            CHECK(client.bodies == std::vector<std::string>{"body", "", "abcde"});
            CHECK(count(heard, "HTTP/1.1 200 OK") == 3);
        }
    }

    TEST_CASE("of a pipeline one request is handed out at a time, and no more is read meanwhile") {
        Client client;
        client.at_once = false;
        client.say(get + get + get);
        CHECK(client.asked.size() == 1);
        CHECK(client.hear().empty());
        CHECK(client.asked.size() == 1);
        CHECK_FALSE(client.session->wants_input());
        client.answer("one");
        CHECK(client.asked.size() == 1);  // what was answered isn't taken yet
        client.hear();
        CHECK(client.asked.size() == 2);
        client.answer("two");
        client.hear();
        client.answer("three");
        CHECK(count(client.hear(), "three") == 1);
        CHECK(client.asked.size() == 3);
        CHECK(client.session->wants_input());
    }

    TEST_CASE("an answer that nobody asked for, and a second one, change nothing") {
        Client client;
        client.answer("early");
        CHECK(client.hear().empty());
        client.say(get);
        client.answer("again");
        CHECK(count(client.hear(), "HTTP/1.1") == 1);
    }

    TEST_CASE("HEAD gets the head of what GET gets, and no more") {
        Client client;
        client.say("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n" + get);
        const std::string heard = client.hear();
        CHECK(count(heard, "Content-Length: 5\r\n") == 2);
        CHECK(count(heard, "hello") == 1);
    }

    TEST_CASE("the connection ends where the client wants that, by word or by version") {
        for (const std::string request :
             {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
            CAPTURE(request);
            Client client;
            client.say(request);
            CHECK(count(client.hear(), "Connection: close\r\n") == 1);
            CHECK(client.session->ended());
            client.say(get);
            CHECK(client.asked.size() == 1);
        }
        Client client;
        client.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        CHECK(count(client.hear(), "Connection: keep-alive\r\n") == 1);
        CHECK_FALSE(client.session->ended());
    }

    TEST_CASE("what can't be taken is refused with its status, and the connection ends") {
        struct Row {
            std::string name;
            std::string said;
            std::string answered;
        };
        const std::vector<Row> rows = {
            {"garbage", "\x16\x03\x01 TLS, by the look of it\r\n\r\n", "HTTP/1.1 400 "},
            {"a frame of Jetway", std::string("\0\0\0\x08\x01\0\0\0\x80", 9), "HTTP/1.1 400 "},
            {"an unknown method", "GRAB / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 400 "},
            {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 400 "},
            {"no Host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
            {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 "},
            {"two lengths",
             "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
             "HTTP/1.1 400 "},
            {"a length and chunks",
             "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: "
             "chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.1 400 "},
            {"a length that is none", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
             "HTTP/1.1 400 "},
            {"a chunk that is none",
             "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
             "HTTP/1.1 400 "},
            {"a long path", "GET /" + std::string(9000, 'a'), "HTTP/1.1 431 "},
            {"a long field", "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(9000, 'a'),
             "HTTP/1.1 431 "},
            {"many fields",
             [] {
                 std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
                 for (int i = 0; i < 2000; ++i) {
                     text += "a: b\r\n";
                 }
                 return text;
             }(),
             "HTTP/1.1 431 "},
            {"a long body, announced",
             "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n", "HTTP/1.1 413 "},
            {"a long body in chunks",
             "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n" +
                 std::string(65537, 'x'),
             "HTTP/1.1 413 "},
        };
        for (const Row& row : rows) {
            CAPTURE(row.name);
            for (const std::size_t piece : {row.said.size(), std::size_t{1}, std::size_t{7}}) {
                Client client;
                std::string heard;
                for (std::size_t at = 0; at < row.said.size(); at += piece) {
                    client.say(std::string_view(row.said).substr(at, piece));
                    heard += client.hear();
                }
                CAPTURE(heard);
                CHECK(begins(heard, row.answered));
                CHECK(count(heard, "HTTP/1.1 ") == 1);
                CHECK(client.session->ended());
                CHECK(client.asked.empty());
            }
        }
    }

    TEST_CASE("the head and the body fit to their last byte") {
        HttpSession::Limits limits;
        limits.head = 60;
        limits.body = 10;
        const std::string begin = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n";
        const std::string fill = "A: " + std::string(60 - begin.size() - 3 - 4, 'a') + "\r\n\r\n";
        REQUIRE((begin + fill).size() == 60);
        Client client(limits);
        client.say(begin + fill + "0123456789");
        CHECK(begins(client.hear(), "HTTP/1.1 200 "));
        CHECK(client.bodies == std::vector<std::string>{"0123456789"});
        client.say(begin + "A" + fill + "0123456789");
        CHECK(begins(client.hear(), "HTTP/1.1 431 "));
    }

    TEST_CASE("who waits to be told to go on is told") {
        Client client;
        client.say(
            "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        CHECK(client.hear() == "HTTP/1.1 100 Continue\r\n\r\n");
        client.say("ok");
        CHECK(begins(client.hear(), "HTTP/1.1 200 "));
        CHECK(client.bodies == std::vector<std::string>{"ok"});
    }

    TEST_CASE("a request that comes too slowly is refused, and a silent connection ends") {
        Client client;
        CHECK(client.session->deadline() == client.now + seconds(60));
        client.say("GET / HT");
        const base::Instant began = client.now;
        while (client.now < began + seconds(9)) {
            client.now += seconds(1);
            client.say("T");  // it goes on and on
            client.session->on_deadline(client.now);
            if (client.session->ended()) {
                break;
            }
        }
        Client slow;
        slow.say("GET / HTTP/1.1\r\n");
        slow.now += seconds(10) - milliseconds(1);
        slow.session->on_deadline(slow.now);
        CHECK_FALSE(slow.session->ended());
        slow.now += milliseconds(1);
        slow.session->on_deadline(slow.now);
        CHECK(begins(slow.hear(), "HTTP/1.1 408 "));
        CHECK(slow.session->ended());

        Client silent;
        silent.say(get);
        silent.hear();
        silent.now += seconds(60);
        silent.session->on_deadline(silent.now);
        CHECK(silent.session->ended());
        CHECK(silent.hear().empty());
    }

    TEST_CASE("while a request is answered nobody is hurried") {
        Client client;
        client.at_once = false;
        client.say(get);
        CHECK(client.session->deadline() == base::never);
        client.now += seconds(3600);
        client.session->on_deadline(client.now);
        CHECK_FALSE(client.session->ended());
    }

    TEST_CASE("nothing that an answer is made of breaks out of its line") {
        Client client;
        client.at_once = false;
        client.say(get);
        HttpResponse response;
        response.type = "text/plain\r\nX-Evil: 1";
        response.fields.emplace_back("Allow\r\nX", "GET\r\n\r\nbody");
        client.session->answer(response, client.now);
        const std::string heard = client.hear();
        CHECK(count(heard, "\r\nX-Evil") == 0);
        CHECK(count(heard, "\r\n\r\n") == 1);
    }

    TEST_CASE("an upgrade is not taken up: the answer is plain HTTP and the last one") {
        Client client;
        client.say(
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\njunk");
        const std::string heard = client.hear();
        CHECK(begins(heard, "HTTP/1.1 200 "));
        CHECK(count(heard, "HTTP/1.1 ") == 1);
        CHECK(client.session->ended());
    }
}

}  // namespace jetway::admin
