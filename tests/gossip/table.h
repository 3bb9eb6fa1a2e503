// Table: one Gossip, "a", and neighbours that are only words: what they say goes in, what it
// answers is read.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "gossip/gossip.h"

namespace jetway::gossip::testing {

using envelope::infinity;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline envelope::CatalogService service(std::string name) {
    envelope::CatalogService service;
    service.service.name = std::move(name);
    return service;
}

struct Table {
    explicit Table(Options options = {}) : gossip(options, "a", 100) {}

    // A neighbour with its own route; what it is sent at first is put aside.
    void meet(LinkId link, const std::string& neighbour, std::uint16_t cost = 1) {
        gossip.on_link_up(link, neighbour, cost, now);
        names[link] = neighbour;
        say(link, {{neighbour, 1, 0, 0}});
        wait(milliseconds(20));
    }

    void say(LinkId link, std::vector<envelope::RouteEntry> routes,
             std::vector<envelope::SequenceRequest> requests = {},
             std::vector<envelope::Catalog> catalogs = {}) {
        envelope::Announce announce;
        announce.routes = std::move(routes);
        announce.requests = std::move(requests);
        announce.catalogs = std::move(catalogs);
        say(link, std::move(announce));
    }

    // Fills in the sender and a digest that is right unless one is given.
    void say(LinkId link, envelope::Announce announce, bool right_digest = true) {
        announce.machine_id = names.at(link);
        auto& told = sums[link];
        if (announce.full && !filling[link]) {
            told.clear();
        }
        filling[link] = announce.full && announce.more;
        for (const envelope::RouteEntry& entry : announce.routes) {
            if (entry.cost == infinity) {
                told.erase("r" + entry.machine_id);
                told.erase("c" + entry.machine_id);
            } else {
                told["r" + entry.machine_id] = envelope::route_digest(entry);
            }
        }
        for (envelope::Catalog& catalog : announce.catalogs) {
            told["c" + catalog.machine_id] =
                envelope::catalog_digest(catalog.machine_id, catalog.incarnation, catalog.revision);
            if (catalog.raw.empty()) {
                catalog.raw = envelope::make_catalog_raw(catalog);
            }
        }
        if (right_digest) {
            announce.digest = 0;
            for (const auto& [name, digest] : told) {
                announce.digest += digest;
            }
        }
        base::Bytes body;
        envelope::append_announce(body, announce);
        gossip.on_announce(link, body, now);
    }

    static envelope::Catalog catalog(std::string machine, std::uint64_t incarnation,
                                     std::uint64_t revision, std::string service = "s") {
        envelope::Catalog catalog;
        catalog.machine_id = std::move(machine);
        catalog.incarnation = incarnation;
        catalog.revision = revision;
        catalog.services.emplace_back().service.name = std::move(service);
        return catalog;
    }

    // What is sent now, by link, in order.
    std::map<LinkId, std::vector<envelope::Announce>> sent() {
        std::map<LinkId, std::vector<envelope::Announce>> sent;
        for (const Gossip::Outgoing& outgoing : gossip.take_outgoing()) {
            auto read = envelope::read_announce(outgoing.body);
            REQUIRE(read.has_value());
            CHECK(outgoing.body.size() < 1'100'000);
            sent[outgoing.link].push_back(std::move(*read));
        }
        return sent;
    }

    // Lets time pass, deadline by deadline; what is sent meanwhile, all links in one list of each.
    std::map<LinkId, std::vector<envelope::Announce>> wait(base::Duration duration) {
        std::map<LinkId, std::vector<envelope::Announce>> all;
        const base::Instant end = now + duration;
        const auto collect = [this, &all] {
            for (auto& [link, list] : sent()) {
                for (envelope::Announce& announce : list) {
                    all[link].push_back(std::move(announce));
                }
            }
        };
        collect();
        while (gossip.next_deadline() <= end) {
            now = std::max(now, gossip.next_deadline());
            gossip.on_deadline(now);
            collect();
        }
        now = end;
        gossip.on_deadline(now);
        collect();
        return all;
    }

    std::string via(std::string_view machine) const {
        const auto view = gossip.find(machine);
        return view && view->selected ? names.at(view->selected->link) : "none";
    }
    bool awaited(std::string_view machine) const {
        const auto view = gossip.find(machine);
        return view && view->awaited;
    }
    std::size_t reported(std::string_view event) {
        for (Report& report : gossip.take_reports()) {
            reports.push_back(std::move(report));
        }
        return static_cast<std::size_t>(
            std::count_if(reports.begin(), reports.end(),
                          [event](const Report& report) { return report.event == event; }));
    }

    base::Instant now{seconds(1000)};
    Gossip gossip;
    std::map<LinkId, std::string> names;
    std::map<LinkId, std::map<std::string, std::uint64_t>> sums;
    std::map<LinkId, bool> filling;
    std::vector<Report> reports;
};

// The last word of these announcements on a machine.
inline const envelope::RouteEntry* route(const std::vector<envelope::Announce>& announces,
                                         std::string_view machine) {
    const envelope::RouteEntry* found = nullptr;
    for (const envelope::Announce& announce : announces) {
        for (const envelope::RouteEntry& entry : announce.routes) {
            found = entry.machine_id == machine ? &entry : found;
        }
    }
    return found;
}

inline std::vector<envelope::SequenceRequest> requests(
    const std::vector<envelope::Announce>& announces) {
    std::vector<envelope::SequenceRequest> all;
    for (const envelope::Announce& announce : announces) {
        all.insert(all.end(), announce.requests.begin(), announce.requests.end());
    }
    return all;
}

}  // namespace jetway::gossip::testing
