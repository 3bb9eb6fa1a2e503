// jetway-micro: what the parts of the frame path cost by themselves.
//
// The argument of each is the payload's size in bytes. Frames come as a socket gives them: as many
// as there is room for in one read.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>

#include "base/ensure.h"
#include "envelope/envelope.h"
#include "envelope/frame.h"
#include "envelope/packer.h"
#include "router/router.h"

namespace {

using namespace jetway;

constexpr std::size_t read_size = std::size_t{64} << 10U;
constexpr std::uint32_t max_frame = std::uint32_t{16} << 20U;

base::Bytes body_of(std::size_t size, std::string_view source, std::string_view destination) {
    base::Bytes data;
    envelope::Packer(data).binary(base::Bytes(size, 0x5a));
    envelope::EnvelopeFields fields;
    fields.source = source;
    fields.destination = destination;
    fields.data = data;
    base::Bytes body;
    append_envelope(body, fields);
    return body;
}

struct Stream {
    std::shared_ptr<base::Bytes> bytes = std::make_shared<base::Bytes>();
    std::size_t frames = 0;
};

// One read's worth of one frame over and over.
Stream stream_of(base::ByteView body) {
    Stream stream;
    do {
        append_frame(*stream.bytes, envelope::Header{}, body);
        ++stream.frames;
    } while (stream.bytes->size() + envelope::header_size + body.size() <= read_size);
    return stream;
}

void count(benchmark::State& state, std::size_t frames, std::size_t bytes) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(frames));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void read_frames(benchmark::State& state) {
    const Stream stream =
        stream_of(body_of(static_cast<std::size_t>(state.range(0)), "client-1@a", "sink@a"));
    envelope::FrameReader reader(max_frame);
    for (auto _ : state) {
        std::size_t bytes = 0;
        const auto fault =
            reader.feed(*stream.bytes, &stream.bytes, [&bytes](const envelope::Frame& frame) {
                bytes += frame.body.size();
                return true;
            });
        ensure(fault == envelope::FrameFault::none, "whole frames are read without a fault");
        benchmark::DoNotOptimize(bytes);
    }
    count(state, stream.frames, stream.bytes->size());
}
BENCHMARK(read_frames)->Arg(64)->Arg(1024)->Arg(65536);

// The same bytes in two pieces, so that every read ends and begins within a frame.
void read_cut_frames(benchmark::State& state) {
    const Stream stream =
        stream_of(body_of(static_cast<std::size_t>(state.range(0)), "client-1@a", "sink@a"));
    envelope::FrameReader reader(max_frame);
    const base::ByteView whole = *stream.bytes;
    const std::size_t cut = whole.size() / 2 + 3;
    for (auto _ : state) {
        std::size_t bytes = 0;
        for (const base::ByteView piece : {whole.first(cut), whole.subspan(cut)}) {
            const auto fault =
                reader.feed(piece, &stream.bytes, [&bytes](const envelope::Frame& frame) {
                    bytes += frame.body.size();
                    return true;
                });
            ensure(fault == envelope::FrameFault::none, "cut frames are read without a fault");
        }
        benchmark::DoNotOptimize(bytes);
    }
    count(state, stream.frames, stream.bytes->size());
}
BENCHMARK(read_cut_frames)->Arg(64)->Arg(1024)->Arg(65536);

void view_envelope(benchmark::State& state) {
    const base::Bytes body =
        body_of(static_cast<std::size_t>(state.range(0)), "client-1@machine-a", "sink@machine-a");
    for (auto _ : state) {
        envelope::EnvelopeView view;
        benchmark::DoNotOptimize(read_envelope(body, view));
        benchmark::DoNotOptimize(view);
    }
    count(state, 1, body.size());
}
BENCHMARK(view_envelope)->Arg(64)->Arg(65536);

void add_source(benchmark::State& state) {
    const base::Bytes body =
        body_of(static_cast<std::size_t>(state.range(0)), {}, "sink@machine-a");
    envelope::EnvelopeView view;
    ensure(read_envelope(body, view) == nullptr, "an envelope made here can be read");
    base::Bytes out;
    for (auto _ : state) {
        out.clear();
        append_with_source(out, body, view, "client-1@machine-a");
        benchmark::DoNotOptimize(out.data());
    }
    count(state, 1, body.size());
}
BENCHMARK(add_source)->Arg(64)->Arg(1024);

// A router with a sender and a receiver, and no sockets.
class Bench {
public:
    Bench()
        : router_(options(), base::Random(1), now_, [] { return router::ProcessFigures{}; }),
          sender_(router_.accepted({.peer_address = "sender"}, now_)),
          receiver_(router_.accepted({.peer_address = "receiver"}, now_)) {
        greet(sender_, {});
        greet(receiver_, "sink");
    }

    // The address that the router gave the sender.
    std::string sender_address() {
        const auto frames = taken(sender_);
        envelope::FrameReader reader(max_frame);
        std::string address;
        const auto fault = reader.feed(frames, nullptr, [&address](const envelope::Frame& frame) {
            const auto hello = envelope::read_hello(frame.body, 0);
            ensure(hello.has_value(), "a router's HELLO can be read");
            address = hello->address;
            return false;
        });
        ensure(fault == envelope::FrameFault::none && !address.empty(), "the router greets");
        return address;
    }

    // One turn: the bytes come, and what they lead to is taken as a shell takes it. Returns bytes
    // written.
    std::size_t turn(const Stream& stream) {
        router_.on_bytes(sender_, *stream.bytes, &stream.bytes, now_);
        router_.end_turn(now_);
        return drain(receiver_);
    }

    void drain_all() {
        drain(sender_);
        drain(receiver_);
    }

private:
    static router::Options options() {
        router::Options options;
        options.machine = "machine-a";
        return options;
    }

    void greet(router::TerminalId id, std::string_view service) {
        envelope::Hello hello;
        hello.protocol = {envelope::protocol_version};
        if (!service.empty()) {
            envelope::ServiceEntry entry;
            entry.name = service;
            hello.services.push_back(std::move(entry));
        }
        base::Bytes body;
        append_hello(body, hello);
        base::Bytes frame;
        envelope::Header header;
        header.kind = envelope::Kind::hello;
        append_frame(frame, header, body);
        router_.on_bytes(id, frame, nullptr, now_);
        router_.end_turn(now_);
    }

    base::Bytes taken(router::TerminalId id) {
        base::Bytes bytes;
        router_.take_effects();
        if (terminal::OutputQueue* output = router_.output(id)) {
            const std::size_t size = output->size();
            for (const base::Chunk& chunk : output->take()) {
                base::append(bytes, chunk.view());
            }
            output->written(size);
        }
        return bytes;
    }

    std::size_t drain(router::TerminalId id) {
        router_.take_effects();
        terminal::OutputQueue* output = router_.output(id);
        if (output == nullptr) {
            return 0;
        }
        const std::size_t size = output->size();
        benchmark::DoNotOptimize(output->take());
        output->written(size);
        return size;
    }

    base::Instant now_{std::chrono::seconds(1)};
    router::Router router_;
    router::TerminalId sender_;
    router::TerminalId receiver_;
};

// From the bytes of one read to the bytes of one write: all of a router but its system calls.
void forward(benchmark::State& state) {
    Bench bench;
    const std::string source = state.range(1) != 0 ? bench.sender_address() : std::string();
    bench.drain_all();
    const Stream stream =
        stream_of(body_of(static_cast<std::size_t>(state.range(0)), source, "sink@machine-a"));
    for (auto _ : state) {
        const std::size_t written = bench.turn(stream);
        ensure(written >= stream.frames * static_cast<std::size_t>(state.range(0)),
               "every frame is forwarded");
    }
    count(state, stream.frames, stream.bytes->size());
}
BENCHMARK(forward)
    ->ArgNames({"size", "with_source"})
    ->Args({64, 1})
    ->Args({64, 0})
    ->Args({1024, 1})
    ->Args({65536, 1});

}  // namespace

BENCHMARK_MAIN();
