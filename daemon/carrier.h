// Carrier: one socket of a router, joined to its terminal. Bytes go up as they come; what the
// terminal has queued goes down in one gathered write at a time.
#pragma once

#include <memory>

#include "io/loop.h"
#include "io/stream.h"
#include "router/router.h"

namespace jetway::daemon {

class Carriers;

class Carrier final : public io::StreamHandler {
public:
    // `peer` is who is there, for the log: the machine that was dialled, or an address.
    Carrier(Carriers& owner, io::Loop& loop, router::TerminalId id, std::string peer,
            std::unique_ptr<io::Stream> stream);

    // Writes all that the terminal has queued, unless a write is unfinished.
    void write(terminal::OutputQueue& output);
    // Stops reading, or goes on.
    void pause(bool paused);
    // Ends the connection; what is queued and the GOODBYE still go out.
    void finish();

    router::TerminalId id() const { return id_; }

private:
    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) override;
    void on_writable() override;
    void on_closed(const base::Error& why) override;

    Carriers& owner_;
    io::Loop& loop_;
    router::TerminalId id_;
    std::string peer_;
    std::size_t unfinished_ = 0;  // bytes of the write that is under way
    std::unique_ptr<io::Stream> stream_;
};

}  // namespace jetway::daemon
