// Pair: an Instance and the FakeServer that it speaks to, and what is asked there, until it is
// answered.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "ninep/instance.h"
#include "tests/ninep/fake_server.h"
#include "tests/ninep/start.h"

namespace jetway::tests {

struct Pair {
    explicit Pair(ninep::Dialect dialect, const ninep::ExchangeOptions& options = {})
        : server(dialect), instance(options) {}

    // Bytes both ways until nothing moves.
    void run() {
        instance.exchange().end_turn(now);
        while (instance.exchange().has_output()) {
            const base::Bytes answer = server.feed(instance.exchange().take_output());
            instance.exchange().on_bytes(answer, now);
            instance.exchange().end_turn(now);
        }
    }
    void pass(base::Duration time) {
        now += time;
        instance.exchange().on_deadline(now);
        run();
    }
    template <typename Value, typename Call>
    base::Result<Value> call(Call make) {
        std::optional<base::Result<Value>> result;
        make(typename ninep::Instance::Then<Value>([&result](base::Result<Value> value) {
            CHECK_FALSE(result.has_value());
            result = std::move(value);
        }));
        run();
        REQUIRE(result.has_value());
        return std::move(*result);
    }
    base::Result<ninep::Instance::Root> attach() {
        run();
        return call<ninep::Instance::Root>(
            [&](const auto& then) { instance.attach("glenda", 7, "", then); });
    }
    base::Result<ninep::Instance::Found> walk(ninep::Fid from, const ninep::File::Names& names) {
        return call<ninep::Instance::Found>(
            [&](const auto& then) { instance.walk(from, names, then); });
    }
    void clunk(ninep::Fid fid) {
        CHECK(call<ninep::Done>([&](const auto& then) { instance.clunk(fid, then); }));
    }
    std::string why() const { return instance.exchange().why().detail; }

    FakeServer server;
    ninep::Instance instance;
    base::Instant now = start;
};

inline void check_nothing_left(Pair& pair) {
    CHECK(pair.server.fids.empty());
    CHECK(pair.instance.fids() == 0);
    CHECK(pair.instance.exchange().unanswered() == 0);
    CHECK(pair.server.malformed.empty());
}

}  // namespace jetway::tests
