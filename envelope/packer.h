// Packer: msgpack-c's packer, writing into Bytes. It appends; what is there stays.
#pragma once

#include <msgpack.hpp>

#include "base/bytes.h"

namespace jetway::envelope {

// The stream that msgpack-c's packer asks for.
class BytesSink {
public:
    explicit BytesSink(base::Bytes& to) : to_(&to) {}
    void write(const char* data, std::size_t size) {
        base::append(*to_, base::as_bytes({data, size}));
    }

private:
    base::Bytes* to_;
};

class Packer {
public:
    explicit Packer(base::Bytes& to) : sink_(to), packer_(sink_) {}
    Packer(const Packer&) = delete;
    Packer& operator=(const Packer&) = delete;

    Packer& map(std::size_t entries) {
        packer_.pack_map(static_cast<std::uint32_t>(entries));
        return *this;
    }
    Packer& array(std::size_t elements) {
        packer_.pack_array(static_cast<std::uint32_t>(elements));
        return *this;
    }
    Packer& text(std::string_view text) {
        packer_.pack_str(static_cast<std::uint32_t>(text.size()));
        packer_.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
        return *this;
    }
    Packer& binary(base::ByteView bytes) {
        packer_.pack_bin(static_cast<std::uint32_t>(bytes.size()));
        packer_.pack_bin_body(base::as_text(bytes).data(),
                              static_cast<std::uint32_t>(bytes.size()));
        return *this;
    }
    Packer& number(std::uint64_t value) {
        packer_.pack(value);
        return *this;
    }
    Packer& boolean(bool value) {
        packer_.pack(value);
        return *this;
    }
    // One or more whole values that are msgpack already.
    Packer& raw(base::ByteView values) {
        sink_.write(base::as_text(values).data(), values.size());
        return *this;
    }

private:
    BytesSink sink_;
    msgpack::packer<BytesSink> packer_;
};

}  // namespace jetway::envelope
