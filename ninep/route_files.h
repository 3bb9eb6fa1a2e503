// The files below /svc/route that are more than texts: commands, events, explain.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ninep/local_files.h"

namespace jetway::ninep {

// Commands, a line each: a write is done whole or not at all, before its answer. Reading gives
// those that rebuild the present state, and the last error of this connection.
class CommandFile final : public TextFile {
public:
    using Read = std::function<base::Result<std::vector<router::ControlRequest>>(std::string_view)>;
    CommandFile(LocalPlace place, Make make, Read read)
        : TextFile(std::move(place), std::move(make), 0666), read_(std::move(read)) {}

    void write(std::uint64_t offset, base::Bytes data, Reply<std::uint32_t> reply) override;

protected:
    base::Result<void> begin(const OpenMode& mode) override;

private:
    base::Result<void> command(std::string_view lines);

    Read read_;
};

// Parks until something happens, and gives whole lines, or of one what has room. With an end: then
// 0 bytes once, for those who read until there is no more.
class EventFile final : public LocalFile {
public:
    EventFile(LocalPlace place, bool with_end)
        : LocalFile(std::move(place), 0444), with_end_(with_end) {}
    ~EventFile() override;

    void read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) override;

protected:
    base::Result<void> begin(const OpenMode& mode) override;

private:
    void serve();

    bool with_end_;
    bool at_end_ = false;
    std::string rest_;         // of lines that had no room in the last read
    std::uint64_t after_ = 0;  // the last event that was taken, by its number
    std::uint64_t watcher_ = 0;
    ParkedReads parked_;
};

// Write a destination, read the decision, on one open file.
class ExplainFile final : public LocalFile {
public:
    explicit ExplainFile(LocalPlace place) : LocalFile(std::move(place), 0666) {}

    void read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) override;
    void write(std::uint64_t offset, base::Bytes data, Reply<std::uint32_t> reply) override;

private:
    std::string decision_;
    std::size_t given_ = 0;
};

}  // namespace jetway::ninep
