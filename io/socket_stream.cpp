#include "io/socket_stream.h"

#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>

#include "base/ensure.h"
#include "io/address.h"
#include "io/linger.h"
#include "io/loop_state.h"
#include "io/uv_error.h"

namespace jetway::io {
namespace {

constexpr int unix_buffer_bytes = 1 << 20;

void enlarge_buffers(int fd) {
    const auto set = [fd](int forced, int plain) {
        // Forced goes past the system's limit, for those who may.
        if (setsockopt(fd, SOL_SOCKET, forced, &unix_buffer_bytes, sizeof(unix_buffer_bytes)) !=
            0) {
            static_cast<void>(
                setsockopt(fd, SOL_SOCKET, plain, &unix_buffer_bytes, sizeof(unix_buffer_bytes)));
        }
    };
    set(SO_SNDBUFFORCE, SO_SNDBUF);
    set(SO_RCVBUFFORCE, SO_RCVBUF);
}

PeerCredentials credentials_of(int fd) {
    ucred peer{};
    socklen_t length = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
        return {};
    }
    PeerCredentials known{true, peer.uid, peer.gid, peer.pid, std::vector<gid_t>(32)};
    // As many as there are: the kernel says how much room they take.
    for (int tries = 0; tries < 2; ++tries) {
        length = static_cast<socklen_t>(known.groups.size() * sizeof(gid_t));
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, known.groups.data(), &length) == 0) {
            known.groups.resize(length / sizeof(gid_t));
            return known;
        }
        known.groups.resize(errno == ERANGE ? length / sizeof(gid_t) : 0);
    }
    known.groups.clear();
    return known;
}

std::string name_of(int fd, int (*ask)(int, sockaddr*, socklen_t*), const char* otherwise) {
    SocketAddress address;
    if (ask(fd, address.get(), &address.length) != 0) {
        return otherwise;
    }
    const Endpoint endpoint = address.endpoint();
    const bool unnamed = endpoint.host.empty() && endpoint.path.empty();
    return unnamed ? otherwise : endpoint.text();
}

}  // namespace

// A write that the socket did not take whole. Owns the bytes until libuv is done with it.
struct SocketStream::WriteRequest {
    uv_write_t uv{};
    SocketStream* stream = nullptr;  // null once the stream is closed
    std::vector<WriteChunk> chunks;

    static void done(uv_write_t* uv, int status) {
        const std::unique_ptr<WriteRequest> request(static_cast<WriteRequest*>(uv->data));
        SocketStream* stream = request->stream;
        if (stream == nullptr) {
            return;
        }
        stream->unfinished_ = nullptr;
        if (status < 0) {
            stream->fail(status, "writing to ");
        } else if (stream->handler() != nullptr) {
            stream->handler()->on_writable();
        }
    }
};

std::unique_ptr<Stream> SocketStream::adopt(Loop& loop, Handle<uv_stream_s> connected,
                                            Endpoint::Kind kind) {
    return std::unique_ptr<Stream>(new SocketStream(loop, std::move(connected), kind));
}

base::Result<std::unique_ptr<Stream>> SocketStream::adopt(Loop& loop, int connected,
                                                          Endpoint::Kind kind) {
    Handle<uv_stream_s> handle;
    int status = 0;
    if (kind == Endpoint::Kind::tcp) {
        auto tcp = std::make_unique<uv_tcp_t>();
        ensure(uv_tcp_init(&loop.state().uv, tcp.get()) == 0, "libuv can make a TCP handle");
        status = uv_tcp_open(tcp.get(), connected);
        handle.reset(reinterpret_cast<uv_stream_t*>(tcp.release()));
    } else {
        auto pipe = std::make_unique<uv_pipe_t>();
        ensure(uv_pipe_init(&loop.state().uv, pipe.get(), 0) == 0, "libuv can make a pipe handle");
        status = uv_pipe_open(pipe.get(), connected);
        handle.reset(reinterpret_cast<uv_stream_t*>(pipe.release()));
    }
    if (status < 0) {
        ::close(connected);
        return uv_error(status, "can't take a connection");
    }
    return adopt(loop, std::move(handle), kind);
}

SocketStream::SocketStream(Loop& loop, Handle<uv_stream_s> handle, Endpoint::Kind kind)
    : loop_(loop), handle_(std::move(handle)) {
    handle_->data = this;
    int fd = -1;
    ensure(uv_fileno(reinterpret_cast<uv_handle_t*>(handle_.get()), &fd) == 0,
           "a connected stream has a socket");
    if (kind == Endpoint::Kind::tcp) {
        uv_tcp_nodelay(reinterpret_cast<uv_tcp_t*>(handle_.get()), 1);
        peer_name_ = name_of(fd, getpeername, "gone");
        local_name_ = name_of(fd, getsockname, "gone");
    } else {
        enlarge_buffers(fd);
        credentials_ = credentials_of(fd);
        peer_name_ =
            "uid " + std::to_string(credentials_.uid) + " pid " + std::to_string(credentials_.pid);
        local_name_ = name_of(fd, getsockname, "unix");
    }
}

SocketStream::~SocketStream() {
    close();
}

void SocketStream::start_reading() {
    ensure(handler() != nullptr, "a stream that is read has a handler");
    if (!handle_) {
        return;
    }
    const auto allocate = [](uv_handle_t* handle, std::size_t, uv_buf_t* into) {
        // libuv would go on reading while a read fills the buffer. One read a turn: without a
        // buffer it leaves the rest in the socket, and comes back in the next turn.
        auto* self = static_cast<SocketStream*>(handle->data);
        LoopState& state = self->loop_.state();
        if (self->last_read_turn_ == state.turn) {
            *into = uv_buf_init(nullptr, 0);
            return;
        }
        self->last_read_turn_ = state.turn;
        const auto space = state.read_buffer.space();
        *into =
            uv_buf_init(reinterpret_cast<char*>(space.data()), static_cast<unsigned>(space.size()));
    };
    const auto got = [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
        auto* self = static_cast<SocketStream*>(stream->data);
        if (self == nullptr || count == 0 || count == UV_ENOBUFS) {
            return;
        }
        if (count == UV_EOF && self->handler()->on_end()) {
            self->stop_reading();
            return;
        }
        if (count < 0) {
            self->fail(static_cast<int>(count), "reading from ");
            return;
        }
        ReadBuffer& shared = self->loop_.state().read_buffer;
        const auto size = static_cast<std::size_t>(count);
        self->handler()->on_read({reinterpret_cast<const std::uint8_t*>(buffer->base), size},
                                 shared.owner());
        shared.shown(size);  // `self` may be gone
    };
    const int status = uv_read_start(handle_.get(), allocate, got);
    ensure(status == 0 || status == UV_EALREADY, "an open stream can be read");
}

void SocketStream::stop_reading() {
    if (handle_) {
        uv_read_stop(handle_.get());
    }
}

std::size_t SocketStream::write(std::vector<WriteChunk>&& chunks) {
    ensure(!busy(), "one write at a time");
    if (!handle_) {
        chunks.clear();
        return 0;
    }
    auto& views = loop_.state().write_views;
    views.clear();
    std::size_t total = 0;
    for (const WriteChunk& chunk : chunks) {
        const base::ByteView bytes = chunk.view();
        if (!bytes.empty()) {
            // libuv has no const buffers; it only reads these.
            views.push_back(
                {const_cast<char*>(reinterpret_cast<const char*>(bytes.data())), bytes.size()});
            total += bytes.size();
        }
    }
    if (total == 0) {
        chunks.clear();
        return 0;
    }
    const int tried =
        uv_try_write(handle_.get(), views.data(), static_cast<unsigned>(views.size()));
    const std::size_t written = tried > 0 ? static_cast<std::size_t>(tried) : 0;
    if (written == total) {
        chunks.clear();
        return total;
    }

    std::size_t skip = written;
    std::size_t first = 0;
    while (skip >= views[first].len) {
        skip -= views[first].len;
        ++first;
    }
    views[first].base += skip;
    views[first].len -= skip;

    // An error of the try comes again here, and is told by the request's callback.
    auto request = std::make_unique<WriteRequest>();
    request->uv.data = request.get();
    request->stream = this;
    request->chunks = std::move(chunks);
    chunks.clear();
    const int status = uv_write(&request->uv, handle_.get(), views.data() + first,
                                static_cast<unsigned>(views.size() - first), &WriteRequest::done);
    ensure(status == 0, "an open stream takes a write");
    unfinished_ = request.release();
    return written;
}

std::size_t SocketStream::unfinished_bytes() const {
    return handle_ && busy() ? uv_stream_get_write_queue_size(handle_.get()) : 0;
}

void SocketStream::forget_write() {
    if (unfinished_ != nullptr) {
        unfinished_->stream = nullptr;
        unfinished_ = nullptr;
    }
}

void SocketStream::close() {
    forget_write();
    handle_.reset();
}

void SocketStream::end_with(base::Bytes last_words, base::Duration at_most) {
    if (!handle_) {
        return;
    }
    forget_write();
    uv_read_stop(handle_.get());
    Linger::start(loop_, std::move(handle_), std::move(last_words), at_most);
}

void SocketStream::fail(int uv_status, const char* doing) {
    const base::Error why = uv_status == UV_EOF
                                ? base::Error{"EOF", peer_name_ + " closed the connection"}
                                : uv_error(uv_status, doing + peer_name_);
    close();
    if (handler() != nullptr) {
        handler()->on_closed(why);  // may destroy this
    }
}

}  // namespace jetway::io
