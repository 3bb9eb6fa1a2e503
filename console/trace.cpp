#include "console/trace.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "envelope/address.h"

namespace jetway::console {

using envelope::Json;

namespace {

// Reports of routers nearer than the last one come by then, unless they don't come at all.
constexpr base::Duration stragglers = std::chrono::milliseconds(250);
constexpr std::size_t most_hops = 256;  // `hops` in a frame is a byte

std::uint64_t since(base::Instant then, base::Instant now) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::to_microseconds(now - then)));
}

bool is_report(std::string_view source, const Json& data) {
    return envelope::split_address(source).service == "router" && data.is_object() &&
           data.contains("machineId") && data.contains("hopsLeft") && data.contains("reason");
}

}  // namespace

Trace::Trace(Options options, base::Instant now) : options_(std::move(options)) {
    const bool deliver = options_.deliver && options_.reply_to.empty();
    if (options_.deliver && !deliver) {
        // Reports go where the answer goes: the way is traced dry, and this one isn't.
        requests_.push_back({0, options_.destination, options_.reply_to, false, options_.data});
    }
    begin_leg(options_.from, options_.destination, deliver, now);
}

std::vector<Trace::Request> Trace::take_requests() {
    return std::exchange(requests_, {});
}

std::uint64_t Trace::request(std::string to, Json data) {
    requests_.push_back({++last_id_, std::move(to), {}, false, std::move(data)});
    return last_id_;
}

void Trace::wait(Step step, base::Duration longest, base::Instant now) {
    step_ = step;
    deadline_ = now + longest;
}

void Trace::begin_leg(std::string from, std::string destination, bool deliver, base::Instant now) {
    Leg leg;
    leg.from = std::move(from);
    leg.destination = std::move(destination);
    leg.started = now;
    if (deliver) {
        requests_.push_back({++last_id_, leg.destination, {}, true, options_.data});
        way_id_ = last_id_;
    } else {
        way_id_ = request(envelope::make_address("router", leg.from),
                          {{"request", "trace"}, {"args", {{"destination", leg.destination}}}});
    }
    legs_.push_back(std::move(leg));
    wait(Step::way, options_.timeout, now);
}

void Trace::add_report(const Json& report, base::Instant now) {
    Leg& leg = legs_.back();
    if (leg.hops.size() >= most_hops) {
        return;
    }
    Hop hop;
    hop.machine = text_at(report, "machineId");
    hop.in = text_at(report, "from");
    hop.out = text_at(report, "to");
    hop.reason = text_at(report, "reason");
    hop.hops_left = number_at(report, "hopsLeft");
    hop.microseconds = number_at(report, "microseconds");
    hop.after = since(leg.started, now);
    const auto later = std::find_if(leg.hops.begin(), leg.hops.end(), [&hop](const Hop& other) {
        return other.hops_left < hop.hops_left;
    });
    leg.hops.insert(later, std::move(hop));
}

// Every hop from the first router to the one that delivered has reported.
bool Trace::whole() const {
    const std::vector<Hop>& hops = legs_.back().hops;
    return !hops.empty() && hops.front().machine == legs_.back().from &&
           hops.back().reason == "delivered" &&
           hops.front().hops_left - hops.back().hops_left + 1 == hops.size();
}

void Trace::on_answer(std::uint64_t id, std::string_view source, const Json& data,
                      base::Instant now) {
    Leg& leg = legs_.back();
    if (id == way_id_ && step_ != Step::done) {
        if (is_report(source, data)) {
            if (step_ != Step::way && step_ != Step::missing && step_ != Step::answer) {
                return;  // too late to be asked why
            }
            add_report(data, now);
            if (leg.hops.back().reason == "delivered" && step_ == Step::way) {
                leg.microseconds = leg.hops.back().after;
                wait(Step::missing, stragglers, now);
            }
        } else {
            leg.answered = since(leg.started, now);
        }
        if (step_ == Step::missing && whole()) {
            end_way("delivered", now);
        } else if (step_ == Step::answer && leg.answered) {
            go_on(now);
        }
        return;
    }
    const auto asked = leg.explains.find(id);
    if (asked != leg.explains.end()) {
        explain(leg.hops[asked->second], data, asked->second == 0);
        leg.explains.erase(asked);
        if (leg.explains.empty()) {
            go_on(now);
        }
    }
}

void Trace::on_error(std::uint64_t id, const std::string& code, const std::string& message,
                     const std::string& at, base::Instant now) {
    Leg& leg = legs_.back();
    if (id == way_id_ && (step_ == Step::way || step_ == Step::missing || step_ == Step::answer)) {
        leg.code = code;
        leg.message = message;
        leg.at = at;
        leg.microseconds = since(leg.started, now);
        end_way("refused", now);
    } else if (leg.explains.erase(id) > 0 && leg.explains.empty()) {
        go_on(now);
    }
}

void Trace::on_deadline(base::Instant now) {
    if (now < deadline_) {
        return;
    }
    Leg& leg = legs_.back();
    switch (step_) {
        case Step::way:
            leg.microseconds = leg.hops.empty() ? 0 : leg.hops.back().after;
            end_way("silent", now);
            break;
        case Step::missing:
            end_way("delivered", now);
            break;
        default:
            leg.explains.clear();
            go_on(now);
    }
}

// The reports are in: what is missing is marked, then the first router is asked why.
void Trace::end_way(std::string outcome, base::Instant now) {
    Leg& leg = legs_.back();
    leg.outcome = std::move(outcome);
    const bool deliver = options_.deliver && options_.reply_to.empty() && legs_.size() == 1;
    if (leg.outcome == "delivered" && deliver && !leg.answered && step_ != Step::answer) {
        wait(Step::answer, options_.timeout, now);
        return;
    }
    wait(Step::answer, options_.timeout, now);
    go_on(now);
}

void Trace::ask_why(std::size_t hop, const std::string& destination) {
    Leg& leg = legs_.back();
    const std::uint64_t id =
        request(envelope::make_address("router", leg.hops[hop].machine),
                {{"request", "explain"}, {"args", {{"destination", destination}}}});
    leg.explains.emplace(id, hop);
}

// Of the candidates the one that it went by.
void Trace::explain(Hop& hop, const Json& answer, bool first) {
    const Json& candidates = list_at(answer, "candidates");
    const std::string& machine =
        hop.reason == "delivered" ? hop.machine : legs_.back().hops.back().machine;
    const Json* row = nullptr;
    for (const Json& one : candidates) {
        const bool same_way = text_at(one, "terminal") == hop.out;
        if (same_way && (row == nullptr || text_at(one, "machineId") == machine)) {
            row = &one;
        }
    }
    const std::string policy = text_at(answer, "policy");
    if (row == nullptr) {
        hop.why = hop.out == "router" || hop.out == "lo" ? "it is this router's own" : "";
        return;
    }
    hop.neighbour = text_at(*row, "neighbour");
    hop.queued = number_at(*row, "queuedBytes");
    const std::string held = flag_at(*row, "held") ? ", held: what is sent there waits" : "";
    const bool named = legs_.back().destination.find('@') != std::string::npos;
    hop.why = flag_at(*row, "chosen") || policy.empty() ? text_at(*row, "reason") : policy;
    if (first && !named && candidates.size() > 1) {
        hop.why += " of " + std::to_string(candidates.size()) + " ways";
    }
    hop.why += held;
}

void Trace::go_on(base::Instant now) {
    Leg& leg = legs_.back();
    if (step_ == Step::answer) {
        wait(Step::why_first, options_.timeout, now);
        if (!leg.hops.empty()) {
            ask_why(0, leg.destination);
            return;
        }
    }
    if (step_ == Step::why_first) {
        wait(Step::why_others, options_.timeout, now);
        std::string destination = leg.destination;
        if (leg.outcome == "delivered") {
            destination = envelope::make_address(envelope::split_address(destination).service,
                                                 leg.hops.back().machine);
        }
        for (std::size_t i = 1; i < leg.hops.size(); ++i) {
            ask_why(i, destination);
        }
        if (!leg.explains.empty()) {
            return;
        }
    }
    mark_gaps();
    if (legs_.size() == 1 && leg.outcome == "delivered") {
        const std::string from = leg.hops.back().machine;
        begin_leg(from, options_.reply_to.empty() ? options_.asker : options_.reply_to, false, now);
        return;
    }
    step_ = Step::done;
    deadline_ = base::never;
}

// A row for each hop that nobody reported of: hopsLeft goes down by one a hop.
void Trace::mark_gaps() {
    Leg& leg = legs_.back();
    std::vector<Hop> all;
    for (Hop& hop : leg.hops) {
        while (!all.empty() && all.back().hops_left > hop.hops_left + 1 && all.size() < most_hops) {
            Hop gap;
            gap.reported = false;
            gap.hops_left = all.back().hops_left - 1;
            gap.machine = all.back().neighbour;
            all.push_back(std::move(gap));
        }
        if (all.size() < most_hops) {
            all.push_back(std::move(hop));
        }
    }
    if (leg.outcome == "silent" && !all.empty() && all.back().reason != "delivered") {
        Hop gap;
        gap.reported = false;
        gap.hops_left = all.back().hops_left > 0 ? all.back().hops_left - 1 : 0;
        gap.machine = all.back().neighbour;
        all.push_back(std::move(gap));
    }
    leg.hops = std::move(all);
}

Json Trace::json() const {
    Json legs = Json::array();
    bool gaps = false;
    for (const Leg& leg : legs_) {
        Json hops = Json::array();
        std::uint64_t within = 0;
        for (const Hop& hop : leg.hops) {
            gaps = gaps || !hop.reported;
            within += hop.microseconds;
            if (!hop.reported) {
                hops.push_back(
                    {{"reported", false}, {"machineId", hop.machine}, {"hopsLeft", hop.hops_left}});
                continue;
            }
            hops.push_back({{"reported", true},
                            {"machineId", hop.machine},
                            {"from", hop.in},
                            {"to", hop.out},
                            {"neighbour", hop.neighbour},
                            {"reason", hop.reason},
                            {"hopsLeft", hop.hops_left},
                            {"microseconds", hop.microseconds},
                            {"reportedAfterMicroseconds", hop.after},
                            {"queuedBytes", nullptr},
                            {"why", hop.why}});
            if (hop.queued) {
                hops.back()["queuedBytes"] = *hop.queued;
            }
        }
        legs.push_back(
            {{"leg", legs.empty() ? "there" : "back"},
             {"from", leg.from},
             {"destination", leg.destination},
             {"dry", !legs.empty() || !options_.deliver || !options_.reply_to.empty()},
             {"outcome", leg.outcome},
             {"code", leg.code},
             {"message", leg.message},
             {"at", leg.at},
             {"microseconds", leg.microseconds},
             {"inRoutersMicroseconds", within},
             {"betweenMicroseconds", leg.microseconds > within ? leg.microseconds - within : 0},
             {"answeredAfterMicroseconds", nullptr},
             {"hops", std::move(hops)}});
        if (leg.answered) {
            legs.back()["answeredAfterMicroseconds"] = *leg.answered;
        }
    }
    const std::string outcome = legs_.back().outcome;
    return {{"schema", "jetway.trace/1"},
            {"machineId", options_.from},
            {"destination", options_.destination},
            {"replyTo", options_.reply_to.empty() ? options_.asker : options_.reply_to},
            {"dry", !options_.deliver},
            {"outcome", legs_.size() == 2 || outcome != "delivered" ? outcome : "silent"},
            {"gaps", gaps},
            {"legs", std::move(legs)}};
}

}  // namespace jetway::console
