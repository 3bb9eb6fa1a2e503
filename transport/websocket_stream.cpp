#include "transport/websocket_stream.h"

#include "base/ensure.h"

namespace jetway::transport {

namespace {
constexpr auto linger_time = std::chrono::seconds(2);
}

WebSocketStream::WebSocketStream(io::Loop& loop, std::unique_ptr<io::Stream> below,
                                 const terminal::WebSocket::Options& options, base::Random random,
                                 base::Bytes early)
    : below_(std::move(below)),
      socket_(options, random),
      early_(early.empty() ? nullptr : std::make_shared<base::Bytes>(std::move(early))),
      alive_(std::make_shared<bool>(true)) {
    below_->set_handler(this);
    if (early_) {
        early_timer_.emplace(loop, [this] {
            below_->start_reading();
            const std::shared_ptr<base::Bytes> owner = std::move(early_);
            on_read(*owner, owner);  // may destroy this
        });
    }
}

WebSocketStream::~WebSocketStream() {
    *alive_ = false;
}

void WebSocketStream::start_reading() {
    if (early_) {
        early_timer_->set(base::Instant());  // due already: what is read comes from the loop
    } else {
        below_->start_reading();
    }
}

void WebSocketStream::stop_reading() {
    if (early_) {
        early_timer_->cancel();
    }
    below_->stop_reading();
}

void WebSocketStream::flush() {
    if (!below_->busy() && socket_.has_control()) {
        std::vector<io::WriteChunk> chunks(1);
        chunks.front().own = socket_.take_control();
        below_->write(std::move(chunks));
    }
}

std::size_t WebSocketStream::write(std::vector<io::WriteChunk>&& chunks) {
    std::vector<io::WriteChunk> messages = std::move(chunks);
    chunks.clear();
    if (!is_open()) {
        return 0;
    }
    const auto size_of = [](const std::vector<io::WriteChunk>& all) {
        std::size_t size = 0;
        for (const io::WriteChunk& chunk : all) {
            size += chunk.view().size();
        }
        return size;
    };
    const std::size_t size = size_of(messages);
    socket_.wrap(messages);
    if (socket_.has_control()) {
        io::WriteChunk control;
        control.own = socket_.take_control();
        messages.insert(messages.begin(), std::move(control));
    }
    const std::size_t all = size_of(messages);
    const std::size_t done = below_->write(std::move(messages));
    // Of a part, the bytes that are no frames are taken to be done first.
    return below_->busy() ? done - std::min(done, all - size) : size;
}

void WebSocketStream::close() {
    ended_by_us_ = true;
    below_->close();
}

void WebSocketStream::end_with(base::Bytes last_words, base::Duration at_most) {
    ended_by_us_ = true;
    if (!is_open()) {
        return;
    }
    base::Bytes words;
    if (!last_words.empty()) {
        std::vector<io::WriteChunk> messages(1);
        messages.front().own = std::move(last_words);
        socket_.wrap(messages);
        for (const io::WriteChunk& chunk : messages) {
            base::append(words, chunk.view());
        }
    }
    socket_.close({});
    base::append(words, socket_.take_control());
    below_->end_with(std::move(words), at_most);
}

void WebSocketStream::on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) {
    // The bytes are ours for the length of this call, and the buffer's beginning may be kept by
    // others: only these are written to.
    const auto at = static_cast<std::size_t>(bytes.data() - owner->data());
    const base::ByteView frames = socket_.on_bytes(std::span(*owner).subspan(at, bytes.size()));
    if (!socket_.closing()) {
        flush();
        if (!frames.empty() && handler() != nullptr) {
            handler()->on_read(frames, owner);  // may destroy this
        }
        return;
    }
    below_->end_with(socket_.take_control(), linger_time);
    const std::shared_ptr<bool> alive = alive_;
    if (!frames.empty() && handler() != nullptr) {
        handler()->on_read(frames, owner);
    }
    if (*alive && !ended_by_us_ && handler() != nullptr) {
        handler()->on_closed(socket_.why());  // may destroy this
    }
}

void WebSocketStream::on_writable() {
    const std::shared_ptr<bool> alive = alive_;
    if (handler() != nullptr) {
        handler()->on_writable();
    }
    if (*alive && is_open()) {
        flush();
    }
}

void WebSocketStream::on_closed(const base::Error& why) {
    if (handler() != nullptr) {
        handler()->on_closed(why);  // may destroy this
    }
}

}  // namespace jetway::transport
