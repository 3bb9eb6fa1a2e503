#include "cli/bench_load.h"

#include <poll.h>

#include "base/ensure.h"
#include "envelope/envelope.h"
#include "envelope/packer.h"

namespace jetway::cli {

using base::Error;
using base::Result;

base::ByteView Asides::take(const envelope::Frame& frame) {
    switch (frame.kind) {
        case envelope::Kind::hold:
            ++held_;
            ++tally_->holds;
            break;
        case envelope::Kind::resume:
            held_ -= held_ > 0 ? 1U : 0U;
            break;
        case envelope::Kind::goodbye: {
            const envelope::Goodbye goodbye = envelope::read_goodbye(frame.body);
            goodbye_ = {goodbye.code.empty() ? "no-router" : goodbye.code, goodbye.message};
            break;
        }
        case envelope::Kind::envelope: {
            envelope::EnvelopeView view;
            if (envelope::read_envelope(frame.body, view) != nullptr || view.error.empty()) {
                ++tally_->unexpected;
                break;
            }
            ++tally_->refused;
            if (tally_->refusal.empty()) {
                tally_->refusal = envelope::read_error(view.error).code;
            }
            return view.in_reply_to;
        }
        default:
            break;
    }
    return {};
}

LoadPoll::LoadPoll(const Ends& ends)
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), from_(ends.from.fd()), to_(ends.to.fd()) {
    ensure(epoll_ >= 0, "an epoll can be made");
    for (const int fd : {from_, to_}) {
        epoll_event event = {};
        event.events = EPOLLIN;
        event.data.fd = fd;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
}

LoadPoll::~LoadPoll() {
    close(epoll_);
}

void LoadPoll::watch(int fd, bool& now, bool wanted) {
    if (now == wanted) {
        return;
    }
    now = wanted;
    epoll_event event = {};
    event.events = EPOLLIN | (wanted ? std::uint32_t{EPOLLOUT} : 0U);
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

LoadPoll::Ready LoadPoll::wait(bool from_blocked, bool to_blocked, base::Instant deadline) {
    watch(from_, from_out_, from_blocked);
    watch(to_, to_out_, to_blocked);
    const std::int64_t left = base::to_microseconds(deadline - bench_now()) / 1000 + 1;
    epoll_event events[2];
    const int count = epoll_wait(epoll_, events, 2, left > 0 ? static_cast<int>(left) : 0);
    Ready ready;
    for (int i = 0; i < count; ++i) {
        const bool readable = (events[i].events & ~std::uint32_t{EPOLLOUT}) != 0;
        (events[i].data.fd == from_ ? ready.from : ready.to) = readable;
        ready.any = true;
    }
    return ready;
}

base::Bytes one_way_frame(const Ends& ends, std::size_t size) {
    base::Bytes data;
    envelope::Packer(data).binary(base::Bytes(size, 0x5a));
    envelope::EnvelopeFields fields;
    fields.source = ends.from.address();
    fields.destination = ends.destination;
    fields.data = data;
    base::Bytes body;
    append_envelope(body, fields);
    base::Bytes frame;
    envelope::append_frame(frame, {.kind = envelope::Kind::envelope, .pin = {}}, body);
    return frame;
}

Result<void> await_way(const Ends& ends, base::Duration timeout) {
    constexpr auto pause = std::chrono::milliseconds(20);
    const base::Instant deadline = bench_now() + timeout;
    const base::Bytes frame = one_way_frame(ends, 0);
    LoadPoll poll_both(ends);
    Tally tally;
    Asides asides(tally);
    while (bench_now() < deadline) {
        if (Result<void> sent = ends.from.write_all(frame, timeout); !sent) {
            return sent;
        }
        const std::uint64_t refused = tally.refused;
        bool arrived = false;
        while (!arrived && tally.refused == refused && bench_now() < deadline) {
            const LoadPoll::Ready ready = poll_both.wait(false, false, deadline);
            Result<bool> read = true;
            if (ready.from) {
                read = ends.from.read_frames([&](const envelope::Frame& one) {
                    asides.take(one);
                    return true;
                });
            }
            if (read && ready.to) {
                read = ends.to.read_frames([&](const envelope::Frame& one) {
                    arrived = arrived || one.kind == envelope::Kind::envelope;
                    return true;
                });
            }
            if (!read) {
                return asides.goodbye().code.empty() ? read.error() : asides.goodbye();
            }
        }
        if (arrived) {
            return {};
        }
        poll(nullptr, 0, static_cast<int>(pause.count()));
    }
    return Error{tally.refusal.empty() ? "timeout" : tally.refusal,
                 "no way from " + ends.from.address() + " to " + ends.destination};
}

}  // namespace jetway::cli
