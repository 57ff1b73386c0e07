#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

/// Text as Python's `json.dumps` writes it, so that files compare equal byte for byte with Optuna's, and read
/// as `json.loads` reads it.
namespace tune::format {

/// Python's `repr(float)`: shortest round trip, exponent below 1e-4 and from 1e16, `.0` on whole numbers;
/// `NaN`, `Infinity`, `-Infinity` as json.dumps writes them.
[[nodiscard]] std::string python_float(double value);

/// A JSON string, quotes included, everything outside printable ASCII as \u escapes. Bytes that are not UTF-8
/// become U+FFFD.
[[nodiscard]] std::string python_string(std::string_view text);

/// Reads JSON in which NaN, Infinity and -Infinity may stand for numbers, as Python writes them. Members keep
/// their order. Gives a discarded value for anything else, and for what is nested deeper than Python reads
/// (1000).
[[nodiscard]] nlohmann::ordered_json parse_python_json(std::string_view text);

}  // namespace tune::format
