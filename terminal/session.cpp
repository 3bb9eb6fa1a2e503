#include "terminal/session.h"

#include "base/ensure.h"

namespace jetway::terminal {

namespace {

constexpr std::size_t length_size = 4;  // of a frame's `length`, which does not count itself

std::size_t whole_size(const base::Bytes& run, std::size_t at) {
    return length_size + base::read_be<std::uint32_t>(run.data() + at);
}

}  // namespace

void Session::keep(const OutputQueue::Placed& placed) {
    if (!numbered()) {
        return;
    }
    ++sent_;
    kept_bytes_ += placed.end - placed.begin + placed.apart.view.size();
    const bool follows = !kept_.empty() && kept_.back().run == placed.run &&
                         kept_.back().end == placed.begin && kept_.back().apart.view.empty();
    if (!follows) {
        kept_.push_back({placed.run, placed.begin, placed.begin, 0, {}});
    }
    kept_.back().end = placed.end;
    ++kept_.back().frames;
    kept_.back().apart = placed.apart;
}

std::size_t Session::frame_size(const Kept& kept, std::size_t at) {
    const std::size_t size = whole_size(*kept.run, at);
    return at + size > kept.end ? kept.end - at : size;  // its body lies apart
}

envelope::Frame Session::frame_at(const Kept& kept, std::size_t at) {
    const base::ByteView whole = base::ByteView(*kept.run).subspan(at, frame_size(kept, at));
    const std::size_t pin = whole[envelope::header_size - 1];
    envelope::Frame frame;
    frame.kind = static_cast<envelope::Kind>(whole[4]);
    frame.flags = whole[5];
    frame.hops = whole[6];
    frame.pin = base::as_text(whole.subspan(envelope::header_size, pin));
    frame.body = whole.size() > envelope::header_size + pin
                     ? whole.subspan(envelope::header_size + pin)
                     : kept.apart.view;
    return frame;
}

void Session::drop_front(std::uint64_t frames) {
    while (frames > 0) {
        Kept& front = kept_.front();
        if (front.frames <= frames) {
            frames -= front.frames;
            kept_bytes_ -= front.end - front.begin + front.apart.view.size();
            kept_.pop_front();
            continue;
        }
        for (; frames > 0; --frames, --front.frames) {
            const std::size_t size = frame_size(front, front.begin);
            front.begin += size;
            kept_bytes_ -= size;
        }
    }
}

bool Session::on_ack(std::uint64_t count) {
    if (!numbered()) {
        return true;
    }
    if (!can_resume(count)) {
        return false;
    }
    drop_front(count - acknowledged_);
    acknowledged_ = count;
    return true;
}

void Session::resume(std::uint64_t count, OutputQueue& queue) {
    ensure(on_ack(count), "a session is resumed where it can be");
    apart_ = {};
    for (const Kept& kept : kept_) {
        const base::ByteView bytes =
            base::ByteView(*kept.run).subspan(kept.begin, kept.end - kept.begin);
        queue.push_shared({.view = bytes, .owner = kept.run});
        if (!kept.apart.view.empty()) {
            queue.push_shared(kept.apart);
        }
    }
}

}  // namespace jetway::terminal
