// The files of an envelope service: `request`, and the conversations that `clone` makes.
#pragma once

#include <deque>
#include <memory>

#include "ninep/conversations.h"
#include "ninep/local_files.h"

namespace jetway::ninep {

// Write the data, read the answer, on one open file.
//
//     idle --write--> gathering --read--> asked --answer--> answered --read to its end--> 0 bytes
//     once
//      ^                                                                                     |
//      +-------------------------------------------------------------------------------------+
//
// Offsets mean nothing: each read goes on where the last one ended. Closing sends what was written
// and not read, and forgets the answer. When nobody waits for an answer any more, the next read is
// given it; a write gives it up.
class RequestFile final : public LocalFile {
public:
    static constexpr std::size_t most_data = 8U << 20U;  // bytes of a question

    // `destination`: an address.
    RequestFile(LocalPlace place, std::string destination)
        : LocalFile(std::move(place), 0666), destination_(std::move(destination)) {}
    ~RequestFile() override;

    void read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) override;
    void write(std::uint64_t offset, base::Bytes data, Reply<std::uint32_t> reply) override;
    void clunk(Reply<Done> reply) override;

protected:
    base::Result<void> begin(const OpenMode& mode) override;

private:
    enum class State { idle, gathering, asked, answered };
    void ask();
    void answered(base::Result<base::Bytes> answer);
    base::Result<base::Bytes> take(std::uint32_t count);
    void on_services();
    void reset(State state);
    // False: the client's files keep too much already.
    bool keep(std::size_t bytes);

    std::string destination_;
    State state_ = State::idle;
    base::Bytes question_;
    base::Result<base::Bytes> answer_ = base::Bytes{};
    std::size_t given_ = 0;  // bytes of the answer
    std::size_t kept_ = 0;   // bytes of both, as the client's
    AskId asked_ = 0;
    ParkedReads parked_;
    std::uint64_t watcher_ = 0;
};

// Opened, it is the `ctl` of a new conversation.
class CloneFile final : public LocalFile {
public:
    CloneFile(LocalPlace place, std::string service)
        : LocalFile(std::move(place), 0666), service_(std::move(service)) {}

    Qid qid() const override;
    void read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) override;
    void write(std::uint64_t offset, base::Bytes data, Reply<std::uint32_t> reply) override;

protected:
    base::Result<void> begin(const OpenMode& mode) override;

private:
    std::string service_;
    std::shared_ptr<Conversation> conversation_;
};

// `ctl` of a conversation: reading gives its number, writing commands.
class ConversationControl final : public LocalFile {
public:
    ConversationControl(LocalPlace place, std::shared_ptr<Conversation> conversation)
        : LocalFile(std::move(place), 0666), conversation_(std::move(conversation)) {}

    void read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) override;
    void write(std::uint64_t offset, base::Bytes data, Reply<std::uint32_t> reply) override;

private:
    std::shared_ptr<Conversation> conversation_;
};

// `data` of a conversation: each write is an envelope, each read the next answer.
class ConversationData final : public LocalFile {
public:
    ConversationData(LocalPlace place, std::shared_ptr<Conversation> conversation);
    ~ConversationData() override;

    void read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) override;
    void write(std::uint64_t offset, base::Bytes data, Reply<std::uint32_t> reply) override;

private:
    void serve();

    std::shared_ptr<Conversation> conversation_;
    std::uint64_t watcher_ = 0;
    std::uint64_t services_watcher_ = 0;
    ParkedReads parked_;
};

}  // namespace jetway::ninep
