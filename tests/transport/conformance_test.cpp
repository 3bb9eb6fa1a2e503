// The conformance suite of carriers: whatever carries the frame stream, a router and its peers see
// the same of it. Each case runs over each carrier; those that need no stream, in process as well.
#include "daemon/in_process.h"
#include "envelope/envelope.h"
#include "envelope/hello.h"
#include "io/timer.h"
#include "speaker.h"

namespace jetway::transport {
namespace {

using envelope::Kind;
using AddressScheme = config::Address::Scheme;

base::Bytes pattern(std::size_t size) {
    base::Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::uint8_t>((i * 31) ^ (i >> 8U));
    }
    return bytes;
}

base::Bytes data_of(base::ByteView body) {
    envelope::EnvelopeView view;
    REQUIRE(envelope::read_envelope(body, view) == nullptr);
    return {view.data.begin(), view.data.end()};
}

std::string error_of(base::ByteView body) {
    envelope::EnvelopeView view;
    REQUIRE(envelope::read_envelope(body, view) == nullptr);
    return envelope::read_error(view.error).code;
}

base::Bytes packed(base::ByteView data) {
    base::Bytes raw;
    envelope::Packer(raw).binary(data);
    return raw;
}

envelope::Goodbye goodbye_of(Speaker& speaker) {
    return envelope::read_goodbye(speaker.next(Kind::goodbye).body);
}

// Answers what came with its own data.
base::Bytes answer_to(base::ByteView body) {
    envelope::EnvelopeView view;
    REQUIRE(envelope::read_envelope(body, view) == nullptr);
    envelope::EnvelopeFields fields;
    fields.destination = view.answer_to();
    fields.in_reply_to = view.id;
    fields.data = view.data;
    base::Bytes answer;
    envelope::append_envelope(answer, fields);
    return frame_of(Kind::envelope, answer);
}

// A way between two connections that brings what the client sends in pieces of this size, each in
// a turn of its own: the stream is cut everywhere, its handshakes too.
class Chopper final : private io::StreamHandler {
public:
    Chopper(io::Loop& loop, io::Endpoint to, const std::string& path, std::size_t piece)
        : loop_(loop), to_(std::move(to)), piece_(piece), next_(loop, [this] { step(); }) {
        const io::Endpoint at = to_.kind == io::Endpoint::Kind::tcp
                                    ? io::Endpoint::tcp("127.0.0.1", 0)
                                    : io::Endpoint::unix_socket(path);
        auto opened = io::Listener::open(loop, at, [this](std::unique_ptr<io::Stream> stream) {
            client_ = std::move(stream);
            client_->set_handler(this);
            dialler_ = std::make_unique<io::Dialler>(
                loop_, to_, std::chrono::seconds(5),
                [this](base::Result<std::unique_ptr<io::Stream>> got) {
                    REQUIRE(got);
                    router_ = std::move(*got);
                    router_->set_handler(&back_);
                    router_->start_reading();
                    client_->start_reading();
                });
        });
        REQUIRE(opened);
        listener_ = std::move(*opened);
        back_.when_read = [this](base::ByteView bytes, const std::shared_ptr<base::Bytes>&) {
            client_->write(io::chunks_of(base::as_text(bytes)));
        };
    }

    const io::Endpoint& at() const { return listener_->bound(); }
    std::size_t pieces() const { return pieces_; }

private:
    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>&) override {
        base::append(waiting_, bytes);
        next_.set(loop_.now());
    }
    void on_writable() override {}
    void on_closed(const base::Error&) override {}

    void step() {
        const std::size_t size = std::min(piece_, waiting_.size());
        if (size > 0) {
            router_->write(io::chunks_of(base::as_text(base::ByteView(waiting_).first(size))));
            waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(size));
            ++pieces_;
            next_.set(loop_.now());
        }
    }

    io::Loop& loop_;
    io::Endpoint to_;
    std::size_t piece_;
    std::size_t pieces_ = 0;
    base::Bytes waiting_;
    io::Recorder back_;
    io::Timer next_;
    std::unique_ptr<io::Listener> listener_;
    std::unique_ptr<io::Stream> client_;
    std::unique_ptr<io::Stream> router_;
    std::unique_ptr<io::Dialler> dialler_;
};

// A connection to where services come, below all that its carrier puts on it.
struct BareSocket {
    explicit BareSocket(House& house)
        : dialler(house.loop, house.services().endpoint, std::chrono::seconds(5),
                  [this](base::Result<std::unique_ptr<io::Stream>> got) {
                      REQUIRE(got);
                      stream = std::move(*got);
                  }) {
        REQUIRE(wait_for(house.loop, [this] { return stream != nullptr; }));
        stream->set_handler(&recorder);
        stream->start_reading();
    }

    io::Recorder recorder;
    std::unique_ptr<io::Stream> stream;
    io::Dialler dialler;
};

}  // namespace

TEST_SUITE_BEGIN("transport.conformance");

TEST_CASE("a service attaches, is asked and answers") {
    for (const Carrier& carrier : carriers) {
        CAPTURE(carrier.name);
        House house(carrier);
        Speaker adder(house, house.services(), {"adder"});
        Speaker asker(house, house.services(), {});
        CHECK(asker.stream->encrypted() ==
              (carrier.scheme == AddressScheme::tls || carrier.scheme == AddressScheme::wss));
        asker.send(envelope_to("adder", pattern(10), 1));
        adder.send(answer_to(adder.next(Kind::envelope).body));
        CHECK(data_of(asker.next(Kind::envelope).body) == packed(pattern(10)));
    }
    House house(carriers[0]);
    std::vector<base::Bytes> answers;
    const auto asker = house.server->attach({}, [&](const envelope::EnvelopeView& answer) {
        answers.emplace_back(answer.data.begin(), answer.data.end());
    });
    Speaker adder(house, house.services(), {"adder"});
    const base::Bytes number = {1};
    const base::Bytes data = packed(pattern(10));
    envelope::EnvelopeFields fields;
    fields.destination = "adder";
    fields.id = number;
    fields.data = data;
    REQUIRE(asker->send(fields));
    adder.send(answer_to(adder.next(Kind::envelope).body));
    CHECK(wait_for(house.loop, [&] { return answers.size() == 1 && answers[0] == data; }));
}

TEST_CASE("frames of every size come as they were sent") {
    for (const Carrier& carrier : carriers) {
        CAPTURE(carrier.name);
        House house(carrier, [](config::MachineConfig& machine) {
            machine.router.terminal.queue = std::size_t{64} << 20U;
        });
        Speaker ear(house, house.services(), {"ear"});
        Speaker mouth(house, house.services(), {});
        std::uint64_t id = 0;
        for (const std::size_t size : {0U, 1U, 100U, 125U, 126U, 8'191U, 8'192U, 16'384U, 65'535U,
                                       65'536U, 65'537U, 1'000'000U, 15'000'000U}) {
            CAPTURE(size);
            mouth.send(envelope_to("ear", pattern(size), ++id));
            CHECK(data_of(ear.next(Kind::envelope).body) == packed(pattern(size)));
        }
    }
}

TEST_CASE("many small frames come whole and in order") {
    constexpr std::uint64_t many = 20'000;
    for (const Carrier& carrier : carriers) {
        CAPTURE(carrier.name);
        House house(carrier);
        Speaker ear(house, house.services(), {"ear"});
        Speaker mouth(house, house.services(), {});
        std::uint64_t id = 0;
        while (id < many) {
            base::Bytes burst;
            for (int i = 0; i < 1'000; ++i) {
                base::append(burst, envelope_to("ear", pattern(id % 50), id));
                ++id;
            }
            mouth.send(burst);
            REQUIRE(wait_for(house.loop, [&] { return ear.count(Kind::envelope) == id; }));
        }
        std::uint64_t expected = 0;
        for (const Speaker::Received& one : ear.received) {
            if (one.kind == Kind::envelope) {
                envelope::EnvelopeView view;
                REQUIRE(envelope::read_envelope(one.body, view) == nullptr);
                base::Bytes number;
                envelope::Packer(number).number(expected++);
                REQUIRE(std::equal(view.id.begin(), view.id.end(), number.begin(), number.end()));
            }
        }
        CHECK(mouth.count(Kind::envelope) == 0);  // no refusals
    }
}

TEST_CASE("a stream that is cut anywhere, its handshakes too, is the same stream") {
    for (const Carrier& carrier : carriers) {
        CAPTURE(carrier.name);
        for (const std::size_t piece : {1U, 5U, 300U}) {
            CAPTURE(piece);
            House house(carrier);
            const io::TemporaryFolder folder;
            Target to = house.services();
            const Chopper chopper(house.loop, to.endpoint, folder.file("chopper.sock"), piece);
            to.endpoint = chopper.at();
            Speaker speaker(house, to, {"me"});
            for (std::uint64_t id = 0; id < 3; ++id) {
                speaker.send(envelope_to("me", pattern(200), id));
            }
            speaker.send(frame_of(Kind::ping, pattern(1)));
            for (int i = 0; i < 3; ++i) {
                CHECK(data_of(speaker.next(Kind::envelope).body) == packed(pattern(200)));
            }
            CHECK(chopper.pieces() >= 600 / piece);
        }
    }
}

TEST_CASE("what a peer sent before it ended well is delivered") {
    for (const Carrier& carrier : carriers) {
        CAPTURE(carrier.name);
        House house(carrier);
        Speaker ear(house, house.services(), {"ear"});
        {
            Speaker mouth(house, house.services(), {});
            base::Bytes all;
            for (std::uint64_t id = 0; id < 30; ++id) {
                base::append(all, envelope_to("ear", pattern(100'000), id));
            }
            mouth.send(all);
            base::Bytes body;
            envelope::append_goodbye(body, {"shutdown", "done"});
            mouth.stream->end_with(frame_of(Kind::goodbye, body), std::chrono::seconds(5));
        }
        CHECK(wait_for(house.loop, [&] { return ear.count(Kind::envelope) == 30; }));
    }
}

TEST_CASE("a peer that vanishes takes its services with it") {
    for (const Carrier& carrier : carriers) {
        CAPTURE(carrier.name);
        House house(carrier);
        Speaker asker(house, house.services(), {});
        auto brittle =
            std::make_unique<Speaker>(house, house.services(), std::vector<std::string>{"brittle"});
        CHECK(house.server->router().connections().size() == 2);
        brittle->stream->close();
        CHECK(
            wait_for(house.loop, [&] { return house.server->router().connections().size() == 1; }));
        asker.send(envelope_to("brittle", pattern(1), 1));
        const std::string code = error_of(asker.next(Kind::envelope).body);
        CHECK((code == "no-route" || code == "no-instance"));
    }
}

TEST_CASE("a reader that is slow costs a bounded queue, and then gets what was kept, in order") {
    constexpr std::size_t queue = std::size_t{1} << 20U;
    constexpr std::size_t size = 50'000;
    for (const Carrier& carrier : carriers) {
        CAPTURE(carrier.name);
        House house(carrier,
                    [](config::MachineConfig& machine) { machine.router.terminal.queue = queue; });
        Speaker ear(house, house.services(), {"ear"});
        Speaker mouth(house, house.services(), {});
        ear.stream->stop_reading();
        std::size_t most = 0;
        for (std::uint64_t id = 0; id < 1'000; ++id) {
            mouth.send(envelope_to("ear", pattern(size), id));
            house.loop.run_once(base::Duration::zero());
            most = std::max(most, house.longest_queue());
        }
        CHECK(most > 0);
        CHECK(most <= queue);
        ear.stream->start_reading();
        // Whoever was refused is told; the rest arrives.
        CHECK(wait_for(house.loop, [&] {
            return ear.count(Kind::envelope) + mouth.count(Kind::envelope) == 1'000;
        }));
        CHECK(ear.count(Kind::envelope) > queue / size / 2);
    }
}

TEST_CASE("GOODBYE reaches the peer before the end") {
    for (const Carrier& carrier : carriers) {
        CAPTURE(carrier.name);
        House house(carrier);
        Speaker peer(house, house.services(), {"peer"});
        bool ended = false;
        house.server->shut_down([&] { ended = true; });
        CHECK(goodbye_of(peer).code == "shutdown");
        CHECK(wait_for(house.loop, [&] { return peer.closed() && ended; }));
        CHECK(peer.why_closed == "EOF");
    }
}

TEST_CASE("what is no HELLO ends the connection with GOODBYE, and nobody else's") {
    for (const Carrier& carrier : carriers) {
        CAPTURE(carrier.name);
        House house(carrier);
        Speaker other(house, house.services(), {"other"});
        Speaker rude(house, house.services());
        rude.send(envelope_to("other", pattern(1), 1));
        CHECK(goodbye_of(rude).code == "bad-frame");
        CHECK(wait_for(house.loop, [&] { return rude.closed(); }));
        CHECK(rude.why_closed == "EOF");
        other.send(envelope_to("other", pattern(1), 1));
        static_cast<void>(other.next(Kind::envelope));
    }
}

TEST_CASE("noise on the socket ends that connection, and nobody else's") {
    for (const Carrier& carrier : carriers) {
        CAPTURE(carrier.name);
        House house(carrier);
        Speaker other(house, house.services(), {"other"});
        for (const std::size_t size : {1U, 4U, 5U, 100U, 70'000U}) {
            BareSocket plain(house);
            std::string noise(size, '\0');
            for (std::size_t i = 0; i < size; ++i) {
                noise[i] = static_cast<char>((i * 7919 + 13 * i * i + 0x9d) >> 3U);
            }
            plain.stream->write(io::chunks_of(noise));
            plain.stream->shutdown_then_close();
            other.send(envelope_to("other", pattern(1), 1));
            static_cast<void>(other.next(Kind::envelope));
        }
        CHECK(
            wait_for(house.loop, [&] { return house.server->router().connections().size() == 1; }));
    }
}

TEST_CASE("whoever says nothing is let go in time") {
    for (const Carrier& carrier : carriers) {
        CAPTURE(carrier.name);
        House house(carrier, [](config::MachineConfig& machine) {
            machine.router.terminal.hello_timeout = std::chrono::milliseconds(50);
            machine.handshakes.timeout = std::chrono::milliseconds(50);
        });
        Speaker silent(house, house.services());
        CHECK(goodbye_of(silent).code == "hello-timeout");
        CHECK(wait_for(house.loop, [&] { return silent.closed(); }));
        // And on the bare socket: before the handshakes that the carrier has.
        const BareSocket plain(house);
        CHECK(wait_for(house.loop, [&] { return plain.recorder.closed == 1; }));
    }
}

TEST_CASE("an idle link lives while both ends answer, and ends when one does not") {
    for (const Carrier& carrier : carriers) {
        if (carrier.scheme == AddressScheme::unix_socket) {
            continue;  // no neighbours there
        }
        CAPTURE(carrier.name);
        House house(carrier, [](config::MachineConfig& machine) {
            machine.router.terminal.hello = std::chrono::milliseconds(20);
            machine.router.terminal.dead_after = std::chrono::milliseconds(400);
        });
        Speaker neighbour(house, house.neighbours());
        neighbour.send(router_hello());
        static_cast<void>(neighbour.next(Kind::hello));
        const base::Instant begun = house.loop.now();
        CHECK(wait_for(house.loop,
                       [&] { return house.loop.now() > begun + std::chrono::milliseconds(800); }));
        CHECK(house.reported("link up"));
        CHECK_FALSE(neighbour.closed());
        CHECK(neighbour.count(Kind::ping) >= 5);
        neighbour.answers_pings = false;
        CHECK(goodbye_of(neighbour).code == "silent");
        CHECK(wait_for(house.loop, [&] { return neighbour.closed(); }));
        CHECK(house.reported("link down"));
    }
}

TEST_SUITE_END();
}  // namespace jetway::transport
