#include "daemon/client_stream.h"

#include <utility>
#include <vector>

namespace jetway::daemon {

router::Arrival arrival_of(router::Entry by, const io::Stream& stream) {
    router::Arrival arrival{.by = by, .peer_address = stream.peer_name()};
    if (const io::PeerCredentials peer = stream.peer_credentials(); peer.known) {
        arrival.user = {.uid = peer.uid, .gid = peer.gid, .groups = peer.groups};
    }
    arrival.encrypted = stream.encrypted();
    arrival.certified = stream.certified();
    return arrival;
}

router::Arrival arrival_of_client(const io::Stream& stream, bool write) {
    router::Arrival arrival = arrival_of(router::Entry::local_listener, stream);
    arrival.in_process = write && !arrival.user;
    return arrival;
}

ClientStream::ClientStream(std::unique_ptr<io::Stream> stream, io::StreamHandler& handler,
                           base::Duration stalled)
    : stream_(std::move(stream)), stalled_(stalled) {
    stream_->set_handler(&handler);
    stream_->start_reading();
}

void ClientStream::write(base::Bytes bytes, base::Instant now) {
    if (bytes.empty()) {
        return;
    }
    std::vector<io::WriteChunk> chunks(1);
    chunks[0].own = std::move(bytes);
    stream_->write(std::move(chunks));
    left_ = stream_->unfinished_bytes();
    moved_ = now;
}

void ClientStream::read_while(bool wanted) {
    if (std::exchange(reading_, wanted) == wanted) {
        return;
    }
    if (wanted) {
        stream_->start_reading();
    } else {
        stream_->stop_reading();
    }
}

bool ClientStream::is_stalled(base::Instant now) {
    const std::size_t left = stream_->unfinished_bytes();
    if (std::exchange(left_, left) != left) {
        moved_ = now;
    }
    return busy() && now - moved_ >= stalled_;
}

}  // namespace jetway::daemon
