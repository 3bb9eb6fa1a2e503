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
#include "transport/failure_log.h"
#include "transport/target.h"
#include "transport/upgrade.h"

namespace jetway::transport {

class Listener {
public:
    using OnReady = std::function<void(std::unique_ptr<io::Stream>)>;
    using OnReport = std::function<void(const base::Report&)>;

    // What a program's listeners have in common.
    struct House {
        Admission& admission;  // borrowed, and outlives the listeners
        OnReport on_report;
    };
    using TermsNow = std::function<Terms()>;  // asked for each connection

    // Names are resolved at once (blocking: at start only). Errors: those of io/listener.h and of
    // layers_of.
    static base::Result<std::unique_ptr<Listener>> open(io::Loop& loop, Target at, House house,
                                                        TermsNow terms, OnReady on_ready);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Where it listens, port 0 resolved.
    const Target& bound() const { return at_; }
    // Those who connect from now on are met by another scheme, path, or whatever else a Target has:
    // its endpoint is the one where this listens.
    base::Result<void> become(const Target& at);

private:
    struct Handshake;

    Listener(io::Loop& loop, Target at, House house, TermsNow terms, OnReady on_ready);
    void accept(std::unique_ptr<io::Stream> socket);
    void finish(Handshake& handshake, base::Result<std::unique_ptr<io::Stream>> result);
    void refuse(const std::string& peer, const base::Error& why);

    io::Loop& loop_;
    Target at_;
    House house_;
    TermsNow terms_;
    OnReady on_ready_;
    FailureLog failures_;
    std::unordered_map<Handshake*, std::unique_ptr<Handshake>> unfinished_;
    std::unique_ptr<io::Listener> socket_;
};

}  // namespace jetway::transport
