// What a stream is asked in the clear and in TLS: `pair` is a Pair or a TlsPair.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "fixtures.h"
#include "io/timer.h"

namespace jetway::io {

// Ten megabytes in pieces of up to `largest`, half of them shared, and a peer that rests for a
// millisecond after each read: the write is finished, in order, and on_writable says so once.
template <class AnyPair>
void check_slow_reader(AnyPair& pair, std::size_t largest) {
    base::Bytes expected;
    std::vector<WriteChunk> chunks;
    for (std::size_t i = 0; expected.size() < 10'000'000; ++i) {
        base::Bytes bytes(1 + i * 37 % largest, static_cast<std::uint8_t>(i));
        base::append(expected, bytes);
        WriteChunk& chunk = chunks.emplace_back();
        if (i % 2 == 0) {
            chunk.own = std::move(bytes);
        } else {
            auto owner = std::make_shared<const base::Bytes>(std::move(bytes));
            chunk.shared = {*owner, owner};
        }
        chunks.emplace_back();  // an empty one
    }
    const std::size_t done = pair.client->write(std::move(chunks));
    CHECK(pair.client->busy());
    CHECK(done < expected.size());
    CHECK(pair.client->unfinished_bytes() > 0);
    CHECK(pair.client->unfinished_bytes() <= expected.size() - done);
    Timer rested(pair.loop, [&] { pair.server->start_reading(); });
    pair.at_server.when_read = [&](base::ByteView, const std::shared_ptr<base::Bytes>&) {
        pair.server->stop_reading();
        rested.set(pair.loop.now() + std::chrono::milliseconds(1));
    };
    pair.server->start_reading();
    CHECK(wait_for(pair.loop, [&] { return pair.at_server.received.size() == expected.size(); }));
    CHECK(pair.at_server.received == expected);
    CHECK(wait_for(pair.loop, [&] { return pair.at_client.writable == 1; }));
    CHECK_FALSE(pair.client->busy());
    CHECK(pair.client->unfinished_bytes() == 0);
    pair.at_server.when_read = nullptr;
}

// A letter at a time goes over, and who keeps the owner of what was read keeps the bytes: nothing
// is written over. `after_read` may give some of the views back early; the rest is returned.
template <class AnyPair>
std::vector<base::SharedView> check_kept_bytes(
    AnyPair& pair, const std::function<void(std::vector<base::SharedView>&)>& after_read) {
    std::vector<base::SharedView> kept;
    std::size_t size = 0;
    pair.at_server.when_read = [&](base::ByteView bytes,
                                   const std::shared_ptr<base::Bytes>& owner) {
        REQUIRE(bytes.data() >= owner->data());
        REQUIRE(bytes.data() + bytes.size() <= owner->data() + owner->size());
        kept.push_back({bytes, owner});
        size += bytes.size();
        after_read(kept);
    };
    pair.server->start_reading();
    std::size_t sent = 0;
    for (char letter = 'a'; letter <= 'z'; ++letter) {
        const std::string text(100'000, letter);
        sent += text.size();
        static_cast<void>(pair.client->write(chunks_of(text)));
        REQUIRE(wait_for(pair.loop, [&] { return size == sent && !pair.client->busy(); }));
    }
    for (const base::SharedView& view : kept) {
        CHECK(std::count(view.view.begin(), view.view.end(), view.view.front()) ==
              static_cast<std::ptrdiff_t>(view.view.size()));
    }
    pair.at_server.when_read = nullptr;
    return kept;
}

}  // namespace jetway::io
