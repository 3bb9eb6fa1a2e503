// What a client asks, the answers, and the errors instead of them.
#include <nlohmann/json.hpp>

#include "client/control.h"
#include "pair.h"

namespace jetway::client {

using envelope::append_json;
using envelope::Json;
using envelope::to_json;
using envelope::write_json;
using namespace std::chrono_literals;

TEST_SUITE("client.requests") {
    TEST_CASE("a request has a fresh id and this connection as replyTo, and gets its answer") {
        Pair pair;
        const base::Bytes data = text("pong");
        pair.answers([&](EnvelopeFields& fields) { fields.data = data; });
        for (std::size_t i = 1; i <= 2; ++i) {
            const auto answer = pair.client->request(to("gpu-server"), 5s);
            REQUIRE(answer);
            CHECK(answer->source == "gpu-server");
            CHECK(answer->data == data);
            CHECK(pair.router.await_envelope(i).reply_to == "client-1@machine-a");
        }
        const base::Bytes first(pair.router.await_envelope(1).id.begin(),
                                pair.router.await_envelope(1).id.end());
        const base::Bytes second(pair.router.await_envelope(2).id.begin(),
                                 pair.router.await_envelope(2).id.end());
        CHECK(first != second);
        CHECK(pair.client->unanswered() == 0);
    }

    TEST_CASE("an error envelope is the request's error, with the machine that refused") {
        Pair pair;
        const envelope::ErrorFields refusal{"no-route", "nobody has it", "machine-b", "x"};
        pair.answers([&](EnvelopeFields& fields) { fields.error = &refusal; });
        const auto answer = pair.client->request(to("x"), 5s);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == "no-route");
        CHECK(answer.error().detail == "nobody has it (at machine-b)");
    }

    TEST_CASE("a request that nobody answers ends at its deadline, and a late answer is dropped") {
        Pair pair;
        std::size_t others = 0;
        pair.client->on_envelope([&](const EnvelopeView&) { ++others; });
        const auto answer = pair.client->request(to("x"), 30ms);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == "timeout");
        EnvelopeFields late = to("client-1@machine-a");
        late.in_reply_to = pair.router.await_envelope().id;
        pair.router.send_envelope(late);
        CHECK(pair.wait([&] { return pair.client->skipped() == 1; }));
        CHECK(others == 0);
    }

    TEST_CASE("a connection that ends answers what was asked: GOODBYE's code, else `closed`") {
        for (const bool polite : {true, false}) {
            Pair pair;
            pair.router.on_frame = [&](const FakeRouter::Received&) {
                if (polite) {
                    base::Bytes body;
                    envelope::append_goodbye(body, {"shutdown", ""});
                    pair.router.send(Kind::goodbye, body);
                } else {
                    pair.router.close();
                }
            };
            std::string why;
            pair.client->on_closed([&](const base::Error& error) { why = error.code; });
            const auto answer = pair.client->request(to("x"), 5s);
            REQUIRE_FALSE(answer);
            CHECK(answer.error().code == (polite ? "shutdown" : "closed"));
            CHECK(why == answer.error().code);
            CHECK_FALSE(pair.client->send(to("x")));
        }
    }

    TEST_CASE("asking for more answers takes them until the deadline") {
        Pair pair;
        int answers = 0;
        std::string end;
        const auto asked = pair.client->ask(to("x@*"), pair.runtime.now() + 60ms,
                                            [&](const base::Result<EnvelopeView>& answer) {
                                                answers += answer ? 1 : 0;
                                                end = answer ? "" : answer.error().code;
                                                return true;
                                            });
        REQUIRE(asked);
        for (int i = 0; i < 3; ++i) {
            EnvelopeFields fields = to("client-1@machine-a");
            fields.in_reply_to = pair.router.await_envelope().id;
            pair.router.send_envelope(fields);
        }
        CHECK(pair.wait([&] { return !end.empty(); }));
        CHECK(answers == 3);
        CHECK(end == "timeout");
    }

    TEST_CASE("a control request asks the own router, or the one that is named") {
        Pair pair;
        base::Bytes data;
        append_json(data, Json{{"schema", "jetway.status/1"}});
        pair.answers([&](EnvelopeFields& fields) { fields.data = data; });
        auto answer = control(*pair.client, {"status", {}, {}}, 5s);
        REQUIRE(answer);
        CHECK((*answer)["schema"] == "jetway.status/1");
        CHECK(pair.router.await_envelope(1).destination == "router@machine-a");
        answer = control(*pair.client, {"routes", Json{{"all", true}}, "machine-c"}, 5s);
        REQUIRE(answer);
        const EnvelopeView asked = pair.router.await_envelope(2);
        CHECK(asked.destination == "router@machine-c");
        const auto request = to_json(asked.data);
        REQUIRE(request);
        CHECK(write_json(*request) == R"({"request":"routes","args":{"all":true}})");
    }
}

}  // namespace jetway::client
