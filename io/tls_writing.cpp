// The part of TlsStream that writes: plain chunks become records, no more at a time than the stream
// below can be expected to take, and go out.
#include <openssl/err.h>

#include <algorithm>

#include "base/ensure.h"
#include "io/loop_state.h"
#include "io/openssl.h"
#include "io/tls_stream.h"

namespace jetway::io {
namespace {

constexpr std::size_t record_bytes = std::size_t{16} << 10U;  // the most that one holds, RFC 8446
constexpr std::size_t window = std::size_t{256} << 10U;
constexpr std::size_t most_unread = std::size_t{64} << 10U;

}  // namespace

void TlsStream::seal(base::ByteView plain) {
    if (doomed_) {
        return;
    }
    ERR_clear_error();
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_, plain.data(), plain.size(), &written);
    if (result != 1) {
        doom(failure(SSL_get_error(ssl_, result)));
    }
}

// Small chunks share a record; large ones are not copied before they are encrypted.
void TlsStream::encrypt(std::size_t at_most) {
    base::Bytes& record = loop_.state().record;
    record.clear();
    in_flight_ = 0;
    while (left_ > 0 && in_flight_ < at_most) {
        const base::ByteView rest = plain_[next_].view().subspan(offset_);
        if (rest.empty()) {
            ++next_;
            offset_ = 0;
            continue;
        }
        std::size_t taken = std::min(rest.size(), record_bytes - record.size());
        if (record.empty() && rest.size() >= record_bytes) {
            const std::size_t most =
                std::min(rest.size(), std::max(record_bytes, at_most - in_flight_));
            taken = most - most % record_bytes;
            seal(rest.first(taken));
        } else {
            base::append(record, rest.first(taken));
            if (record.size() == record_bytes) {
                seal(record);
                record.clear();
            }
        }
        offset_ += taken;
        left_ -= taken;
        in_flight_ += taken;
    }
    if (!record.empty()) {
        seal(record);
    }
}

void TlsStream::send_records() {
    if (records_->empty() || !below_->is_open()) {
        return;
    }
    if (below_->busy()) {
        if (records_->size() > most_unread) {
            doom({"tls", "it makes TLS answer more than it reads"});
        }
        return;
    }
    std::vector<WriteChunk> chunks(1);
    chunks.front().shared = {*records_, records_};
    below_->write(std::move(chunks));
    chunks.clear();
    if (below_->busy() || records_->capacity() > record_bytes) {
        records_ = std::make_shared<base::Bytes>();
    } else {
        records_->clear();
    }
}

void TlsStream::pump() {
    send_records();
    while (left_ > 0 && below_->is_open() && !below_->busy()) {
        encrypt(window);
        send_records();
    }
}

std::size_t TlsStream::write(std::vector<WriteChunk>&& chunks) {
    ensure(!busy(), "one write at a time");
    ensure(!on_handshake_, "nothing is written before the handshake is done");
    plain_ = std::move(chunks);
    chunks.clear();
    next_ = 0;
    offset_ = 0;
    left_ = 0;
    in_flight_ = 0;
    if (!is_open()) {
        plain_.clear();
        return 0;
    }
    for (const WriteChunk& chunk : plain_) {
        left_ += chunk.view().size();
    }
    const std::size_t total = left_;
    pump();
    if (left_ == 0 && (total == 0 || !below_->busy())) {
        plain_.clear();
        return total;
    }
    writing_ = true;
    return total - left_ - in_flight_;
}

void TlsStream::on_writable() {
    in_flight_ = 0;
    pump();
    if (writing_ && left_ == 0 && !below_->busy()) {
        writing_ = false;
        plain_.clear();
        if (handler() != nullptr) {
            handler()->on_writable();  // may destroy this
        }
    }
}

std::size_t TlsStream::unfinished_bytes() const {
    return is_open() && writing_ ? left_ + std::min(in_flight_, below_->unfinished_bytes()) : 0;
}

}  // namespace jetway::io
