#include "transport/listener.h"

namespace jetway::transport {
namespace {

// The host of "10.0.0.2:41000" or "[::1]:41000"; nothing for a Unix socket.
std::string host_of(const io::Stream& stream, const Target& at) {
    if (at.scheme == Scheme::unix_socket) {
        return {};
    }
    const std::string& name = stream.peer_name();
    return name.substr(0, name.rfind(':'));
}

}  // namespace

// One that has been accepted, and is no stream of frames yet.
struct Listener::Handshake {
    Handshake(Listener& owner, std::unique_ptr<io::Stream> socket, Layers layers)
        : peer(socket->peer_name()),
          address(host_of(*socket, owner.at_)),
          deadline(
              owner.loop_,
              [this, &owner] {
                  owner.finish(*this, base::Error{"timeout", "the handshake was not done in time"});
              }),
          upgrade(owner.loop_, std::move(socket), std::move(layers),
                  [this, &owner](base::Result<std::unique_ptr<io::Stream>> result) {
                      owner.finish(*this, std::move(result));
                  }) {
        deadline.set(owner.loop_.now() + owner.admission_.limits().timeout);
    }

    std::string peer;
    std::string address;
    io::Timer deadline;
    Upgrade upgrade;
};

base::Result<std::unique_ptr<Listener>> Listener::open(io::Loop& loop, Target at,
                                                       Admission& admission, OnReady on_ready,
                                                       OnReport on_report) {
    if (const base::Result<Layers> layers = layers_of(at, Role::listener); !layers) {
        return layers.error();
    }
    std::unique_ptr<Listener> made(
        new Listener(loop, std::move(at), admission, std::move(on_ready), std::move(on_report)));
    Listener* self = made.get();
    auto socket = io::Listener::open(
        loop, self->at_.endpoint,
        [self](std::unique_ptr<io::Stream> stream) { self->accept(std::move(stream)); });
    if (!socket) {
        return socket.error();
    }
    self->socket_ = std::move(*socket);
    self->at_.endpoint = self->socket_->bound();
    return made;
}

Listener::Listener(io::Loop& loop, Target at, Admission& admission, OnReady on_ready,
                   OnReport on_report)
    : loop_(loop),
      at_(std::move(at)),
      admission_(admission),
      on_ready_(std::move(on_ready)),
      on_report_(std::move(on_report)) {}

Listener::~Listener() {
    for (const auto& [key, handshake] : unfinished_) {
        admission_.release(handshake->address);
    }
}

void Listener::accept(std::unique_ptr<io::Stream> socket) {
    base::Result<Layers> layers = layers_of(at_, Role::listener);
    if (!layers) {
        admission_.count_refused(layers.error().code);
        report_refused(socket->peer_name(), layers.error());
        return;
    }
    if (layers->empty()) {
        admission_.count_accepted();
        const OnReady ready = on_ready_;
        ready(std::move(socket));  // may destroy this
        return;
    }
    if (const auto refused = admission_.admit(host_of(*socket, at_))) {
        report_refused(
            socket->peer_name(),
            {std::string(*refused), "limits." +
                                        std::string(*refused == "handshakes" ? "handshakes"
                                                                             : "handshakes_per_"
                                                                               "address") +
                                        " are unfinished"});
        return;
    }
    auto handshake = std::make_unique<Handshake>(*this, std::move(socket), std::move(*layers));
    Handshake* key = handshake.get();
    unfinished_.emplace(key, std::move(handshake));
}

void Listener::finish(Handshake& handshake, base::Result<std::unique_ptr<io::Stream>> result) {
    // Kept to the end of this call: it is the caller.
    const auto node = unfinished_.extract(&handshake);
    admission_.release(handshake.address);
    if (!result) {
        admission_.count_refused(result.error().code);
        report_refused(handshake.peer, result.error());
        return;
    }
    admission_.count_accepted();
    const OnReady ready = on_ready_;
    ready(std::move(*result));  // may destroy this
}

void Listener::report_refused(const std::string& peer, const base::Error& why) {
    on_report_({base::Report::Level::warning,
                "handshake refused",
                {{"at", at_.text()}, {"peer", peer}, {"code", why.code}, {"why", why.detail}}});
}

}  // namespace jetway::transport
