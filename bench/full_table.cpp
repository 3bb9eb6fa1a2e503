#include "bench/full_table.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>
#include <vector>

#include "envelope/announce.h"
#include "gossip/gossip.h"
#include "router/attachments.h"
#include "router/route_table.h"

namespace jetway::bench {

namespace {

constexpr std::size_t part_size = std::size_t{1} << 20U;  // a full announcement is split above it

double cpu_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

std::size_t allocated() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

// The full announcement of a neighbour that knows all of it.
std::vector<base::Bytes> announcement(std::size_t machines, std::size_t services) {
    std::vector<base::Bytes> parts;
    envelope::Announce announce;
    announce.machine_id = "neighbour";
    announce.incarnation = 1;
    announce.full = true;
    announce.routes.push_back({.machine_id = "neighbour", .sequence = 1, .cost = 0, .hops = 0});
    std::size_t size = 0;
    const auto emit = [&](bool more) {
        announce.more = more;
        envelope::append_announce(parts.emplace_back(), announce);
        announce.routes.clear();
        announce.catalogs.clear();
        size = 0;
    };
    for (std::size_t i = 0; i < machines; ++i) {
        const std::string name = "machine-" + std::to_string(i);
        const auto hops = static_cast<std::uint16_t>(1 + i % 9);
        announce.routes.push_back(
            {.machine_id = name, .sequence = 1 + i % 5, .cost = hops, .hops = hops});
        if (services > 0) {
            envelope::Catalog catalog{
                .machine_id = name, .incarnation = 1, .revision = 1, .services = {}, .raw = {}};
            for (std::size_t s = i * services / machines; s < (i + 1) * services / machines; ++s) {
                catalog.services.push_back({.service = {.name = "service-" + std::to_string(s),
                                                        .capabilities = {},
                                                        .version = {}},
                                            .instance = s});
            }
            catalog.raw = envelope::make_catalog_raw(catalog);
            size += 40 + catalog.raw.size();
            announce.catalogs.push_back(std::move(catalog));
        }
        if (size > part_size) {
            emit(true);
        }
    }
    emit(false);
    return parts;
}

}  // namespace

FullTable measure_full_table(std::size_t machines, std::size_t services, std::size_t rounds) {
    FullTable best;
    for (std::size_t round = 0; round < rounds; ++round) {
        for (const bool with_services : {false, true}) {
            const std::vector<base::Bytes> parts =
                announcement(machines, with_services ? services : 0);
            const base::Instant now{std::chrono::seconds(1)};
            gossip::Gossip gossip({}, "us", 1);
            gossip.on_link_up(1, "neighbour", 1, now);
            const std::size_t before = allocated();
            const double begin = cpu_milliseconds();
            for (const base::Bytes& part : parts) {
                gossip.on_announce(1, part, now);
            }
            const double learned = cpu_milliseconds();
            const auto bytes = static_cast<double>(allocated() - before);
            const router::RouteTable empty("us");
            const auto table =
                router::RouteTable::build(gossip, router::Attachments(), "us", empty);
            const double built = cpu_milliseconds();
            if (!with_services) {
                best.bytes_a_machine = bytes / static_cast<double>(machines);
                continue;
            }
            best.bytes_a_service = (bytes - best.bytes_a_machine * static_cast<double>(machines)) /
                                   static_cast<double>(services);
            best.milliseconds =
                round == 0 ? learned - begin : std::min(best.milliseconds, learned - begin);
            best.table_milliseconds =
                round == 0 ? built - learned : std::min(best.table_milliseconds, built - learned);
            best.announced_bytes = 0;
            for (const base::Bytes& part : parts) {
                best.announced_bytes += part.size();
            }
        }
    }
    return best;
}

}  // namespace jetway::bench
