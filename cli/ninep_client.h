// NinepClient: a tool's connection to a 9P server, a router's or any other, with calls that wait
// for their answers: what `jetway 9p` is made of. The protocol is ninep/instance.h's.
//
// A call ends by its answer, by the connection's end, or by SIGINT or SIGTERM: then with EINTR,
// when the server has been told.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "client/runtime.h"
#include "io/dialler.h"
#include "io/signals.h"
#include "io/timer.h"
#include "ninep/instance.h"

namespace jetway::cli {

struct NinepOptions {
    std::string at;       // a NinepAddress, or a socket's path; empty: the router's own
    std::string aname;    // of the attach
    std::string user;     // empty: whoever runs this
    std::string dialect;  // the first one to offer: 9P2000.L or 9P2000
    base::Duration timeout = std::chrono::seconds(5);  // of connecting, and of requests
    bool may_park = false;                             // requests have no timeout
};

// Where the router that the verbs would ask serves /svc. Error `no-router`: there are several, or it
// is named by an address that isn't a Unix socket's.
base::Result<std::string> find_svc();

class NinepClient final : private io::StreamHandler {
public:
    explicit NinepClient(const NinepOptions& options);
    ~NinepClient() override;

    // Connected, spoken to, attached, and at the path that the address has.
    base::Result<ninep::Instance::Root> connect();

    template <typename Value, typename Start>
    base::Result<Value> call(Start start) {
        auto answer = std::make_shared<std::optional<base::Result<Value>>>();
        const ninep::Instance::Asked asked = start(typename ninep::Instance::Then<Value>(
            [answer](base::Result<Value> value) { *answer = std::move(value); }));
        wait([&] { return answer->has_value(); }, asked);
        return std::move(**answer);
    }

    // `/svc` before a path may be missing or there, as the server has it.
    base::Result<ninep::Instance::Found> walk(ninep::Fid from, const std::string& path);
    base::Result<ninep::Opened> open(ninep::Fid fid, const ninep::OpenMode& mode);
    // 0 bytes at the end.
    base::Result<base::Bytes> read(ninep::Fid fid, std::uint64_t offset);
    // All of it, or an error.
    base::Result<void> write(ninep::Fid fid, std::uint64_t offset, const std::string& data);
    base::Result<ninep::About> about(ninep::Fid fid);
    void clunk(ninep::Fid fid);

    // Until then, or a signal: false.
    bool pause(base::Duration how_long);
    bool interrupted() const { return interrupted_; }
    ninep::Instance& instance() { return *instance_; }
    const std::string& address() const { return address_; }

private:
    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) override;
    void on_writable() override { send(); }
    void on_closed(const base::Error& why) override;
    void send();
    void wait(const std::function<bool()>& done, const ninep::Instance::Asked& asked);
    base::Result<void> dial(const io::Endpoint& to);
    base::Result<ninep::Instance::Root> attach(const std::string& aname);
    base::Result<ninep::Instance::Root> attach_below(const std::string& path);

    NinepOptions options_;
    client::Runtime runtime_;
    bool interrupted_ = false;
    io::Signals signals_;
    std::string address_;
    std::unique_ptr<ninep::Instance> instance_;
    std::unique_ptr<io::Stream> stream_;
};

}  // namespace jetway::cli
