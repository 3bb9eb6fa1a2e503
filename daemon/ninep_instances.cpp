#include "daemon/ninep_instances.h"

#include <random>
#include <utility>

namespace jetway::daemon {

namespace {

base::Random random_of_instances() {
    std::random_device device;
    return base::Random((std::uint64_t{device()} << 32U) | device());
}

std::string place_of(const envelope::NinepAddress& address) {
    return address.scheme == envelope::NinepAddress::Scheme::tcp
               ? address.host + ":" + std::to_string(address.port)
               : address.socket;
}

}  // namespace

// One connection, over a socket of its own or a stream through the mesh.
class NinepInstances::Link final : private io::StreamHandler, private NinepTunnels::User {
public:
    Link(NinepInstances& all, ninep::Mounts::Connect wanted)
        : all_(all), wanted_(std::move(wanted)) {
        const bool local = wanted_.address.is_local();
        if (!wanted_.here && (local || all_.cannot_dial(place_of(wanted_.address)))) {
            go_by_mesh();
            return;
        }
        const envelope::NinepAddress& at = wanted_.address;
        const io::Endpoint to = at.scheme == envelope::NinepAddress::Scheme::tcp
                                    ? io::Endpoint::tcp(at.host, at.port)
                                    : io::Endpoint::unix_socket(at.socket);
        dialler_ = std::make_unique<io::Dialler>(
            all_.carriers_.loop(), to, dial_timeout,
            [this](base::Result<std::unique_ptr<io::Stream>> stream) { dialled(stream); });
    }
    ~Link() override {
        if (tunnel_ != 0) {
            all_.tunnels_.close(tunnel_);
        }
    }

    // Writes what the Mounts have for this link, as far as there is room for it.
    void flush() {
        if (stream_ != nullptr && !stream_->busy() && stream_->is_open()) {
            base::Bytes bytes = all_.mounts_.take_output(wanted_.link);
            if (!bytes.empty()) {
                std::vector<io::WriteChunk> chunks(1);
                chunks[0].own = std::move(bytes);
                stream_->write(std::move(chunks));
            }
        } else if (tunnel_ != 0 && all_.tunnels_.has_room(tunnel_)) {
            const base::Bytes bytes = all_.mounts_.take_output(wanted_.link);
            if (!bytes.empty()) {
                all_.tunnels_.send(tunnel_, bytes);
            }
        }
    }

private:
    base::Instant now() const { return all_.carriers_.loop().now(); }

    void dialled(base::Result<std::unique_ptr<io::Stream>>& stream) {
        all_.timer_.set(now());
        if (stream) {
            stream_ = std::move(*stream);
            stream_->set_handler(this);
            stream_->start_reading();
            all_.mounts_.on_connected(wanted_.link, now());
        } else if (wanted_.here || stream.error().code == "ECONNREFUSED") {
            fail(stream.error());
        } else {
            if (all_.by_mesh_.size() < most_remembered) {
                all_.by_mesh_[place_of(wanted_.address)] = now() + not_again;
            }
            go_by_mesh();
        }
    }
    void go_by_mesh() {
        tunnel_ = all_.tunnels_.open(wanted_.machine, wanted_.address.text(), *this);
        if (tunnel_ == 0) {
            fail({"EAGAIN", "too many streams go through the mesh"});
        }
    }
    void fail(const base::Error& why) {
        all_.mounts_.on_connect_failed(wanted_.link, why, now());
        all_.drop(wanted_.link);
    }
    void lost(const base::Error& why) {
        all_.mounts_.on_closed(wanted_.link, why, now());
        all_.drop(wanted_.link);
    }

    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& /*owner*/) override {
        all_.mounts_.on_bytes(wanted_.link, bytes, now());
    }
    void on_writable() override { flush(); }
    void on_closed(const base::Error& why) override { lost(why); }

    void on_tunnel_opened() override {
        open_ = true;
        all_.mounts_.on_connected(wanted_.link, now());
    }
    void on_tunnel_bytes(base::ByteView bytes) override {
        all_.mounts_.on_bytes(wanted_.link, bytes, now());
    }
    void on_tunnel_room() override { flush(); }
    void on_tunnel_closed(const base::Error& why) override {
        tunnel_ = 0;
        if (open_) {
            lost(why);
        } else {
            fail(why);
        }
    }

    NinepInstances& all_;
    const ninep::Mounts::Connect wanted_;
    std::uint64_t tunnel_ = 0;
    bool open_ = false;
    std::unique_ptr<io::Stream> stream_;
    std::unique_ptr<io::Dialler> dialler_;
};

NinepInstances::NinepInstances(Carriers& carriers)
    : carriers_(carriers),
      mounts_({}, random_of_instances()),
      tunnels_(carriers),
      timer_(carriers.loop(), [this] {
          mounts_.on_deadline(carriers_.loop().now());
          carriers_.turn();
      }) {}

NinepInstances::~NinepInstances() {
    ended_.clear();
    links_.clear();
}

void NinepInstances::update(const std::vector<ninep::ServiceView>& services) {
    mounts_.update(ninep::mount_services_of(services, carriers_.router()), carriers_.loop().now());
}

bool NinepInstances::cannot_dial(const std::string& address) {
    const auto known = by_mesh_.find(address);
    if (known != by_mesh_.end() && known->second <= carriers_.loop().now()) {
        by_mesh_.erase(known);
        return false;
    }
    return known != by_mesh_.end();
}

void NinepInstances::connect(const ninep::Mounts::Connect& connect) {
    links_.emplace(connect.link, nullptr);
    auto link = std::make_unique<Link>(*this, connect);
    if (const auto place = links_.find(connect.link); place != links_.end()) {
        place->second = std::move(link);
    } else {
        ended_.push_back(std::move(link));  // it failed at once
    }
}

void NinepInstances::drop(ninep::LinkId link) {
    const auto found = links_.find(link);
    if (found != links_.end()) {
        if (found->second != nullptr) {
            ended_.push_back(std::move(found->second));
        }
        links_.erase(found);
        timer_.set(carriers_.loop().now());
    }
}

void NinepInstances::carry_out(const ninep::Mounts::Effects& effects) {
    router::Router& router = carriers_.router();
    for (const base::Report& report : effects.reports) {
        carriers_.report(report);
    }
    for (const ninep::Mounts::Verdict& verdict : effects.verdicts) {
        router.set_instance_health(
            verdict.service, verdict.address,
            verdict.healthy ? envelope::Health::up : envelope::Health::unhealthy,
            carriers_.loop().now());
        timer_.set(carriers_.loop().now());
    }
    for (const ninep::LinkId link : effects.closes) {
        drop(link);
    }
    for (const ninep::Mounts::Connect& wanted : effects.connects) {
        connect(wanted);
    }
    for (const ninep::LinkId link : effects.writes) {
        const auto found = links_.find(link);
        if (found != links_.end() && found->second != nullptr) {
            found->second->flush();
        }
    }
}

void NinepInstances::turn() {
    if (std::exchange(in_turn_, true)) {
        return;
    }
    constexpr int most_rounds = 8;
    bool more = true;
    for (int round = 0; more && round < most_rounds; ++round) {
        mounts_.end_turn(carriers_.loop().now());
        const ninep::Mounts::Effects effects = mounts_.take_effects();
        carry_out(effects);
        tunnels_.turn();
        more = !effects.connects.empty() || !effects.closes.empty();
    }
    ended_.clear();
    timer_.set(more ? carriers_.loop().now() : mounts_.next_deadline());
    in_turn_ = false;
}

}  // namespace jetway::daemon
