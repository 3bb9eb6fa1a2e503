// NinepTunnels: byte streams through the mesh to 9P servers that can't be dialled from where they
// are used: both ends of them. `9p-dial` (docs/protocol.md) asks the router at which a server is
// registered; the streams' messages (ninep/tunnel.h) go between the in-process terminals of the
// two.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/in_process.h"
#include "io/dialler.h"
#include "io/stream.h"
#include "io/timer.h"
#include "ninep/tunnel.h"

namespace jetway::daemon {

class NinepTunnels {
public:
    static constexpr std::size_t most = 1'024;  // streams at each end
    static constexpr base::Duration open_timeout = std::chrono::seconds(3);
    static constexpr base::Duration dial_timeout = std::chrono::seconds(2);

    // Who asked for a stream. Called in the router's loop, never within a call to here.
    class User {
    public:
        virtual ~User() = default;
        virtual void on_tunnel_opened() = 0;
        virtual void on_tunnel_bytes(base::ByteView bytes) = 0;
        virtual void on_tunnel_room() = 0;  // more can be sent
        // The stream is gone; before it was opened as well.
        virtual void on_tunnel_closed(const base::Error& why) = 0;
    };

    explicit NinepTunnels(Carriers& carriers);
    ~NinepTunnels();
    NinepTunnels(const NinepTunnels&) = delete;
    NinepTunnels& operator=(const NinepTunnels&) = delete;

    // Asks the router of `machine` for a stream to `address`. `user` is borrowed until it closes,
    // or close(). 0: there are too many.
    std::uint64_t open(const std::string& machine, const std::string& address, User& user);
    void send(std::uint64_t stream, base::ByteView bytes);
    bool has_room(std::uint64_t stream) const;
    void close(std::uint64_t stream);

    // What was received and what is to be sent. At the end of every turn.
    void turn();

private:
    struct Asked {
        User* user = nullptr;
        std::string peer;  // empty: not answered yet
        base::Instant due = base::never;
        std::unique_ptr<ninep::Tunnel> tunnel;
    };
    class Served;
    using ServedKey = std::pair<std::string, std::uint64_t>;

    InProcess& terminal();
    void serve(const router::Router::NinepDial& dial);
    void on_envelope(const envelope::EnvelopeView& view);
    void on_answer(std::uint64_t stream, const envelope::EnvelopeView& view);
    void on_refusal(const envelope::ErrorFields& refusal);
    void end_asked(std::uint64_t stream, const base::Error& why);
    void post(const std::string& peer, const std::vector<base::Bytes>& messages);
    void answer(const std::string& asker, base::ByteView id, const base::Error* why);
    void on_deadline();

    Carriers& carriers_;
    std::unique_ptr<InProcess> terminal_;
    std::uint64_t last_stream_ = 0;
    std::map<std::uint64_t, Asked> asked_;
    std::map<ServedKey, std::unique_ptr<Served>> served_;
    std::vector<std::unique_ptr<Served>> ended_;
    struct Closed {
        std::uint64_t stream = 0;
        User* user = nullptr;
        base::Error why;
    };
    std::vector<Closed> closed_;  // to be told
    io::Timer timer_;
    bool in_turn_ = false;
};

}  // namespace jetway::daemon
