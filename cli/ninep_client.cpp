#include "cli/ninep_client.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "cli/find_router.h"
#include "config/ninep.h"
#include "envelope/ninep_address.h"

namespace jetway::cli {

namespace {

std::string who_runs_this() {
    const passwd* entry = ::getpwuid(::geteuid());
    return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

ninep::File::Names names_of(std::string_view path) {
    ninep::File::Names names;
    while (!path.empty()) {
        const std::string_view name = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(name.size() + 1, path.size()));
        if (!name.empty() && name != ".") {
            names.emplace_back(name);
        }
    }
    return names;
}

base::Result<envelope::NinepAddress> read_address(const std::string& text) {
    return envelope::parse_ninep_address(text.starts_with('/') ? "unix://" + text : text);
}

ninep::ExchangeOptions exchange_options(const NinepOptions& options) {
    ninep::ExchangeOptions exchange;
    exchange.offer_linux = options.dialect != "9P2000";
    exchange.greeting_timeout = options.timeout;
    exchange.request_timeout = options.may_park ? base::Duration::max() : options.timeout;
    return exchange;
}

}  // namespace

base::Result<std::string> find_svc() {
    const base::Result<transport::Target> router = choose_router({}, look_around());
    if (!router) {
        return router.error();
    }
    if (router->scheme != transport::Scheme::unix_socket) {
        return base::Error{"no-router",
                           "where the router at " + router->text() +
                               " serves 9P isn't known from that: name it with --at"};
    }
    return config::ninep_socket(router->endpoint.path);
}

NinepClient::NinepClient(const NinepOptions& options)
    : options_(options),
      signals_(runtime_.loop(), {SIGINT, SIGTERM}, [this](int) { interrupted_ = true; }) {}

NinepClient::~NinepClient() = default;

base::Result<void> NinepClient::dial(const io::Endpoint& to) {
    std::optional<base::Result<std::unique_ptr<io::Stream>>> dialled;
    const io::Dialler dialler(runtime_.loop(), to, options_.timeout,
                              [&](base::Result<std::unique_ptr<io::Stream>> stream) {
                                  dialled.emplace(std::move(stream));
                              });
    runtime_.wait_until([&] { return dialled.has_value() || interrupted_; }, base::never);
    if (!dialled) {
        return base::Error{"EINTR", "interrupted"};
    }
    if (!*dialled) {
        return base::Error{"no-router", dialled->error().detail};
    }
    stream_ = std::move(dialled->value());
    stream_->set_handler(this);
    stream_->start_reading();
    return {};
}

base::Result<ninep::Instance::Root> NinepClient::connect() {
    if (options_.at.empty()) {
        const base::Result<std::string> found = find_svc();
        if (!found) {
            return found.error();
        }
        options_.at = *found;
    }
    const base::Result<envelope::NinepAddress> address = read_address(options_.at);
    if (!address) {
        return base::Error{"usage", address.error().detail};
    }
    address_ = address->text();
    const bool tcp = address->scheme == envelope::NinepAddress::Scheme::tcp;
    const base::Result<void> dialled = dial(tcp ? io::Endpoint::tcp(address->host, address->port)
                                                : io::Endpoint::unix_socket(address->socket));
    if (!dialled) {
        return dialled.error();
    }
    instance_ = std::make_unique<ninep::Instance>(exchange_options(options_));
    const ninep::Exchange& exchange = instance_->exchange();
    wait([&] { return exchange.state() != ninep::Exchange::State::greeting || interrupted_; }, {});
    if (exchange.state() != ninep::Exchange::State::ready) {
        return interrupted_ ? base::Error{"EINTR", "interrupted"}
                            : base::Error{"closed", exchange.why().detail};
    }
    if (address->path == "/") {
        return attach(options_.aname);
    }
    // The path is below the server's root, or a tree that the server knows by this name alone, as
    // diod does its exports.
    const base::Result<ninep::Instance::Root> below = attach_below(address->path);
    if (below || !options_.aname.empty()) {
        return below;
    }
    const base::Result<ninep::Instance::Root> named = attach(address->path);
    return named ? named : below;
}

base::Result<ninep::Instance::Root> NinepClient::attach(const std::string& aname) {
    const std::string user = options_.user.empty() ? who_runs_this() : options_.user;
    return call<ninep::Instance::Root>(
        [&](const auto& then) { return instance_->attach(user, ::geteuid(), aname, then); });
}

base::Result<ninep::Instance::Root> NinepClient::attach_below(const std::string& path) {
    const base::Result<ninep::Instance::Root> root = attach(options_.aname);
    if (!root) {
        return root;
    }
    const base::Result<ninep::Instance::Found> below = walk(root->fid, path);
    clunk(root->fid);
    if (!below) {
        return below.error();
    }
    return ninep::Instance::Root{below->fid, below->qids.back()};
}

base::Result<ninep::Instance::Found> NinepClient::walk(ninep::Fid from, const std::string& path) {
    ninep::File::Names names = names_of(path);
    const auto found = [&] {
        return call<ninep::Instance::Found>(
            [&](const auto& then) { return instance_->walk(from, names, then); });
    };
    base::Result<ninep::Instance::Found> at = found();
    if (!at && at.error().code != "EINTR" && !names.empty() && names.front() == "svc") {
        names.erase(names.begin());
        at = found();
    }
    if (at && at->fid == ninep::no_fid) {
        return ninep::error("ENOENT");
    }
    return at;
}

base::Result<ninep::Opened> NinepClient::open(ninep::Fid fid, const ninep::OpenMode& mode) {
    return call<ninep::Opened>([&](const auto& then) { return instance_->open(fid, mode, then); });
}

base::Result<base::Bytes> NinepClient::read(ninep::Fid fid, std::uint64_t offset) {
    return call<base::Bytes>([&](const auto& then) {
        return instance_->read(fid, offset, instance_->most_data(), then);
    });
}

base::Result<void> NinepClient::write(ninep::Fid fid, std::uint64_t offset,
                                      const std::string& data) {
    const base::ByteView bytes = base::as_bytes(data);
    const base::Result<std::uint32_t> written = call<std::uint32_t>([&](const auto& then) {
        return instance_->write(fid, offset, base::Bytes(bytes.begin(), bytes.end()), then);
    });
    if (!written) {
        return written.error();
    }
    if (*written < data.size()) {
        return base::Error{"EIO", "only " + std::to_string(*written) + " of " +
                                      std::to_string(data.size()) + " bytes were written"};
    }
    return {};
}

base::Result<ninep::About> NinepClient::about(ninep::Fid fid) {
    return call<ninep::About>([&](const auto& then) { return instance_->about(fid, then); });
}

void NinepClient::clunk(ninep::Fid fid) {
    const base::Result<ninep::Done> done =
        call<ninep::Done>([&](const auto& then) -> ninep::Instance::Asked {
            instance_->clunk(fid, then);
            return nullptr;
        });
    static_cast<void>(done);  // the fid is gone either way
}

bool NinepClient::pause(base::Duration how_long) {
    runtime_.wait_until([&] { return interrupted_; }, runtime_.now() + how_long);
    return !interrupted_;
}

// `asked` is cancelled by a signal, and its answer awaited all the same.
void NinepClient::wait(const std::function<bool()>& done, const ninep::Instance::Asked& asked) {
    ninep::Exchange& exchange = instance_->exchange();
    bool cancelled = false;
    while (!done() && exchange.state() != ninep::Exchange::State::ended) {
        if (interrupted_ && asked != nullptr && !cancelled) {
            cancelled = true;
            instance_->cancel(asked);
        }
        exchange.end_turn(runtime_.now());
        send();
        runtime_.wait_until(
            [&, before = interrupted_, first = true]() mutable {
                return !std::exchange(first, false) || interrupted_ != before;
            },
            exchange.next_deadline());
        exchange.on_deadline(runtime_.now());
    }
}

void NinepClient::send() {
    if (stream_ != nullptr && !stream_->busy() && instance_->exchange().has_output()) {
        std::vector<io::WriteChunk> chunks;
        chunks.push_back({instance_->exchange().take_output(), {}});
        stream_->write(std::move(chunks));
    }
}

void NinepClient::on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& /*owner*/) {
    if (instance_ != nullptr) {
        instance_->exchange().on_bytes(bytes, runtime_.loop().now());
    }
}

void NinepClient::on_closed(const base::Error& why) {
    if (instance_ != nullptr) {
        instance_->exchange().end(
            {"closed", "the server closed the connection (" + why.code + ")"});
    }
}

}  // namespace jetway::cli
