// `jetway bench`: throughput and round trips through running routers, and the CPU that they cost
// them.
//
// Both ends of the load are in this process, so what is under way is known and bounded: a router's
// queue is never what is measured. The generator has an epoll loop and sockets of its own instead
// of client/ and io/ (bench_socket.h says why), and speaks to jetway-relay with the same code and
// the same frames.
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "cli/bench_report.h"
#include "cli/find_router.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "envelope/address.h"

namespace jetway::cli {

namespace {

using base::Error;
using base::Result;

struct BenchOptions {
    std::string what = "all";
    std::string socket;
    std::string to_socket;
    std::string relay;
    std::string to_relay;
    std::vector<std::string> cpu_sockets;
    std::vector<int> cpu_pids;
    std::uint64_t seconds = 3;
    bool bare_name = false;
    bool json = false;
    LoadOptions load;

    bool raw() const { return !relay.empty(); }
};

// A service's name that nobody else has.
std::string fresh_name() {
    std::random_device device;
    return "bench-" + std::to_string(device()) + "-" + std::to_string(getpid());
}

struct Endpoints {
    io::Endpoint from;
    io::Endpoint to;
};

// The load speaks over a socket of its own, which knows no TLS and no WebSocket.
Result<io::Endpoint> plain(const Result<transport::Target>& target) {
    if (!target) {
        return target.error();
    }
    if (target->is_encrypted() || target->is_websocket()) {
        return base::Error{
            "usage", target->text() + ": bench speaks to routers over unix:// and tcp:// only"};
    }
    return target->endpoint;
}

Result<Endpoints> find_endpoints(const BenchOptions& options) {
    Result<io::Endpoint> from = plain(options.raw() ? client::parse_endpoint(options.relay)
                                                    : choose_router(options.socket, look_around()));
    if (!from) {
        return from.error();
    }
    const std::string& other = options.raw() ? options.to_relay : options.to_socket;
    Result<io::Endpoint> to = other.empty() ? from : plain(client::parse_endpoint(other));
    if (!to) {
        return to.error();
    }
    return Endpoints{*from, *to};
}

Result<void> greet_both(BenchSocket& from, BenchSocket& to, const std::string& name,
                        const BenchOptions& options) {
    if (options.raw()) {
        from.set_address("client-sender@relay");
        to.set_address("client-receiver@relay");
        return {};
    }
    if (Result<void> greeted = from.greet({}, options.load.timeout); !greeted) {
        return greeted;
    }
    return to.greet({name}, options.load.timeout);
}

Result<void> add_meters(CpuMeter& meter, const Endpoints& endpoints, const BenchOptions& options) {
    std::vector<io::Endpoint> routers;
    if (!options.raw()) {
        routers = {endpoints.from, endpoints.to};
    }
    for (const std::string& text : options.cpu_sockets) {
        Result<io::Endpoint> endpoint = plain(client::parse_endpoint(text));
        if (!endpoint) {
            return endpoint.error();
        }
        routers.push_back(std::move(*endpoint));
    }
    for (const io::Endpoint& router : routers) {
        if (Result<void> added = meter.add_router(router, options.load.timeout); !added) {
            return added;
        }
    }
    for (const int pid : options.cpu_pids) {
        if (Result<void> added = meter.add_process(pid); !added) {
            return added;
        }
    }
    return {};
}

// Runs a load twice: first a tenth of it, so that every buffer has its size, then all, between two
// readings of the CPU meter.
template <typename Load, typename Run>
Result<Load> measure(const Ends& ends, const LoadOptions& options, CpuMeter& meter, Run run,
                     std::vector<CpuUse>& cpu) {
    LoadOptions warm_up = options;
    warm_up.duration = options.duration / 10;
    warm_up.count = options.count == 0 ? 0 : options.count / 10 + 1;
    if (Result<Load> warm = run(ends, warm_up); !warm) {
        return warm;
    }
    if (Result<void> started = meter.start(options.timeout); !started) {
        return started.error();
    }
    Result<Load> load = run(ends, options);
    if (load) {
        Result<std::vector<CpuUse>> used = meter.stop(options.timeout);
        if (used) {
            cpu = std::move(*used);
        } else if (load->tally.lost() == 0) {  // else the router is silent: what was lost says more
            return used.error();
        }
    }
    return load;
}

Result<BenchReport> run_loads(const Ends& ends, const BenchOptions& options, CpuMeter& meter) {
    BenchReport report;
    report.from = ends.from.address();
    report.to = ends.to.address();
    report.destination = ends.destination;
    report.size = options.load.size;
    if (Result<void> open = await_way(ends, options.load.timeout); !open) {
        return open.error();
    }
    const Ends back = {ends.to, ends.from, ends.from.address()};
    if (Result<void> open = await_way(back, options.load.timeout); !open) {
        return open.error();
    }
    if (options.what != "requests") {
        report.throughput.emplace();
        Result<Throughput> load =
            measure<Throughput>(ends, options.load, meter, run_throughput, report.throughput->cpu);
        if (!load) {
            return load.error();
        }
        report.throughput->load = std::move(*load);
    }
    if (options.what != "throughput") {
        report.requests.emplace();
        report.requests->outstanding = options.load.outstanding;
        Result<RoundTrips> load =
            measure<RoundTrips>(ends, options.load, meter, run_requests, report.requests->cpu);
        if (!load) {
            return load.error();
        }
        report.requests->load = std::move(*load);
    }
    return report;
}

Result<BenchReport> bench(const BenchOptions& options) {
    const base::Duration timeout = options.load.timeout;
    const Result<Endpoints> endpoints = find_endpoints(options);
    if (!endpoints) {
        return endpoints.error();
    }
    Result<BenchSocket> from = BenchSocket::connect(endpoints->from, timeout);
    if (!from) {
        return from.error();
    }
    Result<BenchSocket> to = BenchSocket::connect(endpoints->to, timeout);
    if (!to) {
        return to.error();
    }
    const std::string name = fresh_name();
    if (Result<void> greeted = greet_both(*from, *to, name, options); !greeted) {
        return greeted.error();
    }
    CpuMeter meter;
    if (Result<void> added = add_meters(meter, *endpoints, options); !added) {
        return added.error();
    }
    const std::string destination =
        options.bare_name ? name : envelope::make_address(name, to->machine());
    return run_loads({*from, *to, destination}, options, meter);
}

int run_bench(BenchOptions options) {
    options.load.duration = std::chrono::seconds(options.load.count == 0 ? options.seconds : 0);
    const Result<BenchReport> report = bench(options);
    if (!report) {
        return fail("bench", report.error());
    }
    print(options.json ? envelope::write_json(report->json()) + "\n" : report->text());
    if (report->any_lost()) {
        return exit_timeout;
    }
    return report->complete() ? exit_yes : exit_negative;
}

void add_load_options(CLI::App& verb, BenchOptions& options) {
    verb.add_option("--size", options.load.size, "Bytes of data in each message")
        ->capture_default_str()
        ->check(CLI::Range(0, 16'000'000));
    CLI::Option* seconds =
        verb.add_option("--seconds", options.seconds, "How long each load is sent")
            ->capture_default_str()
            ->check(CLI::Range(1, 86'400));
    verb.add_option("-c,--count", options.load.count, "So many messages, or round trips, instead")
        ->excludes(seconds)
        ->check(CLI::Range(1U, 4'000'000'000U));
    verb.add_option("--outstanding", options.load.outstanding, "Requests unanswered at once")
        ->capture_default_str()
        ->check(CLI::Range(1, 100'000));
    verb.add_option("--window", options.load.window_bytes, "Bytes under way at most")
        ->capture_default_str()
        ->check(CLI::Range(1, 1 << 30));
    verb.add_option("--window-frames", options.load.window_frames, "Messages under way at most")
        ->capture_default_str()
        ->check(CLI::Range(1, 1 << 30));
    add_duration(verb, "--timeout", options.load.timeout, "How long nothing may happen");
}

}  // namespace

void add_bench(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand(
        "bench", "Throughput, round trips and CPU time, through running routers");
    verb->footer(
        "It attaches a receiver of its own and disturbs no service. Every message is counted: exit "
        "code 0 says that all arrived.\n\nExamples:\n"
        "  jetway bench\n"
        "  jetway bench requests --outstanding 32 --size 1024\n"
        "  jetway bench --socket /run/jetway/machine-a.sock --to-socket "
        "/run/jetway/machine-c.sock --json\n"
        "  jetway bench throughput --relay unix:///tmp/relay.sock    the floor: jetway-relay");
    const auto options = std::make_shared<BenchOptions>();
    verb->add_option("WHAT", options->what, "throughput, requests or all")
        ->capture_default_str()
        ->check(CLI::IsMember({"throughput", "requests", "all"}));
    CLI::Option* socket =
        verb->add_option("--socket", options->socket, "The sender's router")->type_name("ADDRESS");
    CLI::Option* to_socket =
        verb->add_option("--to-socket", options->to_socket,
                         "The receiver's router; the sender's when it isn't given")
            ->type_name("ADDRESS");
    CLI::Option* relay =
        verb->add_option("--relay", options->relay, "A jetway-relay instead of a router: no HELLO")
            ->type_name("ADDRESS")
            ->excludes(socket)
            ->excludes(to_socket);
    verb->add_option("--to-relay", options->to_relay, "The last relay of a chain")
        ->type_name("ADDRESS")
        ->needs(relay);
    verb->add_option("--cpu-socket", options->cpu_sockets, "Another router to ask for its CPU time")
        ->type_name("ADDRESS");
    verb->add_option("--cpu-pid", options->cpu_pids, "A process to read the CPU time of")
        ->type_name("PID");
    verb->add_flag("--bare-name", options->bare_name, "Write to the name without its machine");
    verb->add_flag("--json", options->json, "One JSON object");
    add_load_options(*verb, *options);
    verb->callback([options, &context] { context.exit_code = run_bench(*options); });
}

}  // namespace jetway::cli
