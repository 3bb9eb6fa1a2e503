// Fields of an answer: what is missing or of another type is empty, 0 or false, since a router of
// another version may know less.
#pragma once

#include <cstdint>
#include <string>

#include "envelope/json.h"

namespace jetway::console {

std::string text_at(const envelope::Json& object, const std::string& key);
std::uint64_t number_at(const envelope::Json& object, const std::string& key);
bool flag_at(const envelope::Json& object, const std::string& key);
const envelope::Json& object_at(const envelope::Json& object, const std::string& key);
const envelope::Json& list_at(const envelope::Json& object, const std::string& key);
// "a, b" of an array of texts.
std::string joined_at(const envelope::Json& object, const std::string& key);

}  // namespace jetway::console
