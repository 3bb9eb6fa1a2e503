#include "transport/websocket_layer.h"

#include <random>

#include "transport/websocket_stream.h"

namespace jetway::transport {
namespace {

constexpr auto last_words_time = std::chrono::seconds(1);

base::Random seeded() {
    std::random_device device;
    return base::Random((std::uint64_t{device()} << 32U) | device());
}

std::vector<io::WriteChunk> chunk_of(const std::string& text) {
    std::vector<io::WriteChunk> chunks(1);
    base::append(chunks.front().own, base::as_bytes(text));
    return chunks;
}

// The host of "10.0.0.2:41000" or "[::1]:41000", without brackets.
std::string host_of(const std::string& name) {
    const std::string host = name.substr(0, name.rfind(':'));
    const bool brackets = host.size() > 2 && host.front() == '[';
    return brackets ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

WebSocketLayer::WebSocketLayer(Target target, Role role)
    : target_(std::move(target)), role_(role), random_(seeded()) {}

void WebSocketLayer::begin(io::Loop& loop, std::unique_ptr<io::Stream> below, Done done) {
    loop_ = &loop;
    below_ = std::move(below);
    done_ = std::move(done);
    below_->set_handler(this);
    if (role_ == Role::listener) {
        server_.emplace(policy());
    } else {
        client_.emplace(
            terminal::UpgradeClient::Target{.host = target_.endpoint.text(), .path = target_.path},
            random_);
        below_->write(chunk_of(client_->request()));
    }
    below_->start_reading();
}

// The listener's own hosts: where it listens, where this connection came in, and the names of
// loopback when that is loopback.
terminal::UpgradeServer::Policy WebSocketLayer::policy() const {
    const std::string here = host_of(below_->local_name());
    terminal::UpgradeServer::Policy policy{
        .path = target_.path, .own_hosts = {here}, .origins = target_.origins};
    if (const std::string& host = target_.endpoint.host; host != "0.0.0.0" && host != "::") {
        policy.own_hosts.push_back(host);
    }
    if (here.starts_with("127.") || here == "::1") {
        policy.own_hosts.insert(policy.own_hosts.end(), {"localhost", "127.0.0.1", "::1"});
    }
    return policy;
}

void WebSocketLayer::on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>&) {
    if (server_) {
        serve(bytes);
    } else {
        ask(bytes);
    }
}

void WebSocketLayer::serve(base::ByteView bytes) {
    const std::size_t used = server_->on_bytes(bytes);
    if (server_->state() == terminal::UpgradeServer::State::reading) {
        return;
    }
    if (server_->state() == terminal::UpgradeServer::State::refused) {
        base::Bytes answer;
        base::append(answer, base::as_bytes(server_->answer()));
        below_->end_with(std::move(answer), last_words_time);
        refuse(server_->why());
        return;
    }
    below_->write(chunk_of(server_->answer()));
    finish(bytes.subspan(used));
}

void WebSocketLayer::ask(base::ByteView bytes) {
    const std::size_t used = client_->on_bytes(bytes);
    if (client_->state() == terminal::UpgradeClient::State::upgraded) {
        finish(bytes.subspan(used));
    } else if (client_->state() == terminal::UpgradeClient::State::refused) {
        below_->close();
        refuse(client_->why());
    }
}

void WebSocketLayer::on_closed(const base::Error& why) {
    if (client_ && why.code == "EOF") {
        client_->on_end();
        refuse(client_->why());
    } else {
        refuse(why);
    }
}

void WebSocketLayer::finish(base::ByteView early) {
    below_->stop_reading();
    auto above = std::make_unique<WebSocketStream>(
        *loop_, std::move(below_),
        terminal::WebSocket::Options{
            .role = server_ ? terminal::WebSocket::Role::server : terminal::WebSocket::Role::client,
            .max_frame = target_.max_frame},
        random_, base::Bytes(early.begin(), early.end()));
    const Done done = std::move(done_);
    done(std::unique_ptr<io::Stream>(std::move(above)));  // may destroy this
}

void WebSocketLayer::refuse(const base::Error& why) {
    // A listener's reports say where anyhow.
    const std::string at = server_ ? std::string() : target_.text() + ": ";
    const Done done = std::move(done_);
    done(base::Error{why.code, at + why.detail});  // may destroy this
}

}  // namespace jetway::transport
