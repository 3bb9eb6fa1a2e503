// Directories of 9P services. One is read whole before its first entry is given, and kept while it
// is open: so an instance that goes away in the middle is replaced by another from the beginning,
// nothing is given twice, and any entry can be gone on from. What a listing may take is bounded.
#pragma once

#include <memory>
#include <vector>

#include "ninep/mounted_file.h"

namespace jetway::ninep {

// Reads all entries of the place, which is open, into `listing`.
void load_listing(const std::shared_ptr<Place>& place, const Place::AttemptPtr& attempt,
                  const std::shared_ptr<MountedFile::Listing>& listing,
                  const Instance::Then<Done>& then);

// The entries behind the cookie, which is a place in the listing, as many as were asked for.
void give_entries(const std::shared_ptr<Place>& place, const Place::AttemptPtr& attempt,
                  const std::shared_ptr<const MountedFile::Listing>& listing,
                  const DirectoryRead& what, const Reply<std::vector<DirectoryEntry>>& reply);

}  // namespace jetway::ninep
