// Bytes: views, owned and shared byte strings, and big-endian integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jetway::base {

using ByteView = std::span<const std::uint8_t>;
using Bytes = std::vector<std::uint8_t>;

// A view of bytes that somebody may keep: `view` lies inside `*owner`. With no owner the bytes are
// the caller's, and a receiver that keeps them copies them.
struct SharedView {
    ByteView view;
    std::shared_ptr<const Bytes> owner;
};

// A piece of a gathered write: bytes of its own or, when `own` is empty, a view with its owner. A
// view without an owner must stay good until the write is done.
struct Chunk {
    Bytes own;
    SharedView shared;

    ByteView view() const { return own.empty() ? shared.view : ByteView(own); }
};

inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Reads a big-endian integer of sizeof(T) bytes at `at`, which must be readable that far.
template <typename T>
T read_be(const std::uint8_t* at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value = (value << 8U) | at[i];
    }
    return static_cast<T>(value);
}

// Writes `value` big-endian into the sizeof(T) bytes at `at`.
template <typename T>
void write_be(std::uint8_t* at, T value) {
    auto rest = static_cast<std::uint64_t>(value);
    for (std::size_t i = sizeof(T); i > 0; --i) {
        at[i - 1] = static_cast<std::uint8_t>(rest & 0xffU);
        rest >>= 8U;
    }
}

inline void append(Bytes& to, ByteView bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace jetway::base
