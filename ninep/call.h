// Session::Call: one request of a client until it is answered (session.h).
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "ninep/session.h"

namespace jetway::ninep {

class Session::Call final : public Pending {
public:
    Call(Session& session, const Message& request)
        : session_(&session), tag(request.tag), type(request.type), fid(request.fid) {}

    void park() override {
        if (!dead()) {
            session_->go_on(fid, this);
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

private:
    Session* session_;
    std::function<void()> flush_;

public:
    const Tag tag;
    const Type type;
    const Fid fid;
    Fid reserved = no_fid;     // that it is making
    base::Bytes bytes;         // of a request that waited for its fid
    bool flushed = false;      // asked to answer soon
    std::vector<Tag> flushes;  // Tflush requests that wait for it
};

}  // namespace jetway::ninep
