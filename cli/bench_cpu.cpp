#include "cli/bench_cpu.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "client/control.h"
#include "envelope/address.h"
#include "envelope/envelope.h"

namespace jetway::cli {

namespace {

using base::Error;
using base::Result;

Result<std::uint64_t> microseconds_of(pid_t pid) {
    clockid_t clock = 0;
    timespec used = {};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return Error{"usage", "there is no process " + std::to_string(pid) + " to be measured"};
    }
    return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000U +
           static_cast<std::uint64_t>(used.tv_nsec) / 1'000U;
}

Result<std::uint64_t> microseconds_in(base::ByteView status) {
    const Result<envelope::Json> json = envelope::to_json(status);
    if (!json || !json->is_object()) {
        return Error{"bad-data", "the router's status is no object"};
    }
    const auto found = json->find("cpuMicroseconds");
    if (found == json->end() || !found->is_number_unsigned()) {
        return Error{"bad-data", "the router's status has no `cpuMicroseconds`"};
    }
    return found->get<std::uint64_t>();
}

Result<std::uint64_t> microseconds_of(BenchSocket& socket, const std::string& machine,
                                      base::Duration timeout) {
    const base::Bytes data = client::control_data({"status", {}, {}});
    const std::string router = envelope::make_address("router", machine);
    envelope::EnvelopeFields fields;
    fields.source = socket.address();
    fields.destination = router;
    fields.data = data;
    base::Bytes body;
    append_envelope(body, fields);
    base::Bytes frame;
    envelope::append_frame(frame, {.kind = envelope::Kind::envelope, .pin = {}}, body);
    if (Result<void> sent = socket.write_all(frame, timeout); !sent) {
        return sent.error();
    }
    std::optional<Result<std::uint64_t>> answer;
    const Result<void> read = socket.read_until(
        [&](const envelope::Frame& one) {
            envelope::EnvelopeView view;
            if (one.kind == envelope::Kind::goodbye) {
                const envelope::Goodbye goodbye = envelope::read_goodbye(one.body);
                answer = Error{goodbye.code, goodbye.message};
            } else if (one.kind == envelope::Kind::envelope &&
                       envelope::read_envelope(one.body, view) == nullptr) {
                if (view.error.empty()) {
                    answer = microseconds_in(view.data);
                } else {
                    const envelope::ErrorFields error = envelope::read_error(view.error);
                    answer = Error{error.code, error.message};
                }
            }
            return !answer;
        },
        timeout);
    if (!read) {
        return read.error();
    }
    return *answer;
}

}  // namespace

Result<void> CpuMeter::add_router(const io::Endpoint& at, base::Duration timeout) {
    Result<BenchSocket> socket = BenchSocket::connect(at, timeout);
    if (!socket) {
        return socket.error();
    }
    if (Result<void> greeted = socket->greet({}, timeout); !greeted) {
        return greeted;
    }
    std::string machine = socket->machine();
    const bool known = std::any_of(routers_.begin(), routers_.end(),
                                   [&](const Router& router) { return router.machine == machine; });
    if (!known) {
        routers_.push_back({std::move(machine), std::move(*socket)});
    }
    return {};
}

Result<void> CpuMeter::add_process(pid_t pid) {
    processes_.push_back(pid);
    const Result<std::uint64_t> used = microseconds_of(pid);
    return used ? Result<void>() : Result<void>(used.error());
}

Result<void> CpuMeter::start(base::Duration timeout) {
    Result<std::vector<CpuUse>> now = read(timeout);
    if (!now) {
        return now.error();
    }
    before_ = std::move(*now);
    return {};
}

Result<std::vector<CpuUse>> CpuMeter::stop(base::Duration timeout) {
    Result<std::vector<CpuUse>> now = read(timeout);
    if (now) {
        for (std::size_t i = 0; i < now->size(); ++i) {
            (*now)[i].microseconds -= std::min(before_[i].microseconds, (*now)[i].microseconds);
        }
    }
    return now;
}

Result<std::vector<CpuUse>> CpuMeter::read(base::Duration timeout) {
    std::vector<CpuUse> uses;
    for (Router& router : routers_) {
        const Result<std::uint64_t> used = microseconds_of(router.socket, router.machine, timeout);
        if (!used) {
            return used.error();
        }
        uses.push_back({router.machine, *used});
    }
    for (const pid_t pid : processes_) {
        const Result<std::uint64_t> used = microseconds_of(pid);
        if (!used) {
            return used.error();
        }
        uses.push_back({"pid " + std::to_string(pid), *used});
    }
    return uses;
}

}  // namespace jetway::cli
