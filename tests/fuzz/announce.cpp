// ANNOUNCE: what is read, written and read again is the same.
#include "envelope/announce.h"

#include "envelope/address.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using envelope::Announce;
using envelope::Catalog;

bool same_catalog(const Catalog& a, const Catalog& b) {
    return a.machine_id == b.machine_id && a.incarnation == b.incarnation &&
           a.revision == b.revision && a.services == b.services;
}

void check_catalog(const Catalog& catalog) {
    ensure(envelope::valid_name(catalog.machine_id), "a catalog is of a well formed machine");
    Announce carrier;
    carrier.machine_id = "m";
    carrier.catalogs.push_back(catalog);
    carrier.catalogs[0].raw = envelope::make_catalog_raw(catalog);
    base::Bytes body;
    envelope::append_announce(body, carrier);
    const base::Result<Announce> same = envelope::read_announce(body);
    ensure(
        same.has_value() && same->catalogs.size() == 1 && same_catalog(same->catalogs[0], catalog),
        "a catalog made of what was read reads the same");
}

}  // namespace

void announce(base::ByteView bytes) {
    const base::Result<Announce> read = envelope::read_announce(bytes);
    if (!read) {
        ensure(read.error().code == "bad-announce", "a refused ANNOUNCE is bad-announce");
        return;
    }
    ensure(envelope::valid_name(read->machine_id), "the sender has a well formed name");
    ensure(read->routes.size() + read->catalogs.size() + read->requests.size() <= bytes.size(),
           "there are no more entries than bytes");
    for (const envelope::RouteEntry& route : read->routes) {
        ensure(envelope::valid_name(route.machine_id), "a route leads to a well formed machine");
        ensure(envelope::route_digest(route) == envelope::route_digest(route),
               "the same route has the same digest");
    }
    for (const Catalog& catalog : read->catalogs) {
        check_catalog(catalog);
    }
    base::Bytes again;
    envelope::append_announce(again, *read);
    const base::Result<Announce> same = envelope::read_announce(again);
    ensure(same.has_value(), "an ANNOUNCE that was read can be written");
    ensure(same->machine_id == read->machine_id && same->incarnation == read->incarnation &&
               same->full == read->full && same->more == read->more &&
               same->want_full == read->want_full && same->digest == read->digest &&
               same->routes == read->routes && same->requests == read->requests,
           "an ANNOUNCE comes back as it was");
    ensure(std::equal(same->catalogs.begin(), same->catalogs.end(), read->catalogs.begin(),
                      read->catalogs.end(),
                      [](const Catalog& a, const Catalog& b) {
                          return same_catalog(a, b) && a.raw == b.raw;
                      }),
           "its catalogs come back byte for byte");
}

}  // namespace jetway::fuzz
