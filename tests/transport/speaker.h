// What the conformance suite is made of: a router with a listener on one carrier, and Speakers,
// who send it what they like over that carrier.
#pragma once

#include "../io/certificates.h"
#include "client/endpoint.h"
#include "daemon/server.h"
#include "envelope/packer.h"
#include "transport/dialler.h"

namespace jetway::transport {

using io::wait_for;

// A carrier under test: an address to listen at, whose port 0 the system chooses.
struct Carrier {
    const char* name;
    config::Address::Scheme scheme;
};

constexpr Carrier carriers[] = {{"unix", config::Address::Scheme::unix_socket},
                                {"tcp", config::Address::Scheme::tcp},
                                {"tls", config::Address::Scheme::tls},
                                {"ws", config::Address::Scheme::ws},
                                {"wss", config::Address::Scheme::wss}};

// A router named machine-a with a terminal for services and, but for Unix sockets, a listener for
// neighbours, both on the carrier.
class House {
public:
    using Change = std::function<void(config::MachineConfig&)>;

    explicit House(const Carrier& carrier, const Change& change = {})
        : mine_(authority_.of("machine-b")) {
        config::MachineConfig machine;
        machine.name = "machine-a";
        machine.router.machine = machine.name;
        const io::TlsFiles files =
            authority_.files(machine.name, {machine.name}, authority_.now - 60, authority_.later());
        machine.security.ca = files.ca;
        machine.security.certificate = files.certificate;
        machine.security.key = files.key;
        config::Address at;
        at.scheme = carrier.scheme;
        if (at.is_unix_socket()) {
            at.path = authority_.folder.file("services.sock");
        } else {
            at.host = "127.0.0.1";
            at.path = "/";
            machine.listen.push_back(at);
            at.host = "127.0.0.2";  // with a port of 0 they would be one place
        }
        machine.locals.push_back({"services", at, {}, {}});
        if (change) {
            change(machine);
        }
        daemon::Server::Options options;
        options.machine = std::move(machine);
        options.on_report = [this](const base::Report& report) { note(report); };
        auto started = daemon::Server::start(loop, std::move(options));
        REQUIRE(started);
        server = std::move(*started);
    }

    Target services() const { return places_.at("services"); }
    Target neighbours() const { return places_.at("neighbours"); }
    // As machine-b.
    Terms terms() const { return {.tls = mine_, .machine = "machine-a"}; }

    bool reported(const std::string& event) const {
        return std::any_of(reports.begin(), reports.end(),
                           [&](const base::Report& report) { return report.event == event; });
    }
    // Bytes queued for the terminal that has most.
    std::size_t longest_queue() const {
        std::size_t most = 0;
        server->router().connections().for_each([&](const router::Connection& connection) {
            most = std::max(most, connection.terminal.output().size());
        });
        return most;
    }

    io::Loop loop;
    std::vector<base::Report> reports;
    std::unique_ptr<daemon::Server> server;

private:
    void note(const base::Report& report) {
        reports.push_back(report);
        if (report.event == "listening") {
            const auto place = client::parse_endpoint(report.fields[1].second);
            REQUIRE(place);
            places_.insert_or_assign(report.fields[0].second, *place);
        }
    }

    io::Authority authority_;
    std::shared_ptr<const io::TlsContext> mine_;
    std::map<std::string, Target> places_;
};

base::Bytes frame_of(envelope::Kind kind, base::ByteView body);
base::Bytes hello_of(const std::vector<std::string>& services);
base::Bytes router_hello();  // of machine-b

// An envelope whose data is a msgpack bin of these bytes.
base::Bytes envelope_to(std::string_view destination, base::ByteView data, std::uint64_t id);

// One end of a connection to a House: what it sends is what it is told to.
class Speaker final : public io::StreamHandler {
public:
    struct Received {
        envelope::Kind kind{};
        base::Bytes body;
    };

    // Dials, and waits until the frame stream can begin.
    Speaker(House& house, const Target& to);
    // And says HELLO with these services, and waits for the router's.
    Speaker(House& house, const Target& to, const std::vector<std::string>& services);

    // Whole frames; what the stream does not take at once waits.
    void send(base::ByteView frames);
    bool sent() const { return waiting_.empty() && !stream->busy(); }

    // Waits for the next one of this kind that was not taken yet.
    Received next(envelope::Kind kind);
    std::size_t count(envelope::Kind kind) const;
    bool closed() const { return !why_closed.empty(); }

    std::vector<Received> received;
    std::string why_closed;  // the error's code
    bool answers_pings = true;
    std::unique_ptr<io::Stream> stream;

private:
    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) override;
    void on_writable() override { flush(); }
    void on_closed(const base::Error& why) override { why_closed = why.code; }
    void flush();

    House& house_;
    envelope::FrameReader reader_{std::uint32_t{64} << 20U};
    base::Bytes waiting_;
    std::size_t taken_ = 0;
};

}  // namespace jetway::transport
