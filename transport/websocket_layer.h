// WebSocketLayer: the upgrade of a connection to a WebSocket (terminal/upgrade.h), as a Layer.
//
// Errors: those of UpgradeServer and UpgradeClient, and those of the stream below.
#pragma once

#include <memory>
#include <optional>

#include "terminal/upgrade.h"
#include "transport/layer.h"
#include "transport/target.h"

namespace jetway::transport {

class WebSocketLayer final : public Layer, private io::StreamHandler {
public:
    WebSocketLayer(Target target, Role role);

    void begin(io::Loop& loop, std::unique_ptr<io::Stream> below, Done done) override;

private:
    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) override;
    void on_writable() override {}
    void on_closed(const base::Error& why) override;
    void serve(base::ByteView bytes);
    void ask(base::ByteView bytes);
    void finish(base::ByteView early);
    void refuse(const base::Error& why);
    terminal::UpgradeServer::Policy policy() const;

    Target target_;
    Role role_;
    base::Random random_;
    io::Loop* loop_ = nullptr;
    std::unique_ptr<io::Stream> below_;
    Done done_;
    std::optional<terminal::UpgradeServer> server_;  // one of these
    std::optional<terminal::UpgradeClient> client_;
};

}  // namespace jetway::transport
