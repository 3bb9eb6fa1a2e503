// Layout: which fields a message has, in which order: the table that messages are read and written
// by (message.cpp). Nobody else needs it.
#pragma once

#include <variant>
#include <vector>

#include "ninep/message.h"

namespace jetway::ninep {

// What a field of a layout is, by where it goes in a Message.
struct DataField {};  // count[4] data[count]
struct SizedStat {};  // n[2] stat[n]
struct OnlyLinux {    // in .L alone
    std::uint32_t Message::*number;
};
struct Perhaps {  // may be missing at the end
    std::uint32_t Message::*number;
};
struct GetLock {};  // a Lock without its flags
using Field =
    std::variant<std::uint8_t Message::*, std::uint16_t Message::*, std::uint32_t Message::*,
                 std::uint64_t Message::*, std::string_view Message::*, Qid Message::*,
                 Sixteen<std::string_view> Message::*, Sixteen<Qid> Message::*,
                 Attributes Message::*, NewAttributes Message::*, FileSystem Message::*,
                 Lock Message::*, DataField, SizedStat, OnlyLinux, Perhaps, GetLock>;

enum class In : std::uint8_t { both, plain, linux };

struct Layout {
    Type type;
    const char* name;
    In in;
    std::vector<Field> fields;  // in their order, behind size, type and tag
};

// Null: no message has that type.
const Layout* layout_of(Type type);
bool has(In in, Dialect dialect);

}  // namespace jetway::ninep
