#include "daemon/ninep_tunnels.h"

#include <algorithm>
#include <utility>

#include "envelope/cursor.h"
#include "envelope/packer.h"

namespace jetway::daemon {

// The end at the server: its socket.
class NinepTunnels::Served final : private io::StreamHandler {
public:
    Served(NinepTunnels& tunnels, router::Router::NinepDial asked)
        : tunnels_(tunnels),
          asked_(std::move(asked)),
          tunnel_(asked_.stream, {}, tunnels.carriers_.loop().now()) {
        const envelope::NinepAddress& at = asked_.address;
        const io::Endpoint to = at.scheme == envelope::NinepAddress::Scheme::tcp
                                    ? io::Endpoint::tcp(at.host, at.port)
                                    : io::Endpoint::unix_socket(at.socket);
        dialler_ = std::make_unique<io::Dialler>(
            tunnels_.carriers_.loop(), to, dial_timeout,
            [this](base::Result<std::unique_ptr<io::Stream>> stream) { dialled(stream); });
    }

    const std::string& asker() const { return asked_.asker; }
    ninep::Tunnel& tunnel() { return tunnel_; }
    bool is_over() const { return over_; }
    void end() { over_ = true; }

    void turn() {
        if (stream_ == nullptr || over_) {
            return;
        }
        if (!stream_->busy() && tunnel_.has_received() && stream_->is_open()) {
            std::vector<io::WriteChunk> chunks(1);
            chunks[0].own = tunnel_.take_received();
            stream_->write(std::move(chunks));
        }
        tunnels_.post(asked_.asker, tunnel_.take_messages(tunnels_.carriers_.loop().now()));
        if (tunnel_.is_over() || tunnel_.said_end()) {
            stream_->shutdown_then_close();
            over_ = true;
        } else if (tunnel_.wants_input() != reading_) {
            reading_ = !reading_;
            if (reading_) {
                stream_->start_reading();
            } else {
                stream_->stop_reading();
            }
        }
    }

private:
    void dialled(base::Result<std::unique_ptr<io::Stream>>& stream) {
        if (!stream) {
            tunnels_.answer(asked_.asker, asked_.id, &stream.error());
            over_ = true;
        } else {
            tunnels_.answer(asked_.asker, asked_.id, nullptr);
            stream_ = std::move(*stream);
            stream_->set_handler(this);
            stream_->start_reading();
        }
        tunnels_.timer_.set(tunnels_.carriers_.loop().now());
    }
    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& /*owner*/) override {
        tunnel_.send(bytes);
    }
    void on_writable() override {}
    void on_closed(const base::Error& /*why*/) override { tunnel_.finish(); }

    NinepTunnels& tunnels_;
    router::Router::NinepDial asked_;
    ninep::Tunnel tunnel_;
    bool reading_ = true;
    bool over_ = false;
    std::unique_ptr<io::Stream> stream_;
    std::unique_ptr<io::Dialler> dialler_;
};

NinepTunnels::NinepTunnels(Carriers& carriers)
    : carriers_(carriers), timer_(carriers.loop(), [this] {
          on_deadline();
          turn();
      }) {
    carriers_.on_ninep_dial([this](const router::Router::NinepDial& dial) { serve(dial); });
}

NinepTunnels::~NinepTunnels() {
    carriers_.on_ninep_dial({});
}

InProcess& NinepTunnels::terminal() {
    if (terminal_ == nullptr || !terminal_->is_open()) {
        terminal_ = std::make_unique<InProcess>(
            carriers_, std::vector<envelope::ServiceEntry>{},
            [this](const envelope::EnvelopeView& view) { on_envelope(view); });
    }
    return *terminal_;
}

std::uint64_t NinepTunnels::open(const std::string& machine, const std::string& address,
                                 User& user) {
    if (asked_.size() >= most) {
        return 0;
    }
    const std::uint64_t stream = ++last_stream_;
    base::Bytes id;
    base::Bytes data;
    envelope::Packer(id).number(stream);
    envelope::Packer(data)
        .map(2)
        .text("request")
        .text("9p-dial")
        .text("args")
        .map(2)
        .text("address")
        .text(address)
        .text("stream")
        .number(stream);
    const std::string destination = "router@" + machine;
    envelope::EnvelopeFields fields;
    fields.destination = destination;
    fields.id = id;
    fields.data = data;
    Asked& asked = asked_[stream];
    asked.user = &user;
    asked.due = carriers_.loop().now() + open_timeout;
    if (const base::Result<void> sent = terminal().send(fields); !sent) {
        end_asked(stream, sent.error());
    }
    timer_.set(carriers_.loop().now());
    return stream;
}

void NinepTunnels::send(std::uint64_t stream, base::ByteView bytes) {
    const auto asked = asked_.find(stream);
    if (asked != asked_.end() && asked->second.tunnel != nullptr) {
        asked->second.tunnel->send(bytes);
    }
}

bool NinepTunnels::has_room(std::uint64_t stream) const {
    const auto asked = asked_.find(stream);
    return asked != asked_.end() && asked->second.tunnel != nullptr &&
           asked->second.tunnel->wants_input();
}

void NinepTunnels::close(std::uint64_t stream) {
    closed_.erase(std::remove_if(closed_.begin(), closed_.end(),
                                 [stream](const Closed& one) { return one.stream == stream; }),
                  closed_.end());
    // What is posted may be refused at once, which ends streams: this one is not among them any
    // more.
    auto asked = asked_.extract(stream);
    if (!asked.empty() && asked.mapped().tunnel != nullptr) {
        asked.mapped().tunnel->finish();
        post(asked.mapped().peer, asked.mapped().tunnel->take_messages(carriers_.loop().now()));
    }
}

void NinepTunnels::end_asked(std::uint64_t stream, const base::Error& why) {
    const auto asked = asked_.find(stream);
    if (asked != asked_.end()) {
        closed_.push_back({stream, asked->second.user, why});
        asked_.erase(asked);
        timer_.set(carriers_.loop().now());
    }
}

void NinepTunnels::serve(const router::Router::NinepDial& dial) {
    const ServedKey key(dial.asker, dial.stream);
    if (served_.size() >= most || served_.count(key) == 1) {
        const base::Error why{"overloaded", "this router has too many streams"};
        return answer(dial.asker, dial.id, &why);
    }
    served_.emplace(key, std::make_unique<Served>(*this, dial));
}

void NinepTunnels::answer(const std::string& asker, base::ByteView id, const base::Error* why) {
    const std::uint8_t yes = 0xc3;
    envelope::ErrorFields error;
    if (why != nullptr) {
        error = {.code = why->code,
                 .message = why->detail,
                 .at = carriers_.router().options().machine,
                 .destination = {}};
    }
    envelope::EnvelopeFields fields;
    fields.destination = asker;
    fields.in_reply_to = id;
    fields.error = why != nullptr ? &error : nullptr;
    fields.data = why != nullptr ? base::ByteView() : base::ByteView(&yes, 1);
    static_cast<void>(terminal().send(fields).has_value());  // the asker's deadline tells it
}

void NinepTunnels::post(const std::string& peer, const std::vector<base::Bytes>& messages) {
    for (const base::Bytes& message : messages) {
        base::Bytes data;
        envelope::Packer(data).binary(message);
        envelope::EnvelopeFields fields;
        fields.destination = peer;
        fields.data = data;
        static_cast<void>(terminal().send(fields).has_value());  // a gap, which the peer sees
    }
}

void NinepTunnels::on_envelope(const envelope::EnvelopeView& view) {
    std::uint64_t stream = 0;
    if (!view.in_reply_to.empty() && envelope::Cursor(view.in_reply_to).read_unsigned(stream)) {
        return on_answer(stream, view);
    }
    if (!view.error.empty()) {
        return on_refusal(envelope::read_error(view.error));
    }
    base::ByteView message;
    if (!envelope::Cursor(view.data).read_binary(message)) {
        return;
    }
    const std::optional<std::uint64_t> of = ninep::tunnel_of(message);
    const base::Instant now = carriers_.loop().now();
    if (!of) {
        return;
    }
    timer_.set(now);
    const auto served = served_.find(ServedKey(std::string(view.source), *of));
    if (served != served_.end()) {
        if (!served->second->tunnel().on_message(message, now)) {
            served->second->end();
        }
        return;
    }
    const auto asked = asked_.find(*of);
    if (asked != asked_.end() && asked->second.tunnel != nullptr &&
        asked->second.peer == view.source) {
        if (const base::Result<void> taken = asked->second.tunnel->on_message(message, now);
            !taken) {
            end_asked(*of, taken.error());
        }
    }
}

void NinepTunnels::on_answer(std::uint64_t stream, const envelope::EnvelopeView& view) {
    const auto asked = asked_.find(stream);
    if (asked == asked_.end() || asked->second.tunnel != nullptr) {
        return;
    }
    if (!view.error.empty()) {
        const envelope::ErrorFields refusal = envelope::read_error(view.error);
        return end_asked(stream, {refusal.code, refusal.message});
    }
    asked->second.peer = std::string(view.source);
    asked->second.due = base::never;
    asked->second.tunnel =
        std::make_unique<ninep::Tunnel>(stream, ninep::TunnelOptions{}, carriers_.loop().now());
    asked->second.user->on_tunnel_opened();
    timer_.set(carriers_.loop().now());
}

// A message came back: its stream has a gap.
void NinepTunnels::on_refusal(const envelope::ErrorFields& refusal) {
    std::vector<std::uint64_t> ended;
    for (const auto& [stream, asked] : asked_) {
        if (asked.peer == refusal.destination && !asked.peer.empty()) {
            ended.push_back(stream);
        }
    }
    for (const std::uint64_t stream : ended) {
        end_asked(stream, {refusal.code, refusal.message});
    }
    for (const auto& [key, served] : served_) {
        if (key.first == refusal.destination) {
            served->end();
        }
    }
    timer_.set(carriers_.loop().now());
}

void NinepTunnels::on_deadline() {
    const base::Instant now = carriers_.loop().now();
    std::vector<std::uint64_t> silent;
    for (const auto& [stream, asked] : asked_) {
        if (asked.due <= now || (asked.tunnel != nullptr && !asked.tunnel->on_deadline(now))) {
            silent.push_back(stream);
        }
    }
    for (const std::uint64_t stream : silent) {
        end_asked(stream, {"ETIMEDOUT", "nothing was heard through the mesh"});
    }
    for (const auto& [key, served] : served_) {
        if (!served->tunnel().on_deadline(now)) {
            served->end();
        }
    }
}

void NinepTunnels::turn() {
    if (std::exchange(in_turn_, true)) {
        return;
    }
    const base::Instant now = carriers_.loop().now();
    std::vector<std::uint64_t> streams;
    for (const auto& [stream, asked] : asked_) {
        streams.push_back(stream);
    }
    for (const std::uint64_t stream : streams) {
        auto asked = asked_.find(stream);
        if (asked == asked_.end() || asked->second.tunnel == nullptr) {
            continue;
        }
        ninep::Tunnel& tunnel = *asked->second.tunnel;
        User* user = asked->second.user;
        if (tunnel.has_received()) {
            const base::Bytes bytes = tunnel.take_received();
            user->on_tunnel_bytes(bytes);
        }
        if (asked_.find(stream) == asked_.end()) {
            continue;
        }
        if (tunnel.wants_input()) {
            user->on_tunnel_room();
        }
        if (asked_.find(stream) == asked_.end()) {
            continue;
        }
        post(std::string(asked->second.peer), tunnel.take_messages(now));
        // A refusal of what was posted may have ended it.
        if (asked_.find(stream) != asked_.end() && tunnel.is_over()) {
            end_asked(stream, {"EOF", "the instance closed its connection"});
        }
    }
    for (auto at = served_.begin(); at != served_.end();) {
        at->second->turn();
        if (at->second->is_over()) {
            ended_.push_back(std::move(at->second));
            at = served_.erase(at);
        } else {
            ++at;
        }
    }
    ended_.clear();
    while (!closed_.empty()) {  // one may close another
        const Closed one = closed_.back();
        closed_.pop_back();
        one.user->on_tunnel_closed(one.why);
    }
    base::Instant next = base::never;
    for (const auto& [stream, asked] : asked_) {
        next = std::min({next, asked.due,
                         asked.tunnel == nullptr ? base::never : asked.tunnel->next_deadline()});
    }
    for (const auto& [key, served] : served_) {
        next = std::min(next, served->tunnel().next_deadline());
    }
    timer_.set(next);
    in_turn_ = false;
}

}  // namespace jetway::daemon
