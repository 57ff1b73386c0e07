#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tune::storages {

/// Whether Python's `json.loads` reads the text: JSON, with NaN and Infinity allowed as bare words.
[[nodiscard]] bool is_json(std::string_view text);

/// The members of a JSON object: decoded name and the untouched text of the value, in order of appearance, so
/// that numbers survive a rewrite digit by digit. Throws FormatError when the text is not an object.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> object_members(std::string_view text);

/// The object those members make.
[[nodiscard]] std::string object_from_members(const std::vector<std::pair<std::string, std::string>>& members);

}  // namespace tune::storages
