#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/distribution.hpp"

namespace fmnist_tune {

/// An empty, a truth value, a number or a text.
using Cell = tune::ParamValue;

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;  ///< Each as long as `columns`.
};

/// Columns of characters for people: numbers to the right with six significant digits, texts to the left,
/// control characters made visible. Wider than `width` characters: the widest texts are cut first, then columns
/// are left out from the right, and a last line names them. No width: nothing is cut.
[[nodiscard]] std::string to_table(const Table& table, std::optional<std::size_t> width);

/// The same for a list of facts, a row each, without a heading.
[[nodiscard]] std::string to_fact_list(const std::vector<std::pair<std::string, std::string>>& facts,
                                       std::optional<std::size_t> width);

/// Columns of the terminal behind the standard output, or nothing when there is none.
[[nodiscard]] std::optional<std::size_t> output_width();

/// The number as a person reads it: six significant digits; `NaN`, `Infinity`, `-Infinity`.
[[nodiscard]] std::string readable(double number);

/// The text with control characters as \n, \x1b, …
[[nodiscard]] std::string printable(std::string_view text);

/// How many characters (code points) the UTF-8 text has.
[[nodiscard]] std::size_t character_count(std::string_view text);

/// At most `width` characters of the text; the last one is … when some are missing.
[[nodiscard]] std::string cut(const std::string& text, std::size_t width);

}  // namespace fmnist_tune
