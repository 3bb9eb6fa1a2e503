// The errors of 9P: a code of the errno table, its number in 9P2000.L, and the words that 9P2000
// clients know it by: the Linux kernel turns these back into the number, and shows any others as
// "Unknown error 526".
//
// Within Jetway an error is base::Error{code, detail}. With a detail, that is what a 9P2000 client
// reads: the details of a refused command, or what a 9P2000 instance said.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace jetway::ninep {

// The number of a code in 9P2000.L; EIO's for a code that isn't in the table.
std::uint32_t number_of(std::string_view code);
// What a 9P2000 client is told: the detail, or the code's words.
std::string words_of(const base::Error& error);

// What an instance said, as an Error. A number or words that aren't known become EIO; the words
// stay as the detail, cut to 255 bytes, where they are not the code's own.
base::Error from_number(std::uint32_t number);
base::Error from_words(std::string_view words);

inline base::Error error(std::string code, std::string detail = {}) {
    return {std::move(code), std::move(detail)};
}

}  // namespace jetway::ninep
