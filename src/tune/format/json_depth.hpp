#pragma once

#include <cstddef>
#include <string_view>

namespace tune::format {

/// What is nested deeper is not read, as by Python's json.loads: nlohmann calls itself for each level when it
/// writes or copies a value, and some ten thousand end the stack.
inline constexpr std::size_t kMaxJsonDepth = 1000;

/// How deep the objects and lists of the text are nested; 0 for a number. Of text that is no JSON, at least as
/// deep as a parser may get before it sees that. One pass, no memory.
[[nodiscard]] std::size_t json_depth(std::string_view text);

/// Whether the text is nested deeper than is read. What has fewer characters than levels are allowed is not
/// looked at.
[[nodiscard]] inline bool is_too_deep(std::string_view text) {
  return text.size() > kMaxJsonDepth && json_depth(text) > kMaxJsonDepth;
}

}  // namespace tune::format
