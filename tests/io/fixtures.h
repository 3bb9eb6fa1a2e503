// What the tests of io/ share: a loop run until a condition holds, a temporary folder, and a
// handler that records what happens to it.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/dialler.h"
#include "io/listener.h"
#include "io/loop.h"
#include "io/stream.h"

namespace jetway::io {

// False if the condition does not hold within ten seconds.
inline bool wait_for(Loop& loop, const std::function<bool()>& condition) {
    loop.update();
    const base::Instant deadline = loop.now() + std::chrono::seconds(10);
    while (!condition()) {
        if (loop.now() >= deadline) {
            return false;
        }
        loop.run_once(std::chrono::milliseconds(100));
    }
    return true;
}

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = "/tmp/jetway-io-XXXXXX";
        path_ = mkdtemp(name.data());
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

class Recorder : public StreamHandler {
public:
    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) override {
        base::append(received, bytes);
        ++reads;
        if (when_read) {
            when_read(bytes, owner);
        }
    }
    void on_writable() override {
        ++writable;
        if (when_writable) {
            when_writable();
        }
    }
    void on_closed(const base::Error& why) override {
        ++closed;
        reason = why.code;
        if (when_closed) {
            when_closed();
        }
    }

    base::Bytes received;
    int reads = 0;
    int writable = 0;
    int closed = 0;
    std::string reason;
    std::function<void(base::ByteView, const std::shared_ptr<base::Bytes>&)> when_read;
    std::function<void()> when_writable;
    std::function<void()> when_closed;
};

inline std::vector<WriteChunk> chunks_of(std::string_view text) {
    std::vector<WriteChunk> chunks(1);
    base::append(chunks[0].own, base::as_bytes(text));
    return chunks;
}

// Two ends of one connection, `client` dialled and `server` accepted, with their recorders.
struct Pair {
    explicit Pair(Loop& on, const Endpoint& at) : loop(on) {
        auto opened = Listener::open(
            loop, at, [this](std::unique_ptr<Stream> stream) { server = std::move(stream); });
        REQUIRE(opened);
        listener = std::move(*opened);
        dialler.emplace(loop, listener->bound(), std::chrono::seconds(5),
                        [this](base::Result<std::unique_ptr<Stream>> stream) {
                            REQUIRE(stream);
                            client = std::move(*stream);
                        });
        REQUIRE(wait_for(loop, [this] { return client && server; }));
        client->set_handler(&at_client);
        server->set_handler(&at_server);
    }

    Loop& loop;
    Recorder at_client;
    Recorder at_server;
    std::unique_ptr<Listener> listener;
    std::optional<Dialler> dialler;
    std::unique_ptr<Stream> client;
    std::unique_ptr<Stream> server;
};

}  // namespace jetway::io
