#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace command {

/// A longer line of output is text for the log, whatever stands in it.
inline constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20;

/// At most the first `max_bytes`, and no half character at the end of UTF-8.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);

/// What a line of a program's output tells the study.
struct OutputMessage {
  std::optional<std::int64_t> step;  ///< With it `values` is the one intermediate value of that step.
  std::optional<std::vector<double>> values;
  std::optional<std::vector<double>> constraints;
  std::optional<std::string> pruned;                ///< Why the program gave the trial up; may be empty.
  std::map<std::string, std::string> user_attrs{};  ///< Name → JSON text as Python writes it.
};

/// Reads a line. Nothing for one that is no JSON object with "value", "values", "constraints", "pruned" or
/// "user_attrs": other text for the log. NaN and Infinity are numbers, as Python writes them. Throws
/// FormatError with what is wrong with such an object: a value that is no number, a step that is none, "value"
/// and "values" at once, "values" of a step, more levels than tune::format::kMaxJsonDepth.
[[nodiscard]] std::optional<OutputMessage> read_message(std::string_view line);

/// Cuts text that comes in any portions into lines.
class LineBuffer {
 public:
  /// The lines that are complete now, without their ends. One that is too long is left out.
  [[nodiscard]] std::vector<std::string> add(std::string_view text);
  /// What came after the last end of a line.
  [[nodiscard]] std::optional<std::string> rest();

 private:
  std::string line_;
  bool is_too_long_ = false;
};

}  // namespace command
