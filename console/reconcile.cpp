#include "console/reconcile.h"

#include <map>
#include <set>

#include "console/fields.h"
#include "console/format.h"

namespace jetway::console {

namespace {

using envelope::Json;

std::string refusals(const Json& refused) {
    std::string text;
    for (const auto& [code, count] : refused.items()) {
        text += (text.empty() ? "" : ", ") + code + " " + format_count(number_at(refused, code));
    }
    return text;
}

std::uint64_t sum(const Json& object) {
    std::uint64_t all = 0;
    for (const auto& [key, count] : object.items()) {
        all += number_at(object, key);
    }
    return all;
}

// One router as it was asked twice; `after` is null where it answered once only.
struct Asked {
    const Json* before = nullptr;
    const Json* after = nullptr;
};

class Reconciler {
public:
    Reconciler(const std::vector<Json>& first, const std::vector<Json>& second) {
        for (const Json& answer : first) {
            routers_[text_at(answer, "machineId")].before = &answer;
        }
        for (const Json& answer : second) {
            routers_[text_at(answer, "machineId")].after = &answer;
        }
    }

    Reconciled run() {
        for (const auto& [machine, asked] : routers_) {
            for (const Json* answer : {asked.before, asked.after}) {
                if (answer != nullptr) {
                    check_router(machine, *answer);
                }
            }
            if (asked.after != nullptr) {
                add_services(machine, *asked.after);
                add_links(machine, *asked.after);
            }
        }
        return std::move(result_);
    }

private:
    void fault(std::string text) {
        if (told_.insert(text).second) {
            result_.faults.push_back(std::move(text));
        }
    }

    // Two sums of one router that must be the same.
    void check_same(const std::string& machine, const std::string& what, std::uint64_t in,
                    const std::string& other, std::uint64_t out) {
        if (in != out) {
            fault("router " + machine + ": " + what + " " + format_count(in) + ", but " + other +
                  " " + format_count(out) + ": " + format_count(in > out ? in - out : out - in) +
                  (in > out ? " are missing" : " are too many"));
        }
    }

    void check_router(const std::string& machine, const Json& answer) {
        const Json& counters = object_at(answer, "counters");
        const std::uint64_t refused = sum(object_at(counters, "refused"));
        check_same(machine, "it took",
                   number_at(counters, "received") + number_at(counters, "originated") +
                       number_at(counters, "returned"),
                   "passed on, delivered, refused or keeps",
                   number_at(counters, "forwarded") + number_at(counters, "delivered") + refused +
                       number_at(counters, "waiting"));
        const Json& gone = object_at(answer, "gone");
        std::uint64_t received = number_at(gone, "received");
        std::uint64_t sent = number_at(gone, "sent");
        for (const Json& link : list_at(answer, "links")) {
            received += number_at(link, "received");
            sent += number_at(link, "sent");
        }
        std::uint64_t delivered = number_at(gone, "delivered");
        for (const Json& terminal : list_at(answer, "terminals")) {
            received += number_at(terminal, "sent");
            delivered += number_at(terminal, "delivered");
        }
        check_same(machine, "it counts as received", number_at(counters, "received"),
                   "its links and terminals", received);
        check_same(machine, "it counts as forwarded", number_at(counters, "forwarded"), "its links",
                   sent);
        check_same(machine, "it counts as delivered", number_at(counters, "delivered"),
                   "its terminals, itself and its loopback",
                   delivered + number_at(answer, "taken") + number_at(answer, "reflected"));
    }

    void add_services(const std::string& machine, const Json& answer) {
        for (const Json& service : list_at(answer, "services")) {
            result_.services.push_back({.service = text_at(service, "name"),
                                        .machine = machine,
                                        .delivered = number_at(service, "delivered"),
                                        .sent = number_at(service, "sent"),
                                        .queued_bytes = number_at(service, "queuedBytes"),
                                        .refused = refusals(object_at(service, "refused"))});
        }
    }

    // The link to `machine` in an answer, if it is of that session; `session` empty: of any.
    static const Json* link_to(const Json* answer, const std::string& machine,
                               const std::string& session) {
        if (answer != nullptr) {
            for (const Json& link : list_at(*answer, "links")) {
                if (text_at(link, "machineId") == machine && !text_at(link, "session").empty() &&
                    text_at(link, "session") == session) {
                    return &link;
                }
            }
        }
        return nullptr;
    }

    void add_links(const std::string& from, const Json& answer) {
        for (const Json& link : list_at(answer, "links")) {
            const std::string to = text_at(link, "machineId");
            const std::string session = text_at(link, "session");
            LinkRow row{.from = from,
                        .to = to,
                        .sent = number_at(link, "sent"),
                        .queued_bytes = number_at(link, "queuedBytes")};
            const auto there = routers_.find(to);
            const Asked other = there != routers_.end() ? there->second : Asked{};
            const Json* earlier = link_to(routers_.at(from).before, to, session);
            const Json* received_first = link_to(other.before, from, session);
            const Json* received_then = link_to(other.after, from, session);
            row.known = received_then != nullptr;
            if (row.known) {
                row.received = number_at(*received_then, "received");
                row.on_its_way = row.sent > row.received ? row.sent - row.received : 0;
            }
            if (received_first != nullptr) {
                check_not_more(row, number_at(*received_first, "received"), row.sent);
            }
            if (earlier != nullptr && row.known) {
                check_not_less(row, number_at(*earlier, "acknowledged"), row.received);
            }
            result_.links.push_back(std::move(row));
        }
    }

    void check_not_more(const LinkRow& row, std::uint64_t received, std::uint64_t sent) {
        if (received > sent) {
            fault("link " + row.from + " → " + row.to + ": " + row.to + " counts " +
                  format_count(received) + " received, but " + row.from + " has sent " +
                  format_count(sent) + ": " + format_count(received - sent) + " too many");
        }
    }

    void check_not_less(const LinkRow& row, std::uint64_t acknowledged, std::uint64_t received) {
        if (received < acknowledged) {
            fault("link " + row.from + " → " + row.to + ": " + row.to + " acknowledged " +
                  format_count(acknowledged) + ", but counts " + format_count(received) +
                  " received: " + format_count(acknowledged - received) + " are missing");
        }
    }

    std::map<std::string, Asked> routers_;
    std::set<std::string> told_;
    Reconciled result_;
};

}  // namespace

Reconciled reconcile(const std::vector<Json>& first, const std::vector<Json>& second) {
    return Reconciler(first, second).run();
}

}  // namespace jetway::console
