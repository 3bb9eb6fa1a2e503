#include "cli/bench_requests.h"

#include "base/ensure.h"
#include "envelope/cursor.h"
#include "envelope/envelope.h"
#include "envelope/packer.h"

namespace jetway::cli {

namespace {

using base::Error;
using base::Result;

// A frame made once, sent with another id each time. The id is a uint of 8 bytes: the slot that the
// request occupies, and how often that has been used.
class Stencil {
public:
    Stencil() = default;
    Stencil(envelope::EnvelopeFields fields, bool answer) {
        constexpr std::uint8_t uint64_format = 0xcf;
        base::Bytes id(9, 0xff);
        id[0] = uint64_format;
        (answer ? fields.in_reply_to : fields.id) = id;
        base::Bytes body;
        append_envelope(body, fields);
        envelope::append_frame(frame_, {.kind = envelope::Kind::envelope, .pin = {}}, body);
        envelope::EnvelopeView view;
        const base::ByteView in_frame = base::ByteView(frame_).subspan(envelope::header_size);
        ensure(envelope::read_envelope(in_frame, view) == nullptr, "a frame made here can be read");
        id_at_ =
            static_cast<std::size_t>((answer ? view.in_reply_to : view.id).data() - frame_.data()) +
            1;
    }

    void append(base::Bytes& to, std::uint64_t id) {
        base::write_be(frame_.data() + id_at_, id);
        base::append(to, frame_);
    }

    std::size_t size() const { return frame_.size(); }

private:
    base::Bytes frame_;
    std::size_t id_at_ = 0;
};

// What one end has still to write.
class Outgoing {
public:
    explicit Outgoing(BenchSocket& socket) : socket_(socket) {}

    base::Bytes& bytes() { return bytes_; }
    bool blocked() const { return at_ < bytes_.size(); }

    Result<void> flush() {
        while (at_ < bytes_.size()) {
            const Result<std::size_t> put = socket_.write_some(base::ByteView(bytes_).subspan(at_));
            if (!put) {
                return put.error();
            }
            if (*put == 0) {
                return {};
            }
            at_ += *put;
        }
        bytes_.clear();
        at_ = 0;
        return {};
    }

private:
    BenchSocket& socket_;
    base::Bytes bytes_;
    std::size_t at_ = 0;
};

bool read_number(base::ByteView raw, std::uint64_t& number) {
    return envelope::Cursor(raw).read_unsigned(number);
}

class Requests {
public:
    Requests(const Ends& ends, const LoadOptions& options)
        : ends_(ends),
          options_(options),
          poll_(ends),
          asides_(result_.tally),
          asking_(ends.from),
          answering_(ends.to),
          slots_(options.outstanding) {
        base::Bytes data;
        envelope::Packer(data).binary(base::Bytes(options.size, 0x5a));
        envelope::EnvelopeFields request;
        request.source = ends.from.address();
        request.destination = ends.destination;
        request.reply_to = ends.from.address();
        request.data = data;
        request_ = Stencil(request, false);
        envelope::EnvelopeFields answer;
        answer.source = ends.to.address();
        answer.destination = ends.from.address();
        answer.data = data;
        answer_ = Stencil(answer, true);
        result_.frame_bytes = request_.size();
    }

    Result<RoundTrips> run() {
        start_ = bench_now();
        base::Instant last_progress = start_;
        for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
            ask(slot);
        }
        Tally& tally = result_.tally;
        for (;;) {
            Result<void> done = asking_.flush();
            if (done) {
                done = answering_.flush();
            }
            if (done && tally.settled() == tally.sent && waiting_.empty()) {
                break;
            }
            if (done) {
                const LoadPoll::Ready ready = poll_.wait(asking_.blocked(), answering_.blocked(),
                                                         last_progress + options_.timeout);
                if (ready.any) {
                    last_progress = bench_now();
                } else if (bench_now() >= last_progress + options_.timeout) {
                    break;
                }
                done = receive(ready);
            }
            if (!done) {
                return asides_.goodbye().code.empty() ? done.error() : asides_.goodbye();
            }
            resume();
        }
        return std::move(result_);
    }

private:
    struct Slot {
        std::uint64_t id = 0;
        base::Instant asked{};
        bool open = false;
    };

    bool enough() const {
        const Tally& tally = result_.tally;
        return options_.count != 0 ? tally.sent >= options_.count
                                   : bench_now() >= start_ + options_.duration;
    }

    void ask(std::size_t at) {
        if (enough()) {
            return;
        }
        if (asides_.held()) {
            waiting_.push_back(at);
            return;
        }
        Slot& slot = slots_[at];
        ++result_.tally.sent;
        slot.id = result_.tally.sent * slots_.size() + at;
        slot.open = true;
        request_.append(asking_.bytes(), slot.id);
        slot.asked = bench_now();
    }

    void resume() {
        if (waiting_.empty() || asides_.held()) {
            return;
        }
        const std::vector<std::size_t> slots = std::move(waiting_);
        waiting_.clear();
        for (const std::size_t slot : slots) {
            ask(slot);
        }
    }

    // The open slot of that id; nullptr: it is none of ours, or was answered before.
    Slot* slot_of(std::uint64_t id) {
        Slot& slot = slots_[id % slots_.size()];
        return slot.open && slot.id == id ? &slot : nullptr;
    }

    Result<void> receive(const LoadPoll::Ready& ready) {
        if (ready.to) {
            const Result<bool> read = ends_.to.read_frames([this](const envelope::Frame& frame) {
                on_request(frame);
                return true;
            });
            if (!read) {
                return read.error();
            }
        }
        if (ready.from) {
            const Result<bool> read = ends_.from.read_frames([this](const envelope::Frame& frame) {
                on_answer(frame);
                return true;
            });
            if (!read) {
                return read.error();
            }
        }
        return {};
    }

    void on_request(const envelope::Frame& frame) {
        envelope::EnvelopeView view;
        std::uint64_t id = 0;
        if (frame.kind == envelope::Kind::envelope &&
            envelope::read_envelope(frame.body, view) == nullptr && view.error.empty() &&
            read_number(view.id, id)) {
            answer_.append(answering_.bytes(), id);
        } else {
            refused(asides_.take(frame));  // an answer that was refused, most likely
        }
    }

    void on_answer(const envelope::Frame& frame) {
        envelope::EnvelopeView view;
        std::uint64_t id = 0;
        if (frame.kind != envelope::Kind::envelope ||
            envelope::read_envelope(frame.body, view) != nullptr || !view.error.empty()) {
            refused(asides_.take(frame));
            return;
        }
        Slot* slot = read_number(view.in_reply_to, id) ? slot_of(id) : nullptr;
        if (slot == nullptr) {
            ++result_.tally.unexpected;
            return;
        }
        const base::Instant now = bench_now();
        result_.latencies.add(now - slot->asked);
        result_.tally.elapsed = now - start_;
        ++result_.tally.received;
        slot->open = false;
        ask(static_cast<std::size_t>(slot - slots_.data()));
    }

    void refused(base::ByteView in_reply_to) {
        std::uint64_t id = 0;
        if (in_reply_to.empty() || !read_number(in_reply_to, id)) {
            return;
        }
        if (Slot* slot = slot_of(id)) {
            slot->open = false;
            ask(static_cast<std::size_t>(slot - slots_.data()));
        }
    }

    const Ends& ends_;
    const LoadOptions& options_;
    LoadPoll poll_;
    RoundTrips result_;
    Asides asides_;
    Outgoing asking_;
    Outgoing answering_;
    Stencil request_;
    Stencil answer_;
    std::vector<Slot> slots_;
    std::vector<std::size_t> waiting_;  // slots that a HOLD keeps from being used
    base::Instant start_{};
};

}  // namespace

Result<RoundTrips> run_requests(const Ends& ends, const LoadOptions& options) {
    return Requests(ends, options).run();
}

}  // namespace jetway::cli
