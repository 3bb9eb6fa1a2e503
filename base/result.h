// Result: a value or an Error, for everything that a peer, a file or the system can cause.
//
// Spelled like std::expected, which g++ 12 has in C++23 only. Pass an error on with
// `if (!x) { return x.error(); }`. What only a bug can cause is `ensure` (ensure.h) instead.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace jetway::base {

// What went wrong: `code` is a stable word of docs/protocol.md or of the errno table, `detail` says
// what was expected and what to do.
struct Error {
    std::string code;
    std::string detail;
};

template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& value() { return std::get<0>(state_); }
    const T& value() const { return std::get<0>(state_); }
    T& operator*() { return value(); }
    const T& operator*() const { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Error& error() const { return std::get<1>(state_); }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool has_value() const { return !error_.has_value(); }
    explicit operator bool() const { return has_value(); }
    const Error& error() const { return *error_; }

private:
    std::optional<Error> error_;
};

}  // namespace jetway::base
