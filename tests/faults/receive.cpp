// The receiving half: what arrived of each stream, in what order, how often, how late.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "envelope/cursor.h"
#include "envelope/json.h"
#include "envelope/packer.h"
#include "io/signals.h"
#include "tests/faults/numbered.h"
#include "tests/faults/numbers.h"

namespace jetway::faults {

namespace {

using envelope::Json;
using std::chrono::milliseconds;

constexpr std::size_t max_streams = 10'000;
constexpr std::size_t listed_gaps = 50;
constexpr base::Duration redial = milliseconds(50);

class Receiver {
public:
    Receiver(client::Runtime& runtime, std::string service, const ReceiveOptions& options)
        : runtime_(runtime), service_(std::move(service)), options_(options) {}

    base::Result<void> attach() {
        client::Options options;
        options.services.push_back(
            {.name = service_, .capabilities = {}, .version = {}, .weight = 1});
        auto client = client::Client::connect(runtime_, options_.router, options);
        if (!client) {
            return client.error();
        }
        client_ = std::move(*client);
        client_->on_envelope([this](const envelope::EnvelopeView& view) { take(view); });
        return {};
    }

    bool is_open() const { return client_->is_open(); }

    Json report(base::Duration window) {
        Json streams = Json::array();
        for (const auto& [source, numbers] : streams_) {
            Json gaps = Json::array();
            for (const auto& [first, last] : numbers.gaps(listed_gaps)) {
                gaps.push_back(Json::array({first, last}));
            }
            streams.push_back({{"source", source},
                               {"distinct", numbers.distinct()},
                               {"newest", numbers.newest()},
                               {"marked", numbers.marked()},
                               {"repeated", numbers.repeated()},
                               {"repeated_unmarked", numbers.repeated_unmarked()},
                               {"out_of_order", numbers.out_of_order()},
                               {"gaps", gaps}});
        }
        Json said = {{"service", service_},
                     {"open", is_open()},
                     {"arrived", arrived_},
                     {"unexpected", unexpected_},
                     {"unanswered", unanswered_},
                     {"window",
                      {{"ms", window / milliseconds(1)},
                       {"count", latencies_.count()},
                       {"p50_us", latencies_.at(0.5)},
                       {"p99_us", latencies_.at(0.99)},
                       {"max_us", latencies_.at(1)}}},
                     {"streams", streams}};
        latencies_.clear();
        return said;
    }

private:
    void take(const envelope::EnvelopeView& view) {
        envelope::Cursor cursor(view.data);
        base::ByteView payload;
        if (!view.error.empty() && options_.again) {
            tell_refused(view);
        }
        if (!view.error.empty() || !cursor.read_binary(payload) || payload.size() < payload_head ||
            (streams_.size() >= max_streams && !streams_.contains(view.source))) {
            ++unexpected_;
            return;
        }
        const auto sent = base::read_be<std::int64_t>(payload.data() + 8);
        auto stream = streams_.find(view.source);
        if (stream == streams_.end()) {
            stream = streams_.try_emplace(std::string(view.source)).first;
        }
        const bool marked = (client_->flags() & envelope::flag::possible_duplicate) != 0;
        if (!stream->second.take(base::read_be<std::uint64_t>(payload.data()), marked)) {
            ++unexpected_;
            return;
        }
        ++arrived_;
        latencies_.add(runtime_.loop().now().time_since_epoch() - base::Duration(sent));
        if (options_.answer) {
            answer(view, marked);
        }
    }

    // The answer has the id of what it answers, by which its refusal is known.
    void answer(const envelope::EnvelopeView& view, bool marked) {
        const std::string to(view.answer_to());
        base::Bytes data;
        envelope::Packer(data).boolean(marked);
        envelope::EnvelopeFields fields;
        fields.destination = to;
        fields.id = view.id;
        fields.in_reply_to = view.id;
        fields.data = data;
        if (!client_->send(fields)) {
            ++unanswered_;
        }
    }

    void tell_refused(const envelope::EnvelopeView& view) const {
        envelope::Cursor cursor(view.in_reply_to);
        std::uint64_t id = 0;
        if (cursor.read_unsigned(id)) {
            const envelope::ErrorFields error = envelope::read_error(view.error);
            std::printf("%s\n", envelope::write_json({{"refused_answer", id},
                                                      {"to", error.destination},
                                                      {"code", error.code}})
                                    .c_str());
            std::fflush(stdout);
        }
    }

    client::Runtime& runtime_;
    std::string service_;
    const ReceiveOptions& options_;
    std::unique_ptr<client::Client> client_;
    std::map<std::string, Numbers, std::less<>> streams_;  // by source
    Latencies latencies_;                                  // since the last report
    std::uint64_t arrived_ = 0;
    std::uint64_t unexpected_ = 0;
    std::uint64_t unanswered_ = 0;
};

}  // namespace

int receive_numbered(const ReceiveOptions& options) {
    client::Runtime runtime;
    std::vector<std::unique_ptr<Receiver>> receivers;
    for (const std::string& service : options.services) {
        receivers.push_back(std::make_unique<Receiver>(runtime, service, options));
        if (const auto attached = receivers.back()->attach(); !attached) {
            std::fprintf(stderr, "jetway-numbered: %s\n", attached.error().detail.c_str());
            return 4;
        }
    }
    base::Instant since = runtime.now();
    const auto print = [&] {
        const base::Instant now = runtime.now();
        Json services = Json::array();
        for (const auto& receiver : receivers) {
            services.push_back(receiver->report(now - since));
        }
        since = now;
        std::printf("%s\n", envelope::write_json({{"services", services}}).c_str());
        std::fflush(stdout);
    };
    bool ending = false;
    bool asked = false;
    const io::Signals signals(runtime.loop(), {SIGTERM, SIGINT, SIGUSR1},
                              [&](int number) { (number == SIGUSR1 ? asked : ending) = true; });
    std::printf("{\"ready\":true}\n");
    std::fflush(stdout);
    const auto lost = [&receivers] {
        return std::any_of(receivers.begin(), receivers.end(),
                           [](const auto& receiver) { return !receiver->is_open(); });
    };
    while (!ending) {
        runtime.wait_until([&] { return ending || asked || (options.again && lost()); },
                           base::never);
        if (options.again && lost()) {
            for (const auto& receiver : receivers) {
                if (!receiver->is_open()) {
                    static_cast<void>(receiver->attach());
                }
            }
            if (lost()) {
                runtime.wait_until([&] { return ending || asked; }, runtime.now() + redial);
            }
        }
        if (std::exchange(asked, false)) {
            print();
        }
    }
    print();
    return 0;
}

}  // namespace jetway::faults
