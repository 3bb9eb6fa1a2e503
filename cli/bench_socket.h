// BenchSocket: the load generator's own connection, a plain non-blocking socket.
//
// Every other verb talks through client/. The generator does not: its time is part of every figure
// that it measures, all the more where it shares a core with the router, and the floor
// (jetway-relay) has to be measured by the very same code. So it knows frames and sockets and no
// more: what it writes was made before, and what it reads is looked at in place. PINGs stay
// unanswered, which the protocol allows a service: a PONG would have to wait for the end of
// whatever frame is half written.
//
// Promises: every wait takes a timeout. Error codes: `no-router` (nothing reached, or it went
// away), `timeout`, `bad-frame`, and those of GOODBYE.
#pragma once

#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "envelope/frame.h"
#include "envelope/hello.h"
#include "io/endpoint.h"

namespace jetway::cli {

// The generator's clock.
inline base::Instant bench_now() {
    return base::Instant(std::chrono::steady_clock::now().time_since_epoch());
}

class BenchSocket {
public:
    static base::Result<BenchSocket> connect(const io::Endpoint& to, base::Duration timeout);

    BenchSocket(BenchSocket&& other) noexcept { *this = std::move(other); }
    BenchSocket& operator=(BenchSocket&& other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(address_, other.address_);
        std::swap(reader_, other.reader_);
        std::swap(buffer_, other.buffer_);
        return *this;
    }
    ~BenchSocket();

    // The HELLO conversation, attaching these services. Blocking.
    base::Result<void> greet(const std::vector<std::string>& services, base::Duration timeout);

    // `client-…@machine` as the router gave it; or what was set, where there is no router.
    const std::string& address() const { return address_; }
    void set_address(std::string address) { address_ = std::move(address); }
    std::string machine() const;

    int fd() const { return fd_; }

    // How many of `bytes` the system took: 0 when it takes none now.
    base::Result<std::size_t> write_some(base::ByteView bytes);

    // All of them. Blocking.
    base::Result<void> write_all(base::ByteView bytes, base::Duration timeout);

    // One read; `on_frame(const envelope::Frame&) -> bool` as envelope::FrameReader has it. False:
    // there was nothing to read.
    template <typename OnFrame>
    base::Result<bool> read_frames(OnFrame&& on_frame) {
        const base::Result<std::size_t> got = read_some();
        if (!got) {
            return got.error();
        }
        if (*got == 0) {
            return false;
        }
        if (reader_.feed({buffer_.data(), *got}, nullptr, on_frame) != envelope::FrameFault::none) {
            return base::Error{"bad-frame", "what came was no frame"};
        }
        return true;
    }

    // Reads frames until `on_frame` says false, which it has to before `timeout`. Blocking.
    base::Result<void> read_until(const std::function<bool(const envelope::Frame&)>& on_frame,
                                  base::Duration timeout);

private:
    explicit BenchSocket(int fd);
    base::Result<std::size_t> read_some();  // into buffer_; 0: nothing there

    int fd_ = -1;
    std::string address_;
    envelope::FrameReader reader_{std::uint32_t{64} << 20U};
    base::Bytes buffer_;
};

}  // namespace jetway::cli
