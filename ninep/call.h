// Session::Call: one request of a client until it is answered (session.h).
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "ninep/session.h"

namespace jetway::ninep {

class Session::Call final : public Pending {
public:
    Call(Session& session, const Message& request, std::size_t length)
        : session_(&session),
          tag(request.tag),
          type(request.type),
          fid(request.fid),
          size(length) {}

    void overlap() override {
        if (!dead()) {
            session_->on_overlap(*this);
        }
    }
    void park() override {
        if (!dead()) {
            session_->on_parked(*this);
        }
    }
    void on_flush(std::function<void()> flush) override {
        if (dead()) {
            flush();
        } else {
            flush_ = std::move(flush);
        }
    }
    bool dead() const override { return session_ == nullptr; }

    // Nobody waits for an answer any more.
    void forget() {
        session_ = nullptr;
        flush_ = nullptr;
    }
    // As well, and whoever works on it is told so.
    void end() {
        session_ = nullptr;
        if (const std::function<void()> flush = std::exchange(flush_, nullptr)) {
            flush();
        }
    }
    std::function<void()> take_flush() { return std::exchange(flush_, nullptr); }
    // Asks whoever works on it to answer soon. False: nobody would.
    bool flush() {
        const std::function<void()> flush = take_flush();
        flushed = flushed || flush != nullptr;
        if (flush) {
            flush();
        }
        return flushed;
    }

    // What it is answered with, but for the fields.
    Message answer() const {
        Message message;
        message.type = answer_of(type);
        message.tag = tag;
        return message;
    }

private:
    Session* session_;
    std::function<void()> flush_;

public:
    const Tag tag;
    const Type type;
    const Fid fid;
    const std::size_t size;       // of its message
    Fid reserved = no_fid;        // that it is making
    base::Bytes bytes;            // while it waits for its fid
    bool flushed = false;         // asked to answer soon
    bool effective = false;       // it has had an effect: a flush waits for its answer
    std::vector<Tag> flushes;     // Tflush requests that wait for it
    Tag flushing = no_tag;        // of a Tflush: what it waits for, which is none
    std::unique_ptr<File> start;  // of an attach: the root that its walk starts from
};

template <typename Value, typename Then>
Reply<Value> Session::reply(const CallPtr& call, Then then) {
    return Reply<Value>(call, [this, call, then](base::Result<Value> value) {
        if (call->dead()) {
            return;
        }
        if (!value) {
            answer(call, value.error());
        } else {
            then(std::move(*value));
        }
    });
}

}  // namespace jetway::ninep
