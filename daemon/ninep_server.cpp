#include "daemon/ninep_server.h"

#include <unistd.h>

#include <algorithm>

#include "daemon/client_stream.h"
#include "io/file.h"
#include "router/permissions.h"

namespace jetway::daemon {

namespace {
constexpr base::Duration between_checks = std::chrono::seconds(1);
}  // namespace

class NinepServer::Connection final : private io::StreamHandler {
public:
    Connection(NinepServer& server, std::unique_ptr<io::Stream> stream, bool write)
        : server_(server),
          stream_(std::move(stream), *this, stalled),
          client_(std::make_shared<ninep::Client>()) {
        client_->arrival = arrival_of_client(stream_.get(), write);
        client_->may_change = !router::why_not_control(server_.carriers_.router().options().control,
                                                       client_->arrival);
        session_ = std::make_unique<ninep::Session>(
            ninep::SessionLimits{},
            [this](const ninep::Attacher& attacher) {
                return server_.tree_.attach(client_, attacher);
            },
            server_.tree_.counters());
        session_->on_output([this] { server_.ready_.insert(this); });
    }

    // Writes what there is, and reads on when there is room for it.
    void flush() {
        if (stream_.writable()) {
            stream_.write(session_->take_output(), server_.carriers_.loop().now());
        }
        if (session_->broken()) {
            stream_.end();
            server_.lost(this);
        } else {
            stream_.read_while(session_->wants_input());
        }
    }

    bool is_stalled(base::Instant now) { return stream_.is_stalled(now); }

private:
    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& /*owner*/) override {
        server_.tree_.set_now(server_.carriers_.loop().now());
        session_->on_bytes(bytes);
        flush();
    }
    void on_writable() override { flush(); }
    void on_closed(const base::Error& /*why*/) override { server_.lost(this); }

    NinepServer& server_;
    ClientStream stream_;
    std::shared_ptr<ninep::Client> client_;
    std::unique_ptr<ninep::Session> session_;
};

NinepServer::NinepServer(Carriers& carriers)
    : carriers_(carriers),
      asks_([this](const envelope::EnvelopeFields& fields) -> base::Result<void> {
          if (asker_ == nullptr || !asker_->is_open()) {
              asker_ = std::make_unique<InProcess>(
                  carriers_, std::vector<envelope::ServiceEntry>{},
                  [this](const envelope::EnvelopeView& view) { asks_.on_envelope(view); });
          }
          return asker_->send(fields);
      }),
      instances_(carriers),
      tree_(outside(), asks_, &instances_.mounts()),
      timer_(carriers.loop(),
             [this] {
                 tree_.set_now(carriers_.loop().now());
                 asks_.on_deadline(carriers_.loop().now());
                 turn();
             }),
      stall_timer_(carriers.loop(), [this] { check_stalled(); }) {
    carriers_.after_turn([this] { turn(); });
}

NinepServer::~NinepServer() {
    carriers_.after_turn({});
    ready_.clear();
    connections_.clear();
}

ninep::Outside NinepServer::outside() {
    ninep::Outside outside;
    router::Router& router = carriers_.router();
    outside.ask = [this, &router](
                      const router::ControlRequest& request,
                      const router::Arrival& who) -> base::Result<nlohmann::ordered_json> {
        const base::Result<base::Bytes> answer = router.ask(request, who, carriers_.loop().now());
        if (!answer) {
            return answer.error();
        }
        return nlohmann::ordered_json::from_msgpack(*answer, true, false);
    };
    outside.command = [this, &router](const std::vector<router::ControlRequest>& requests,
                                      const router::Arrival& who) {
        const base::Result<void> done = router.ask_all(requests, who, carriers_.loop().now());
        carriers_.turn();
        return done;
    };
    outside.services = [this]() -> const std::vector<ninep::ServiceView>& { return services(); };
    outside.events = &router.events();
    outside.started = io::wall_clock_ms() / 1000;
    outside.machine = router.options().machine;
    outside.uid = ::geteuid();
    outside.gid = ::getegid();
    return outside;
}

const std::vector<ninep::ServiceView>& NinepServer::services() {
    const router::Router& router = carriers_.router();
    if (services_version_ != router.gossip().table_version()) {
        services_version_ = router.gossip().table_version();
        services_ = ninep::services_of(router);
        instances_.update(services_);
    }
    return services_;
}

void NinepServer::accept(std::unique_ptr<io::Stream> stream, bool write) {
    if (connections_.size() >= most_clients) {
        ++refused_;
        return;
    }
    auto connection = std::make_unique<Connection>(*this, std::move(stream), write);
    Connection* key = connection.get();
    connections_.emplace(key, std::move(connection));
    if (connections_.size() == 1) {
        stall_timer_.set(carriers_.loop().now() + between_checks);
    }
}

void NinepServer::lost(Connection* connection) {
    const auto found = connections_.find(connection);
    if (found != connections_.end()) {
        ready_.erase(connection);
        ended_.push_back(std::move(found->second));
        connections_.erase(found);
        timer_.set(carriers_.loop().now());
    }
}

void NinepServer::check_stalled() {
    std::vector<Connection*> stalled_ones;
    for (const auto& [key, connection] : connections_) {
        if (connection->is_stalled(carriers_.loop().now())) {
            stalled_ones.push_back(key);
        }
    }
    stalled_ += stalled_ones.size();
    for (Connection* connection : stalled_ones) {
        lost(connection);
    }
    if (!connections_.empty()) {
        stall_timer_.set(carriers_.loop().now() + between_checks);
    }
}

void NinepServer::turn() {
    tree_.set_now(carriers_.loop().now());
    if (const auto version = carriers_.router().gossip().table_version(); told_ != version) {
        told_ = version;
        tree_.on_services();
    }
    static_cast<void>(services());  // instances registered here are probed, whoever asks
    instances_.turn();
    if (const std::uint64_t newest = carriers_.router().events().newest(); told_events_ != newest) {
        told_events_ = newest;
        tree_.on_events();
    }
    while (!ready_.empty()) {
        for (Connection* connection : std::exchange(ready_, {})) {
            if (connections_.count(connection) != 0) {
                connection->flush();
            }
        }
    }
    std::exchange(ended_, {}).clear();
    instances_.turn();  // what was asked just now
    arm();
}

void NinepServer::arm() {
    const bool more = told_events_ != carriers_.router().events().newest();
    timer_.set(more ? carriers_.loop().now() : asks_.next_deadline());
}

}  // namespace jetway::daemon
