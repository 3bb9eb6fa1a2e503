// Speech: an ANNOUNCE as people read and write it: its parts in a line, divided by semicolons.
//
//   full; c #1 cost 2; d #4 cost 3 hops 1; retracts e; catalog c 10.2: gpu-server, mp4 detached;
//   asks c #2 (255 hops left); wantFull
//
// #1 is a sequence number; hops stand there when they aren't the cost; 10.2 is (incarnation,
// revision).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "envelope/announce.h"

namespace jetway::scenarios {

// Long lists are counted only.
std::string speech(const envelope::Announce& announce);
std::string catalog_speech(const std::vector<envelope::CatalogService>& services);

// Fills in all but the digest, and the sender only where it says `as` whom it speaks. `unsaid …` is
// a route that isn't in it, but that the sender counts as announced; it comes into `unsaid`.
base::Result<envelope::Announce> read_speech(std::string_view text,
                                             std::vector<envelope::RouteEntry>& unsaid);

}  // namespace jetway::scenarios
