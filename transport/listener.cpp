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
        deadline.set(owner.loop_.now() + owner.house_.admission.limits().timeout);
    }

    std::string peer;
    std::string address;
    io::Timer deadline;
    Upgrade upgrade;
};

base::Result<std::unique_ptr<Listener>> Listener::open(io::Loop& loop, Target at, House house,
                                                       TermsNow terms, OnReady on_ready) {
    if (const base::Result<Layers> layers = layers_of(at, Role::listener, terms()); !layers) {
        return layers.error();
    }
    std::unique_ptr<Listener> made(
        new Listener(loop, std::move(at), std::move(house), std::move(terms), std::move(on_ready)));
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

Listener::Listener(io::Loop& loop, Target at, House house, TermsNow terms, OnReady on_ready)
    : loop_(loop),
      at_(std::move(at)),
      house_(std::move(house)),
      terms_(std::move(terms)),
      on_ready_(std::move(on_ready)) {}

Listener::~Listener() {
    for (const auto& [key, handshake] : unfinished_) {
        house_.admission.release(handshake->address);
    }
}

base::Result<void> Listener::become(const Target& at) {
    if (const base::Result<Layers> layers = layers_of(at, Role::listener, terms_()); !layers) {
        return layers.error();
    }
    const io::Endpoint bound = at_.endpoint;
    at_ = at;
    at_.endpoint = bound;
    return {};
}

void Listener::accept(std::unique_ptr<io::Stream> socket) {
    base::Result<Layers> layers = layers_of(at_, Role::listener, terms_());
    if (!layers) {
        refuse(socket->peer_name(), layers.error());
        return;
    }
    if (layers->empty()) {
        house_.admission.count_accepted();
        const OnReady ready = on_ready_;
        ready(std::move(socket));  // may destroy this
        return;
    }
    if (const auto bound = house_.admission.admit(host_of(*socket, at_))) {
        refuse(socket->peer_name(),
               {std::string(*bound), *bound == "handshakes"
                                         ? "limits.handshakes are unfinished"
                                         : "limits.handshakes_per_address are unfinished"});
        return;
    }
    auto handshake = std::make_unique<Handshake>(*this, std::move(socket), std::move(*layers));
    Handshake* key = handshake.get();
    unfinished_.emplace(key, std::move(handshake));
}

void Listener::finish(Handshake& handshake, base::Result<std::unique_ptr<io::Stream>> result) {
    // Kept to the end of this call: it is the caller.
    const auto node = unfinished_.extract(&handshake);
    house_.admission.release(handshake.address);
    if (!result) {
        refuse(handshake.peer, result.error());
        return;
    }
    house_.admission.count_accepted();
    const OnReady ready = on_ready_;
    ready(std::move(*result));  // may destroy this
}

void Listener::refuse(const std::string& peer, const base::Error& why) {
    house_.admission.count_refused(why.code);
    const auto report = failures_.note(
        peer.substr(0, peer.rfind(':')) + ' ' + why.code + ' ' + why.detail,
        {base::Report::Level::warning,
         "handshake refused",
         {{"at", at_.text()}, {"peer", peer}, {"code", why.code}, {"why", why.detail}}},
        loop_.now());
    if (report) {
        house_.on_report(*report);
    }
}

}  // namespace jetway::transport
