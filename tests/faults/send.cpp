// The sending half: at a steady rate, heeding HOLD or not, with the outcome of every number.
#include <array>
#include <csignal>
#include <cstdio>
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

constexpr base::Duration tick = milliseconds(1);
constexpr double longest_burst = 0.1;  // seconds of the rate that are caught up with at once
constexpr std::size_t listed_ranges = 50;

enum class Outcome : std::uint8_t { none, answered, refused };

struct Flow {
    std::string destination;
    std::vector<Outcome> outcomes;  // by number
    double tokens = 0;
    std::uint64_t answered = 0;
    std::uint64_t refused = 0;
    std::uint64_t repeated = 0;  // outcomes after the first
    bool held = false;
    std::uint64_t holds = 0;
    base::Duration held_for{};
};

class Sender {
public:
    Sender(client::Runtime& runtime, client::Client& client, const SendOptions& options)
        : runtime_(runtime),
          client_(client),
          options_(options),
          payload_(std::max(options.size, payload_head)),
          started_(runtime.now()),
          last_(started_) {
        for (const std::string& destination : options.destinations) {
            flows_.emplace_back().destination = destination;
        }
        client_.on_envelope([this](const envelope::EnvelopeView& view) { take(view); });
    }

    bool all_sent() const {
        for (const Flow& flow : flows_) {
            if (options_.count == 0 || flow.outcomes.size() < options_.count) {
                return false;
            }
        }
        return true;
    }

    // Every envelope has its outcome.
    bool all_known() const {
        for (const Flow& flow : flows_) {
            if (flow.answered + flow.refused < flow.outcomes.size()) {
                return false;
            }
        }
        return true;
    }

    void send_due() {
        const base::Instant now = runtime_.loop().now();
        const double passed = std::chrono::duration<double>(now - last_).count();
        for (std::size_t i = 0; i < flows_.size(); ++i) {
            Flow& flow = flows_[i];
            const bool held = options_.heed_holds && client_.held(flow.destination);
            flow.holds += held && !flow.held ? 1 : 0;
            flow.held = held;
            if (held) {
                flow.held_for += now - last_;
                continue;
            }
            flow.tokens = std::min(flow.tokens + passed * options_.rate,
                                   std::max(1.0, longest_burst * options_.rate));
            while (flow.tokens >= 1 &&
                   (options_.count == 0 || flow.outcomes.size() < options_.count)) {
                if (!send(i, now)) {
                    ++blocked_;
                    break;
                }
                flow.tokens -= 1;
            }
        }
        last_ = now;
    }

    void print() const {
        Json flows = Json::array();
        for (const Flow& flow : flows_) {
            Json refused = Json::array();
            for (const auto& [first, last] : ranges_of(flow, Outcome::refused)) {
                refused.push_back(Json::array({first, last}));
            }
            flows.push_back({{"destination", flow.destination},
                             {"sent", flow.outcomes.size()},
                             {"answered", flow.answered},
                             {"refused", flow.refused},
                             {"unanswered", flow.outcomes.size() - flow.answered - flow.refused},
                             {"repeated", flow.repeated},
                             {"refused_ranges", refused},
                             {"holds", flow.holds},
                             {"held", flow.held},
                             {"held_ms", flow.held_for / milliseconds(1)}});
        }
        Json line = {{"elapsed_ms", (last_ - started_) / milliseconds(1)},
                     {"closed", client_.is_open() ? std::string() : client_.why_closed().code},
                     {"blocked", blocked_},
                     {"unexpected", unexpected_},
                     {"codes", codes_},
                     {"flows", flows}};
        std::printf("%s\n", envelope::write_json(line).c_str());
        std::fflush(stdout);
    }

private:
    static Ranges ranges_of(const Flow& flow, Outcome outcome) {
        Ranges ranges;
        for (std::uint64_t i = 0; i < flow.outcomes.size(); ++i) {
            if (flow.outcomes[i] != outcome) {
                continue;
            }
            if (!ranges.empty() && ranges.back().second + 1 == i) {
                ranges.back().second = i;
            } else if (ranges.size() == listed_ranges) {
                break;
            } else {
                ranges.emplace_back(i, i);
            }
        }
        return ranges;
    }

    bool send(std::size_t index, base::Instant now) {
        Flow& flow = flows_[index];
        const std::uint64_t number = flow.outcomes.size();
        base::write_be(payload_.data(), number);
        base::write_be(payload_.data() + 8,
                       static_cast<std::uint64_t>(now.time_since_epoch().count()));
        id_.clear();
        envelope::Packer(id_).number((static_cast<std::uint64_t>(index) << index_shift) | number);
        data_.clear();
        envelope::Packer(data_).binary(payload_);
        envelope::EnvelopeFields fields;
        fields.destination = flow.destination;
        fields.id = id_;
        fields.data = data_;
        if (!client_.send(fields)) {
            return false;
        }
        flow.outcomes.push_back(Outcome::none);
        return true;
    }

    void take(const envelope::EnvelopeView& view) {
        envelope::Cursor cursor(view.in_reply_to);
        std::uint64_t id = 0;
        if (!cursor.read_unsigned(id) || (id >> index_shift) >= flows_.size()) {
            ++unexpected_;
            return;
        }
        Flow& flow = flows_[id >> index_shift];
        const std::uint64_t number = id & ((std::uint64_t{1} << index_shift) - 1);
        if (number >= flow.outcomes.size()) {
            ++unexpected_;
            return;
        }
        const bool refusal = !view.error.empty();
        if (refusal) {
            const std::string code = envelope::read_error(view.error).code;
            codes_[code] = codes_.value(code, std::uint64_t{0}) + 1;
        }
        Outcome& outcome = flow.outcomes[number];
        if (outcome != Outcome::none) {
            ++flow.repeated;
            return;
        }
        outcome = refusal ? Outcome::refused : Outcome::answered;
        ++(refusal ? flow.refused : flow.answered);
    }

    client::Runtime& runtime_;
    client::Client& client_;
    const SendOptions& options_;
    base::Bytes payload_;
    base::Bytes id_;
    base::Bytes data_;
    base::Instant started_;
    base::Instant last_;
    std::vector<Flow> flows_;
    std::uint64_t blocked_ = 0;     // turns in which the router took no more
    std::uint64_t unexpected_ = 0;  // envelopes that answer nothing of ours
    Json codes_ = Json::object();   // of refusals
};

}  // namespace

int send_numbered(const SendOptions& options) {
    client::Runtime runtime;
    auto client = client::Client::connect(runtime, options.router, {});
    if (!client) {
        std::fprintf(stderr, "jetway-numbered: %s\n", client.error().detail.c_str());
        return 4;
    }
    client::Client& connection = **client;
    Sender sender(runtime, connection, options);
    bool ending = false;
    const io::Signals signals(runtime.loop(), {SIGTERM, SIGINT, SIGUSR1}, [&](int number) {
        if (number == SIGUSR1) {
            sender.print();
        } else {
            ending = true;
        }
    });
    io::Timer* again = nullptr;
    io::Timer timer(runtime.loop(), [&] {
        sender.send_due();
        again->set(runtime.loop().now() + tick);
    });
    again = &timer;
    timer.set(runtime.now());
    runtime.wait_until([&] { return ending || sender.all_sent() || !connection.is_open(); },
                       base::never);
    timer.cancel();
    if (connection.is_open()) {
        static_cast<void>(connection.settle(std::chrono::seconds(30)));
        runtime.wait_until(
            [&] { return !connection.is_open() || (options.answers && sender.all_known()); },
            runtime.now() + options.linger);
    }
    sender.print();
    return connection.is_open() ? 0 : 4;
}

}  // namespace jetway::faults
