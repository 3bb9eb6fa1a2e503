// What a router answers, written as JSON.
#pragma once

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "envelope/json.h"

namespace jetway::console::tests {

using envelope::Json;

inline Json json(const std::string& text) {
    auto value = envelope::parse_json(text);
    REQUIRE(value);
    return std::move(value.value());
}

}  // namespace jetway::console::tests
