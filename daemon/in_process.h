// InProcess: a service in the router's own process, attached without a socket. It speaks the same
// frames as any other service, HELLO first, so that everything that holds for a local terminal
// holds for it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/carriers.h"
#include "envelope/envelope.h"
#include "envelope/frame.h"
#include "envelope/hello.h"

namespace jetway::daemon {

class InProcess {
public:
    // Called in the router's loop for each envelope; the view is good during the call. It may send.
    using OnEnvelope = std::function<void(const envelope::EnvelopeView& envelope)>;

    // `carriers` is borrowed and outlives it. Attaching is done when the constructor returns; if
    // the router refused it, is_open() is false and why_closed() says why. It is part of the
    // router's program, and may do all.
    InProcess(Carriers& carriers, std::vector<envelope::ServiceEntry> services,
              OnEnvelope on_envelope);
    // For somebody at the other end of a connection that this program keeps: it may do what they
    // may, who came as `arrival` says, and gave that token.
    InProcess(Carriers& carriers, router::Arrival arrival, const std::string& token,
              OnEnvelope on_envelope);
    ~InProcess();
    InProcess(const InProcess&) = delete;
    InProcess& operator=(const InProcess&) = delete;

    // Hands an envelope to the router. Without a source it gets address(). Error `closed` when it
    // isn't open; a refusal comes back as an error envelope.
    // Of `flags` (envelope::flag) the router heeds TRACE.
    base::Result<void> send(const envelope::EnvelopeFields& fields, std::uint8_t flags = 0);

    // This connection's own address, `client-<unique>@machine`.
    const std::string& address() const { return address_; }
    bool is_open() const { return id_ != 0; }
    const std::string& why_closed() const { return why_closed_; }

private:
    friend class Carriers;
    void take(terminal::OutputQueue& output);
    void on_closed();
    void give(envelope::Kind kind, base::ByteView body, std::uint8_t flags = 0);
    void greet(router::Arrival arrival, envelope::Hello hello);

    Carriers& carriers_;
    OnEnvelope on_envelope_;
    router::TerminalId id_ = 0;
    std::string address_;
    std::string why_closed_;
    envelope::FrameReader reader_;
};

}  // namespace jetway::daemon
