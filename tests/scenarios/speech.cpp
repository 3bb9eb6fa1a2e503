#include "tests/scenarios/speech.h"

#include <algorithm>

#include "tests/scenarios/words.h"

namespace jetway::scenarios {

namespace {

constexpr std::size_t most = 6;  // of a kind, before they are only counted

std::string route_speech(const envelope::RouteEntry& route) {
    if (route.cost == envelope::infinity) {
        return "retracts " + route.machine_id;
    }
    return route.machine_id + " #" + std::to_string(route.sequence) + " cost " +
           std::to_string(route.cost) +
           (route.hops != route.cost ? " hops " + std::to_string(route.hops) : "");
}

base::Result<std::uint64_t> take_number(Words& words, std::string_view mark) {
    std::string word = words.take();
    if (word.starts_with(mark)) {
        word.erase(0, mark.size());
        if (const std::optional<std::uint64_t> number = read_number(word)) {
            return *number;
        }
    }
    return usage("'" + std::string(mark) + "' and a number were expected, not '" + word + "'");
}

// c #1 cost 2 hops 1
base::Result<envelope::RouteEntry> read_route(Words& words) {
    envelope::RouteEntry route;
    route.machine_id = words.take();
    const auto sequence = take_number(words, "#");
    if (!sequence) {
        return sequence.error();
    }
    route.sequence = *sequence;
    if (!words.take_if("cost")) {
        return usage("a route is: machine #number cost N [hops N]");
    }
    const auto cost = take_number(words, "");
    if (!cost) {
        return cost.error();
    }
    route.cost = route.hops = static_cast<std::uint16_t>(*cost);
    if (words.take_if("hops")) {
        const auto hops = take_number(words, "");
        if (!hops) {
            return hops.error();
        }
        route.hops = static_cast<std::uint16_t>(*hops);
    }
    return route;
}

// c 10.2: gpu-server, mp4-encoder detached; `gpu times 4000` makes as many of long names.
base::Result<envelope::Catalog> read_catalog(const std::string& text) {
    const std::size_t colon = text.find(':');
    Words head(text.substr(0, colon));
    envelope::Catalog catalog;
    catalog.machine_id = head.take();
    const std::vector<std::string> version = split(head.take(), '.');
    if (version.size() != 2) {
        return usage("a catalog is: catalog machine incarnation.revision[: services]");
    }
    catalog.incarnation = read_number(version[0]).value_or(0);
    catalog.revision = read_number(version[1]).value_or(0);
    for (const std::string& each : split(text.substr(std::min(colon, text.size() - 1) + 1), ',')) {
        Words words(each);
        if (words.empty()) {
            continue;
        }
        envelope::CatalogService service;
        service.service.name = words.take();
        const std::string stem = service.service.name;
        service.instance = 1;
        service.health =
            words.take_if("detached") ? envelope::Health::detached : envelope::Health::up;
        const std::uint64_t times =
            words.take_if("times") ? read_number(words.take()).value_or(1) : 1;
        for (std::uint64_t i = 1; i <= times; ++i) {
            if (times > 1) {
                service.service.name = stem + std::string(90, '-') + std::to_string(i);
            }
            catalog.services.push_back(service);
        }
    }
    catalog.raw = envelope::make_catalog_raw(catalog);
    return catalog;
}

base::Result<void> read_part(const std::string& part, envelope::Announce& announce,
                             std::vector<envelope::RouteEntry>& unsaid) {
    Words words(part);
    if (words.take_if("full")) {
        announce.full = true;
    } else if (words.take_if("more")) {
        announce.more = true;
    } else if (words.take_if("wantFull")) {
        announce.want_full = true;
    } else if (words.take_if("as")) {
        announce.machine_id = words.take();
    } else if (words.take_if("retracts")) {
        announce.routes.push_back({.machine_id = words.take(), .sequence = 1});
    } else if (words.take_if("catalog")) {
        auto catalog = read_catalog(words.rest());
        if (!catalog) {
            return catalog.error();
        }
        announce.catalogs.push_back(std::move(*catalog));
    } else if (words.take_if("asks")) {
        envelope::SequenceRequest request{
            .machine_id = words.take(), .sequence = 0, .hops_left = 255};
        const auto sequence = take_number(words, "#");
        if (!sequence) {
            return sequence.error();
        }
        request.sequence = *sequence;
        const auto hops =
            words.empty() ? base::Result<std::uint64_t>(255U) : take_number(words, "(");
        if (!hops) {
            return hops.error();
        }
        request.hops_left = static_cast<std::uint8_t>(*hops);
        words.rest();
        announce.requests.push_back(request);
    } else {
        const bool counted_only = words.take_if("unsaid");
        const auto route = read_route(words);
        if (!route) {
            return route.error();
        }
        (counted_only ? unsaid : announce.routes).push_back(*route);
    }
    return words.empty() ? base::Result<void>() : usage("too much: '" + words.rest() + "'");
}

}  // namespace

std::string catalog_speech(const std::vector<envelope::CatalogService>& services) {
    if (services.size() > most) {
        return std::to_string(services.size()) + " services";
    }
    std::vector<std::string> pieces;
    for (const envelope::CatalogService& service : services) {
        pieces.push_back(service.service.name);
        if (service.health != envelope::Health::up) {
            pieces.back() += " " + std::string(envelope::health_name(service.health));
        }
    }
    return pieces.empty() ? "no services" : join(pieces, ", ");
}

std::string speech(const envelope::Announce& announce) {
    std::vector<std::string> parts;
    if (announce.full) {
        parts.emplace_back("full");
    }
    if (announce.routes.size() > most) {
        parts.push_back(std::to_string(announce.routes.size()) + " routes");
    } else {
        for (const envelope::RouteEntry& route : announce.routes) {
            parts.push_back(route_speech(route));
        }
    }
    if (announce.catalogs.size() > most) {
        parts.push_back(std::to_string(announce.catalogs.size()) + " catalogs");
    } else {
        for (const envelope::Catalog& catalog : announce.catalogs) {
            parts.push_back(
                "catalog " + catalog.machine_id + " " + std::to_string(catalog.incarnation) + "." +
                std::to_string(catalog.revision) +
                (catalog.services.empty() ? "" : ": " + catalog_speech(catalog.services)));
        }
    }
    for (const envelope::SequenceRequest& request : announce.requests) {
        parts.push_back("asks " + request.machine_id + " #" + std::to_string(request.sequence) +
                        " (" + std::to_string(request.hops_left) + " hops left)");
    }
    if (announce.want_full) {
        parts.emplace_back("wantFull");
    }
    if (announce.more) {
        parts.emplace_back("more");
    }
    return parts.empty() ? "digest" : join(parts, "; ");
}

base::Result<envelope::Announce> read_speech(std::string_view text,
                                             std::vector<envelope::RouteEntry>& unsaid) {
    envelope::Announce announce;
    for (const std::string& part : split(text, ';')) {
        if (const auto read = read_part(part, announce, unsaid); !read) {
            return read.error();
        }
    }
    return announce;
}

}  // namespace jetway::scenarios
