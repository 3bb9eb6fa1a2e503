// FakeRouter: the router's end of a Unix socket in a temporary folder, on the loop of the test. It
// greets when told to, keeps the frames that come, and sends what the test says.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "envelope/packer.h"
#include "io/listener.h"

namespace jetway::client {

struct TemporaryFolder {
    TemporaryFolder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "jetway-client-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string path;
};

class FakeRouter final : private io::StreamHandler {
public:
    struct Received {
        envelope::Kind kind{};
        base::Bytes body;
    };

    explicit FakeRouter(Runtime& runtime) : runtime_(runtime) {
        auto listener =
            io::Listener::open(runtime.loop(), at(), [this](std::unique_ptr<io::Stream> stream) {
                stream_ = std::move(stream);
                stream_->set_handler(this);
                stream_->start_reading();
            });
        REQUIRE(listener);
        listener_ = std::move(listener.value());
    }

    io::Endpoint at() const { return io::Endpoint::unix_socket(folder_.path + "/router.sock"); }

    // Greets by itself when HELLO comes, and answers PING: what most tests want.
    bool greets = true;
    bool answers_pings = true;
    std::uint32_t max_frame = 0;

    void send(envelope::Kind kind, const base::Bytes& body) {
        base::Bytes frame;
        envelope::append_frame(frame, {.kind = kind, .flags = 0, .hops = 0, .pin = {}}, body);
        send_bytes(std::move(frame));
    }

    void send_bytes(base::Bytes bytes) {
        if (stream_->busy()) {
            waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
            return;
        }
        std::vector<io::WriteChunk> chunks(1);
        chunks.front().own = std::move(bytes);
        stream_->write(std::move(chunks));
    }

    void send_envelope(const envelope::EnvelopeFields& fields) {
        base::Bytes body;
        envelope::append_envelope(body, fields);
        send(envelope::Kind::envelope, body);
    }

    void greet() {
        envelope::Hello hello;
        hello.protocol = {1};
        hello.role = envelope::Role::router;
        hello.machine_id = "machine-a";
        hello.incarnation = 1;
        hello.address = "client-1@machine-a";
        hello.max_frame = max_frame;
        base::Bytes body;
        envelope::append_hello(body, hello);
        send(envelope::Kind::hello, body);
    }

    void close() { stream_->close(); }
    void stop_reading() { stream_->stop_reading(); }
    bool connected() const { return stream_ != nullptr; }

    // Waits for so many envelopes and returns the view of the last; it lives as long as `received`.
    envelope::EnvelopeView await_envelope(std::size_t number = 1) {
        REQUIRE(runtime_.wait_until([&] { return of(envelope::Kind::envelope).size() >= number; },
                                    runtime_.now() + std::chrono::seconds(5)));
        envelope::EnvelopeView view;
        const auto envelopes = of(envelope::Kind::envelope);
        REQUIRE(envelope::read_envelope(envelopes[number - 1]->body, view) == nullptr);
        return view;
    }

    std::vector<const Received*> of(envelope::Kind kind) const {
        std::vector<const Received*> found;
        for (const auto& one : received) {
            if (one->kind == kind) {
                found.push_back(one.get());
            }
        }
        return found;
    }

    std::vector<std::unique_ptr<Received>> received;
    std::size_t reads = 0;
    std::function<void(const Received&)> on_frame;

private:
    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) override {
        ++reads;
        reader_.feed(bytes, &owner, [this](const envelope::Frame& frame) {
            received.push_back(std::make_unique<Received>(
                Received{frame.kind, {frame.body.begin(), frame.body.end()}}));
            const Received& one = *received.back();
            if (one.kind == envelope::Kind::hello && greets) {
                greet();
            }
            if (one.kind == envelope::Kind::ping && answers_pings) {
                send(envelope::Kind::pong, one.body);
            }
            if (on_frame) {
                on_frame(one);
            }
            return true;
        });
    }
    void on_writable() override {
        if (!waiting_.empty()) {
            send_bytes(std::exchange(waiting_, {}));
        }
    }
    void on_closed(const base::Error&) override {}

    Runtime& runtime_;
    TemporaryFolder folder_;
    envelope::FrameReader reader_{std::uint32_t{16} << 20U};
    base::Bytes waiting_;
    std::unique_ptr<io::Stream> stream_;
    std::unique_ptr<io::Listener> listener_;
};

}  // namespace jetway::client
