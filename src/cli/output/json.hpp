#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tune/distribution.hpp"

/// JSON that every parser reads: numbers that JSON does not know are the strings "NaN", "Infinity" and
/// "-Infinity", bytes that are not UTF-8 become U+FFFD.
namespace fmnist_tune {

/// Keeps the order of its members.
using Json = nlohmann::ordered_json;

[[nodiscard]] Json json_number(double number);
[[nodiscard]] Json json_value(const tune::ParamValue& value);

/// JSON text from a storage, where Python may have written NaN as a bare word. What cannot be read at all is
/// handed on as a string.
[[nodiscard]] Json json_of_attribute(std::string_view text);

/// The document with a line end, two blanks a level.
[[nodiscard]] std::string to_text(const Json& document);

}  // namespace fmnist_tune
