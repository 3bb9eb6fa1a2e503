#include "envelope/cursor.h"

#include <limits>

namespace jetway::envelope {

namespace {

struct Format {
    Cursor::Type type;
    std::uint8_t extra;  // bytes of length, or of a number, after the first byte
    bool counts;         // the extra bytes are a length or count; else they are the value itself
    std::uint8_t fixed;  // payload bytes known from the first byte alone
};

using Type = Cursor::Type;

// The formats from 0xc0 to 0xdf, in order.
constexpr Format formats[32] = {
    {Type::nil, 0, false, 0},        {Type::none, 0, false, 0},      {Type::boolean, 0, false, 0},
    {Type::boolean, 0, false, 0},    {Type::binary, 1, true, 0},     {Type::binary, 2, true, 0},
    {Type::binary, 4, true, 0},      {Type::extension, 1, true, 1},  {Type::extension, 2, true, 1},
    {Type::extension, 4, true, 1},   {Type::real, 0, false, 4},      {Type::real, 0, false, 8},
    {Type::integer, 0, false, 1},    {Type::integer, 0, false, 2},   {Type::integer, 0, false, 4},
    {Type::integer, 0, false, 8},    {Type::integer, 0, false, 1},   {Type::integer, 0, false, 2},
    {Type::integer, 0, false, 4},    {Type::integer, 0, false, 8},   {Type::extension, 0, false, 2},
    {Type::extension, 0, false, 3},  {Type::extension, 0, false, 5}, {Type::extension, 0, false, 9},
    {Type::extension, 0, false, 17}, {Type::text, 1, true, 0},       {Type::text, 2, true, 0},
    {Type::text, 4, true, 0},        {Type::array, 2, true, 0},      {Type::array, 4, true, 0},
    {Type::map, 2, true, 0},         {Type::map, 4, true, 0},
};

std::uint64_t read_count(const std::uint8_t* at, std::uint8_t size) {
    switch (size) {
        case 1:
            return *at;
        case 2:
            return base::read_be<std::uint16_t>(at);
        default:
            return base::read_be<std::uint32_t>(at);
    }
}

}  // namespace

Cursor::Type Cursor::type() const {
    if (at_ >= bytes_.size()) {
        return Type::none;
    }
    const std::uint8_t first = bytes_[at_];
    if (first < 0x80 || first >= 0xe0) {
        return Type::integer;
    }
    if (first < 0x90) {
        return Type::map;
    }
    if (first < 0xa0) {
        return Type::array;
    }
    if (first < 0xc0) {
        return Type::text;
    }
    return formats[first - 0xc0].type;
}

bool Cursor::read_head(Head& head) const {
    if (at_ >= bytes_.size()) {
        return false;
    }
    const std::size_t left = bytes_.size() - at_;
    const std::uint8_t first = bytes_[at_];
    head = {.type = type(), .payload = 0, .children = 0, .size = 1};
    if (first >= 0xc0 && first < 0xe0) {
        const Format& format = formats[first - 0xc0];
        if (format.type == Type::none || left < 1U + format.extra) {
            return false;
        }
        head.size = 1U + format.extra;
        head.payload = format.fixed;
        if (format.counts) {
            const std::uint64_t count = read_count(bytes_.data() + at_ + 1, format.extra);
            if (format.type == Type::array) {
                head.children = count;
            } else if (format.type == Type::map) {
                head.children = 2 * count;
            } else {
                head.payload += count;
            }
        }
    } else if (first >= 0xa0 && first < 0xc0) {
        head.payload = first & 0x1fU;
    } else if (first >= 0x90 && first < 0xa0) {
        head.children = first & 0x0fU;
    } else if (first >= 0x80 && first < 0x90) {
        head.children = std::uint64_t{2} * (first & 0x0fU);
    }
    return head.payload <= left - head.size;
}

bool Cursor::take(Type type, Head& head) {
    if (!read_head(head) || head.type != type) {
        return false;
    }
    at_ += head.size;
    return true;
}

bool Cursor::read_long_map(std::uint32_t& entries) {
    Head head;
    if (!take(Type::map, head)) {
        return false;
    }
    entries = static_cast<std::uint32_t>(head.children / 2);
    return true;
}

bool Cursor::read_array(std::uint32_t& elements) {
    Head head;
    if (!take(Type::array, head)) {
        return false;
    }
    elements = static_cast<std::uint32_t>(head.children);
    return true;
}

bool Cursor::read_long_text(std::string_view& text) {
    Head head;
    if (!take(Type::text, head)) {
        return false;
    }
    text = base::as_text(bytes_.subspan(at_, head.payload));
    at_ += head.payload;
    return true;
}

bool Cursor::read_binary(base::ByteView& bytes) {
    Head head;
    if (!take(Type::binary, head)) {
        return false;
    }
    bytes = bytes_.subspan(at_, head.payload);
    at_ += head.payload;
    return true;
}

bool Cursor::read_unsigned(std::uint64_t& value) {
    Head head;
    if (!read_head(head) || head.type != Type::integer) {
        return false;
    }
    const std::uint8_t first = bytes_[at_];
    const std::uint8_t* number = bytes_.data() + at_ + head.size;
    std::uint64_t read = 0;
    switch (first) {
        case 0xcc:
            read = *number;
            break;
        case 0xcd:
            read = base::read_be<std::uint16_t>(number);
            break;
        case 0xce:
            read = base::read_be<std::uint32_t>(number);
            break;
        case 0xcf:
            read = base::read_be<std::uint64_t>(number);
            break;
        case 0xd0:
        case 0xd1:
        case 0xd2:
        case 0xd3:  // signed: the first bit of the number is its sign
            if ((*number & 0x80U) != 0) {
                return false;
            }
            for (std::uint64_t i = 0; i < head.payload; ++i) {
                read = (read << 8U) | number[i];
            }
            break;
        default:
            if (first >= 0xe0) {
                return false;
            }
            read = first;
    }
    value = read;
    at_ += head.size + head.payload;
    return true;
}

bool Cursor::read_boolean(bool& value) {
    if (type() != Type::boolean) {
        return false;
    }
    value = bytes_[at_] == 0xc3;
    ++at_;
    return true;
}

bool Cursor::skip() {
    const std::size_t start = at_;
    std::uint64_t values = 1;  // each costs at least one byte, so this loop ends with the input
    while (values > 0) {
        Head head;
        if (!read_head(head) || head.children > bytes_.size()) {
            at_ = start;
            return false;
        }
        at_ += head.size + head.payload;
        values += head.children;
        --values;
    }
    return true;
}

bool Cursor::read_raw(base::ByteView& raw) {
    const std::size_t start = at_;
    if (!skip()) {
        return false;
    }
    raw = bytes_.subspan(start, at_ - start);
    return true;
}

}  // namespace jetway::envelope
