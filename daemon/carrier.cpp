#include "daemon/carrier.h"

#include "daemon/carriers.h"

namespace jetway::daemon {

Carrier::Carrier(Carriers& owner, io::Loop& loop, router::TerminalId id, std::string peer,
                 std::unique_ptr<io::Stream> stream)
    : owner_(owner), loop_(loop), id_(id), peer_(std::move(peer)), stream_(std::move(stream)) {
    stream_->set_handler(this);
    stream_->start_reading();
}

void Carrier::write(terminal::OutputQueue& output) {
    if (stream_->busy() || !output.has_waiting()) {
        return;
    }
    const std::size_t before = output.waiting();
    const std::size_t done = stream_->write(output.take());
    unfinished_ = stream_->busy() ? before - done : 0;
    output.written(before - unfinished_);
}

void Carrier::on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) {
    owner_.router().on_bytes(id_, bytes, &owner, loop_.now());
}

void Carrier::on_writable() {
    if (terminal::OutputQueue* output = owner_.router().output(id_)) {
        output->written(unfinished_);
        unfinished_ = 0;
        write(*output);
    }
}

void Carrier::on_closed(const base::Error& why) {
    owner_.report_tls(peer_, why);
    owner_.lost(id_, why.detail);
}

void Carrier::pause(bool paused) {
    if (paused) {
        stream_->stop_reading();
    } else {
        stream_->start_reading();
    }
}

void Carrier::finish() {
    stream_->stop_reading();
    stream_->shutdown_then_close();
}

}  // namespace jetway::daemon
