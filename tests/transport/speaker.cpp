#include "speaker.h"

#include "envelope/envelope.h"
#include "envelope/hello.h"

namespace jetway::transport {

base::Bytes frame_of(envelope::Kind kind, base::ByteView body) {
    base::Bytes frame;
    envelope::append_frame(frame, {.kind = kind, .flags = 0, .hops = 0, .pin = {}}, body);
    return frame;
}

base::Bytes hello_of(const std::vector<std::string>& services) {
    envelope::Hello hello;
    hello.protocol = {envelope::protocol_version};
    for (const std::string& name : services) {
        envelope::ServiceEntry entry;
        entry.name = name;
        hello.services.push_back(std::move(entry));
    }
    base::Bytes body;
    envelope::append_hello(body, hello);
    return frame_of(envelope::Kind::hello, body);
}

base::Bytes router_hello() {
    envelope::Hello hello;
    hello.protocol = {envelope::protocol_version};
    hello.role = envelope::Role::router;
    hello.machine_id = "machine-b";
    hello.incarnation = 1;
    base::Bytes body;
    envelope::append_hello(body, hello);
    return frame_of(envelope::Kind::hello, body);
}

base::Bytes envelope_to(std::string_view destination, base::ByteView data, std::uint64_t id) {
    base::Bytes raw;
    envelope::Packer(raw).binary(data);
    base::Bytes number;
    envelope::Packer(number).number(id);
    envelope::EnvelopeFields fields;
    fields.destination = destination;
    fields.id = number;
    fields.data = raw;
    base::Bytes body;
    envelope::append_envelope(body, fields);
    return frame_of(envelope::Kind::envelope, body);
}

Speaker::Speaker(House& house, const Target& to) : house_(house) {
    std::optional<base::Error> failed;
    const Dialler dialler(house.loop, to, house.terms(), std::chrono::seconds(10),
                          [&](base::Result<std::unique_ptr<io::Stream>> got) {
                              if (got) {
                                  stream = std::move(*got);
                              } else {
                                  failed = got.error();
                              }
                          });
    REQUIRE(wait_for(house.loop, [&] { return stream || failed; }));
    INFO((failed ? failed->detail : ""));
    REQUIRE(stream);
    stream->set_handler(this);
    stream->start_reading();
}

Speaker::Speaker(House& house, const Target& to, const std::vector<std::string>& services)
    : Speaker(house, to) {
    send(hello_of(services));
    static_cast<void>(next(envelope::Kind::hello));
}

void Speaker::send(base::ByteView frames) {
    base::append(waiting_, frames);
    flush();
}

void Speaker::flush() {
    if (!waiting_.empty() && stream->is_open() && !stream->busy()) {
        std::vector<io::WriteChunk> chunks(1);
        chunks[0].own = std::exchange(waiting_, {});
        stream->write(std::move(chunks));
    }
}

Speaker::Received Speaker::next(envelope::Kind kind) {
    const auto there = [&] {
        while (taken_ < received.size() && received[taken_].kind != kind) {
            ++taken_;
        }
        return taken_ < received.size();
    };
    const bool came = wait_for(house_.loop, there);
    INFO("kind ", static_cast<int>(kind), ", closed ", why_closed);
    REQUIRE(came);
    return received[taken_++];
}

std::size_t Speaker::count(envelope::Kind kind) const {
    return static_cast<std::size_t>(
        std::count_if(received.begin(), received.end(),
                      [kind](const Received& one) { return one.kind == kind; }));
}

void Speaker::on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) {
    const envelope::FrameFault fault =
        reader_.feed(bytes, &owner, [this](const envelope::Frame& frame) {
            received.push_back({frame.kind, {frame.body.begin(), frame.body.end()}});
            if (frame.kind == envelope::Kind::ping && answers_pings) {
                send(frame_of(envelope::Kind::pong, frame.body));
            }
            return true;
        });
    CHECK(fault == envelope::FrameFault::none);
}

}  // namespace jetway::transport
