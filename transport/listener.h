// Listener: listens at a Target and hands out streams of frames: accepts, does the handshakes of
// the target's layers, and gives up those that take too long.
//
//     accepted --no layers------------------------------> on_ready(stream)
//         |  --admitted--> handshake --done-------------> on_ready(stream)
//         |                    +--failed, or its time over--> closed, counted, reported
//         +--too many unfinished--> closed at once, counted, reported
//
// What io/listener.h promises of sockets holds here. The bounds and counters are those of an
// Admission that several Listeners share.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "base/report.h"
#include "io/listener.h"
#include "io/timer.h"
#include "transport/admission.h"
#include "transport/target.h"
#include "transport/upgrade.h"

namespace jetway::transport {

class Listener {
public:
    using OnReady = std::function<void(std::unique_ptr<io::Stream>)>;
    using OnReport = std::function<void(const base::Report&)>;

    // `admission` is borrowed, and outlives it. Names are resolved at once (blocking: at start
    // only). Errors: those of io/listener.h and of layers_of.
    static base::Result<std::unique_ptr<Listener>> open(io::Loop& loop, Target at,
                                                        Admission& admission, OnReady on_ready,
                                                        OnReport on_report);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // For the WebSockets that are accepted from now on: what Target has by these names.
    void set_websocket(std::vector<std::string> origins, std::uint32_t max_frame) {
        at_.origins = std::move(origins);
        at_.max_frame = max_frame;
    }

    // Where it listens, port 0 resolved.
    const Target& bound() const { return at_; }

private:
    struct Handshake;

    Listener(io::Loop& loop, Target at, Admission& admission, OnReady on_ready, OnReport on_report);
    void accept(std::unique_ptr<io::Stream> socket);
    void finish(Handshake& handshake, base::Result<std::unique_ptr<io::Stream>> result);
    void report_refused(const std::string& peer, const base::Error& why);

    io::Loop& loop_;
    Target at_;
    Admission& admission_;
    OnReady on_ready_;
    OnReport on_report_;
    std::unordered_map<Handshake*, std::unique_ptr<Handshake>> unfinished_;
    std::unique_ptr<io::Listener> socket_;
};

}  // namespace jetway::transport
