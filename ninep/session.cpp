#include "ninep/session.h"

#include <algorithm>

#include "ninep/call.h"

namespace jetway::ninep {

namespace {

constexpr std::uint32_t least_msize = 256;
constexpr std::string_view plain_version = "9P2000";
constexpr std::string_view linux_version = "9P2000.L";

// The longest of a version's dot-separated beginnings that we speak; nothing: none.
std::optional<Dialect> dialect_of(std::string_view version) {
    const auto begins = [version](std::string_view with) {
        return version == with || (version.starts_with(with) && version[with.size()] == '.');
    };
    if (begins(linux_version)) {
        return Dialect::linux;
    }
    return begins(plain_version) ? std::optional(Dialect::plain) : std::nullopt;
}

}  // namespace

Session::Session(const SessionLimits& limits, OnAttach on_attach, SessionCounters& counters)
    : limits_(limits), on_attach_(std::move(on_attach)), counters_(counters) {
    reader_.set_most(msize_);
}

Session::~Session() {
    reset();
}

void Session::on_bytes(base::ByteView bytes) {
    if (broken_) {
        return;
    }
    if (!wants_input()) {
        reader_.keep(bytes);
        return;
    }
    const base::Result<void> fed = reader_.feed(
        bytes, [this](base::ByteView whole) { return on_message(whole) && wants_input(); });
    if (!fed && !broken_) {
        ++counters_.malformed;
        broken_ = fed.error();
    }
    reap();
}

base::Bytes Session::take_output() {
    reap();
    base::Bytes taken = std::exchange(out_, {});
    if (reader_.held() > 0 && !broken_) {
        on_bytes({});  // messages that waited
    }
    return taken;
}

// Files die when none of their calls is on the stack.
void Session::reap() {
    while (!buried_.empty()) {
        std::exchange(buried_, {}).clear();
    }
}

bool Session::on_message(base::ByteView whole) {
    const auto type = static_cast<Type>(whole[4]);
    const auto tag = static_cast<Tag>(whole[5] | (whole[6] << 8U));
    if (!versioned_ && type != Type::tversion) {
        ++counters_.malformed;
        broken_ = error("EPROTO", "the first message must be Tversion, not " + type_name(type));
        return false;
    }
    ++counters_.requests;
    const base::Result<Message> request = read_message(whole, dialect_);
    if (!request || !is_request(type)) {
        ++counters_.malformed;
        put_error(tag, error("EINVAL", request ? type_name(type) + " is no request"
                                               : request.error().detail));
    } else if (type == Type::tversion) {
        on_version(*request);
    } else if (calls_.find(tag) != calls_.end()) {
        put_error(tag, error("EINVAL", "that tag is in use"));
    } else if (type == Type::tflush) {
        on_flush(*request);
    } else if (type == Type::tauth) {
        put_error(tag, error("ENOENT"));  // none is needed
    } else {
        begin(*request, whole);
    }
    return !broken_;
}

void Session::on_version(const Message& request) {
    reset();
    Message answer;
    answer.type = Type::rversion;
    answer.tag = request.tag;
    const std::optional<Dialect> dialect = dialect_of(request.version);
    versioned_ = false;
    if (request.msize < least_msize) {
        put_error(request.tag,
                  error("EINVAL", "msize must be at least " + std::to_string(least_msize)));
        return;
    }
    answer.msize = std::min(request.msize, limits_.msize);
    answer.version = "unknown";
    if (dialect) {
        versioned_ = true;
        dialect_ = *dialect;
        msize_ = answer.msize;
        reader_.set_most(msize_);
        answer.version = *dialect == Dialect::linux ? linux_version : plain_version;
    }
    put(answer);
}

void Session::reset() {
    const std::unordered_map<Tag, CallPtr> calls = std::exchange(calls_, {});
    Fids fids = std::exchange(fids_, {});
    held_ = 0;
    std::vector<CallPtr> in_order;
    for (const auto& [tag, call] : calls) {
        in_order.push_back(call);
    }
    std::sort(in_order.begin(), in_order.end(),
              [](const CallPtr& a, const CallPtr& b) { return a->tag < b->tag; });
    for (const CallPtr& call : in_order) {
        bury(std::move(call->start));
        call->end();
    }
    std::vector<Fid> numbers;
    for (const auto& [fid, state] : fids) {
        numbers.push_back(fid);
    }
    std::sort(numbers.begin(), numbers.end());
    for (const Fid fid : numbers) {
        bury(std::move(fids[fid].file));
    }
}

// flush(5): never an error; the answer of what is flushed, if there is one, goes first.
void Session::on_flush(const Message& request) {
    ++counters_.flushed;
    auto found = calls_.find(request.oldtag);
    if (found != calls_.end() && found->second->type == Type::tflush) {
        found = calls_.find(found->second->flushing);  // both wait for the same
    }
    if (found == calls_.end()) {
        Message answer;
        answer.type = Type::rflush;
        answer.tag = request.tag;
        put(answer);
        return;
    }
    if (calls_.size() >= 2 * limits_.requests) {
        ++counters_.refused;
        broken_ = error("EAGAIN", "too many flushes at once");
        return;
    }
    const CallPtr call = found->second;
    const CallPtr flush = std::make_shared<Call>(*this, request, 0);
    flush->flushing = call->tag;
    calls_.emplace(request.tag, flush);
    call->flushes.push_back(request.tag);
    if (!call->flush() && !call->effective) {
        finish(call);
    }
}

void Session::begin(const Message& request, base::ByteView whole) {
    if (calls_.size() >= limits_.requests) {
        ++counters_.refused;
        put_error(request.tag, error("EAGAIN", "too many requests at once on this connection"));
        return;
    }
    const CallPtr call = std::make_shared<Call>(*this, request, whole.size());
    FidState* state = state_of(request.fid);
    if (request.type != Type::tattach && state == nullptr) {
        put_error(request.tag, error("EBADF"));
        return;
    }
    calls_.emplace(request.tag, call);
    held_ += call->size;
    if (request.type == Type::tattach) {
        run(call, request);
    } else if (!may_begin(*state, request.type) || !state->waiting.empty()) {
        call->bytes.assign(whole.begin(), whole.end());
        state->waiting.push_back(call);
    } else {
        state->current = call;
        run(call, request);
    }
}

// What it held up goes on.
void Session::on_overlap(Call& call) {
    FidState* state = state_of(call.fid);
    if (state != nullptr && state->current.get() == &call) {
        state->overlapped.push_back(std::exchange(state->current, nullptr));
        pump(call.fid);
    }
}

bool Session::may_begin(const FidState& state, Type type) {
    return state.current == nullptr &&
           (state.overlapped.empty() || type == Type::tread || type == Type::twrite);
}

void Session::on_parked(Call& call) {
    FidState* state = state_of(call.fid);
    if (state != nullptr && state->current.get() == &call) {
        state->parked.push_back(std::exchange(state->current, nullptr));
        pump(call.fid);
    }
}

void Session::pump(Fid fid) {
    FidState* state = state_of(fid);
    if (state == nullptr || std::exchange(state->pumping, true)) {
        return;
    }
    while (state != nullptr && !state->waiting.empty() &&
           may_begin(*state, state->waiting.front()->type)) {
        const CallPtr call = state->waiting.front();
        state->waiting.pop_front();
        state->current = call;
        const base::Bytes bytes = std::exchange(call->bytes, {});
        run(call, *read_message(bytes, dialect_));
        state = state_of(fid);
    }
    if (state != nullptr) {
        state->pumping = false;
    }
}

void Session::answer(const CallPtr& call, Message& message) {
    message.tag = call->tag;
    put(message);
    finish(call);
}

void Session::answer(const CallPtr& call, const base::Error& why) {
    if (!call->flushed || why.code != "EINTR") {
        put_error(call->tag, why);
    }
    finish(call);
}

// The call is answered, or is never to be.
void Session::finish(const CallPtr& call) {
    const auto found = calls_.find(call->tag);
    if (found == calls_.end() || found->second != call) {
        return;
    }
    calls_.erase(found);
    held_ -= call->size;
    bury(std::move(call->start));
    bool overlapped = false;
    if (FidState* state = state_of(call->fid)) {
        std::erase(state->parked, call);
        overlapped = std::erase(state->overlapped, call) > 0;
        if (!call->bytes.empty()) {
            std::erase(state->waiting, call);
        }
    }
    const Fid reserved = std::exchange(call->reserved, no_fid);
    if (FidState* made = reserved != no_fid ? state_of(reserved) : nullptr) {
        if (made->file == nullptr) {
            bury(reserved);
        } else if (made->current == call) {
            made->current = nullptr;
            pump(reserved);
        }
    }
    const std::vector<Tag> flushes = std::exchange(call->flushes, {});
    for (const Tag tag : flushes) {
        if (const auto flush = calls_.find(tag); flush != calls_.end()) {
            const CallPtr waiting = flush->second;
            Message done = waiting->answer();
            answer(waiting, done);
        }
    }
    FidState* state = call->type != Type::tflush ? state_of(call->fid) : nullptr;
    if (state != nullptr && state->current == call) {
        state->current = nullptr;
        pump(call->fid);
    } else if (overlapped) {
        pump(call->fid);
    }
    call->forget();
}

void Session::put(const Message& message) {
    if (broken_) {
        return;
    }
    const std::size_t start = out_.size();
    append_message(out_, message, dialect_);
    if (start == 0 && ready_) {
        ready_();
    }
    if (out_.size() - start > msize_ && message.type != Type::rversion) {
        out_.resize(start);
        put_error(message.tag, error("EIO", "the answer is longer than this connection's msize"));
    }
    check_output();
}

// A client that asks and never reads.
void Session::check_output() {
    if (out_.size() > limits_.unread) {
        ++counters_.unread;
        broken_ = error("EAGAIN", "the client doesn't read its answers");
        out_ = {};
        if (ready_) {
            ready_();
        }
    }
}

void Session::put_error(Tag tag, const base::Error& why) {
    if (broken_) {
        return;
    }
    ++counters_.errors;
    Message message;
    message.tag = tag;
    std::string words;
    if (dialect_ == Dialect::linux) {
        message.type = Type::rlerror;
        message.ecode = number_of(why.code);
    } else {
        message.type = Type::rerror;
        words = words_of(why);
        const std::size_t most = msize_ - message_header - 2;
        words.resize(std::min(words.size(), most));
        std::replace(words.begin(), words.end(), '\0', ' ');
        message.ename = words;
    }
    if (out_.empty() && ready_) {
        ready_();
    }
    append_message(out_, message, dialect_);
    check_output();
}

}  // namespace jetway::ninep
