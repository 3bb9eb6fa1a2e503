#include "ninep/service_files.h"

#include <algorithm>

namespace jetway::ninep {

namespace {

void give(const Conversation& conversation, std::uint64_t offset, std::uint32_t count,
          const Reply<base::Bytes>& reply) {
    reply(part_of(std::to_string(conversation.number()) + '\n', offset, count));
}

void command(Conversation& conversation, const base::Bytes& data,
             const Reply<std::uint32_t>& reply) {
    if (const base::Result<void> done = conversation.command(base::as_text(data)); !done) {
        reply(done.error());
    } else {
        reply(static_cast<std::uint32_t>(data.size()));
    }
}

}  // namespace

RequestFile::~RequestFile() {
    reset(State::idle);
    tree().unwatch_services(watcher_);
}

base::Result<void> RequestFile::begin(const OpenMode& /*mode*/) {
    watcher_ = tree().watch_services([this] { on_services(); });
    return {};
}

void RequestFile::on_services() {
    if (state_ != State::answered && removed()) {
        reset(State::idle);
        parked_.end(error("EIDRM"));
    }
}

// Nothing of the last question is left.
void RequestFile::reset(State state) {
    if (state_ == State::asked) {
        tree().asks().forget(asked_);
    }
    state_ = state;
    question_ = {};
    answer_ = base::Bytes{};
    given_ = 0;
    client().kept -= std::exchange(kept_, 0);
}

bool RequestFile::keep(std::size_t bytes) {
    if (client().kept + bytes > Client::most_kept) {
        return false;
    }
    client().kept += bytes;
    kept_ += bytes;
    return true;
}

void RequestFile::write(std::uint64_t /*offset*/, base::Bytes data, Reply<std::uint32_t> reply) {
    if (removed()) {
        reply(error("EIDRM"));
        return;
    }
    if (state_ == State::asked && parked_.wanted() > 0) {
        reply(error("EBUSY"));  // a second question would take the first one's answer
        return;
    }
    if (state_ != State::gathering) {
        reset(State::gathering);
    }
    if (question_.size() + data.size() > most_data) {
        reply(error("EINVAL", "a request is at most " + std::to_string(most_data) + " bytes"));
        return;
    }
    if (!keep(data.size())) {
        reply(error("EAGAIN", "too much that was written or answered waits on this connection"));
        return;
    }
    base::append(question_, data);
    reply(static_cast<std::uint32_t>(data.size()));
}

void RequestFile::read(std::uint64_t /*offset*/, std::uint32_t count, Reply<base::Bytes> reply) {
    switch (state_) {
        case State::idle:
            reply(removed() ? base::Result<base::Bytes>(error("EIDRM")) : base::Bytes{});
            break;
        case State::gathering:
            parked_.add(count, reply);
            ask();
            reply.park();
            break;
        case State::asked:
            parked_.add(count, reply);
            reply.park();
            break;
        case State::answered:
            reply(take(count));
    }
}

void RequestFile::ask() {
    Question question;
    question.destination = destination_;
    question.data = std::move(question_);
    reset(State::asked);
    const base::Result<AskId> id = tree().asks().ask(
        question, tree().now(),
        [this](base::Result<base::Bytes> answer) { answered(std::move(answer)); });
    if (id) {
        asked_ = *id;
    } else {
        answered(id.error());
    }
}

void RequestFile::answered(base::Result<base::Bytes> answer) {
    state_ = State::answered;
    answer_ = std::move(answer);
    if (answer_ && !keep(answer_->size())) {
        answer_ = error("EAGAIN", "too much that was answered waits on this connection");
    }
    while (const std::optional<ParkedReads::Read> read = parked_.take()) {
        read->reply(state_ == State::answered ? take(read->count) : base::Bytes{});
    }
}

// The next bytes of the answer; none once, at its end. Or why there is no answer, once.
base::Result<base::Bytes> RequestFile::take(std::uint32_t count) {
    if (!answer_) {
        const base::Error why = answer_.error();
        reset(State::idle);
        return why;
    }
    base::Bytes part = part_of(base::as_text(*answer_), given_, count);
    given_ += part.size();
    if (part.empty()) {
        reset(State::idle);
    }
    return part;
}

void RequestFile::clunk(Reply<Done> reply) {
    if (state_ == State::gathering && !removed()) {
        Question question;
        question.destination = destination_;
        question.data = std::move(question_);
        if (const base::Result<void> sent = tree().asks().tell(question); !sent) {
            reply(sent.error());
            return;
        }
    }
    reply(Done{});
}

Qid CloneFile::qid() const {
    if (conversation_ == nullptr) {
        return LocalFile::qid();
    }
    return place().tree.qid_of({service_, std::to_string(conversation_->number()), "ctl"}, false);
}

base::Result<void> CloneFile::begin(const OpenMode& /*mode*/) {
    conversation_ = tree().conversations().make(service_);
    if (conversation_ == nullptr) {
        return error("EAGAIN", "too many conversations are open at this router");
    }
    return {};
}

void CloneFile::read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) {
    give(*conversation_, offset, count, reply);
}

void CloneFile::write(std::uint64_t /*offset*/, base::Bytes data, Reply<std::uint32_t> reply) {
    command(*conversation_, data, reply);
}

void ConversationControl::read(std::uint64_t offset, std::uint32_t count,
                               Reply<base::Bytes> reply) {
    give(*conversation_, offset, count, reply);
}

void ConversationControl::write(std::uint64_t /*offset*/, base::Bytes data,
                                Reply<std::uint32_t> reply) {
    command(*conversation_, data, reply);
}

ConversationData::ConversationData(LocalPlace place, std::shared_ptr<Conversation> conversation)
    : LocalFile(std::move(place), 0666), conversation_(std::move(conversation)) {
    watcher_ = conversation_->watch([this] { serve(); });
    services_watcher_ = tree().watch_services([this] {
        if (removed()) {
            parked_.end(error("EIDRM"));
        }
    });
}

ConversationData::~ConversationData() {
    conversation_->unwatch(watcher_);
    tree().unwatch_services(services_watcher_);
}

void ConversationData::write(std::uint64_t /*offset*/, base::Bytes data,
                             Reply<std::uint32_t> reply) {
    if (removed()) {
        reply(error("EIDRM"));
        return;
    }
    const auto count = static_cast<std::uint32_t>(data.size());
    if (const base::Result<void> asked = conversation_->ask(std::move(data), tree().now());
        !asked) {
        reply(asked.error());
    } else {
        reply(count);
    }
}

void ConversationData::read(std::uint64_t /*offset*/, std::uint32_t count,
                            Reply<base::Bytes> reply) {
    if (removed() && conversation_->idle()) {
        reply(error("EIDRM"));
        return;
    }
    parked_.add(count, reply);
    serve();
    reply.park();
}

void ConversationData::serve() {
    while (const std::uint32_t count = parked_.wanted()) {
        std::optional<Conversation::Answer> answer = conversation_->take(count);
        if (!answer) {
            return;
        }
        parked_.take()->reply(std::move(answer->data));
    }
}

}  // namespace jetway::ninep
