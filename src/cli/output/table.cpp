#include "cli/output/table.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fmnist_tune {
namespace {

constexpr std::string_view kGap = "  ";
/// A column is not cut below this; rather, columns are left out.
constexpr std::size_t kNarrowest = 8;

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

bool is_number(const Cell& cell) {
  return std::holds_alternative<std::int64_t>(cell) || std::holds_alternative<double>(cell);
}

std::string cell_text(const Cell& cell) {
  if (std::holds_alternative<std::monostate>(cell)) return "";
  if (const auto* number = std::get_if<double>(&cell)) return readable(*number);
  return printable(tune::to_text(cell));
}

/// One column, ready to print.
struct Laid {
  std::string name;
  std::vector<std::string> cells;
  bool to_the_right = false;
  std::size_t width = 0;
};

Laid lay_out(const Table& table, std::size_t column) {
  Laid laid{printable(table.columns[column]), {}, false, 0};
  std::size_t numbers = 0;
  std::size_t others = 0;
  laid.width = character_count(laid.name);
  for (const auto& row : table.rows) {
    const Cell& cell = row[column];
    laid.cells.push_back(cell_text(cell));
    laid.width = std::max(laid.width, character_count(laid.cells.back()));
    if (!std::holds_alternative<std::monostate>(cell)) ++(is_number(cell) ? numbers : others);
  }
  laid.to_the_right = numbers > 0 && others == 0;
  return laid;
}

std::size_t total_width(const std::vector<Laid>& columns) {
  return std::accumulate(columns.begin(), columns.end(), std::size_t{0},
                         [](std::size_t sum, const Laid& column) { return sum + column.width; }) +
         kGap.size() * (columns.empty() ? 0 : columns.size() - 1);
}

/// Narrows the widest text columns, one character at a time, until all fit or none can give more.
void narrow(std::vector<Laid>& columns, std::size_t width) {
  for (std::size_t total = total_width(columns); total > width; --total) {
    Laid* widest = nullptr;
    for (Laid& column : columns) {
      const bool can_give = !column.to_the_right && column.width > kNarrowest;
      if (can_give && (widest == nullptr || column.width > widest->width)) widest = &column;
    }
    if (widest == nullptr) return;
    --widest->width;
  }
}

/// Takes columns away from the right until the rest fits; returns their names.
std::vector<std::string> leave_out(std::vector<Laid>& columns, std::size_t width) {
  std::vector<std::string> names;
  while (columns.size() > 1 && total_width(columns) > width) {
    names.insert(names.begin(), columns.back().name);
    columns.pop_back();
  }
  return names;
}

std::string padded(const std::string& text, const Laid& column, bool last) {
  const std::string shown = cut(text, column.width);
  const std::string blanks(column.width - character_count(shown), ' ');
  if (column.to_the_right) return blanks + shown;
  return last ? shown : shown + blanks;
}

template <typename Pick>
std::string line(const std::vector<Laid>& columns, const Pick& pick) {
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) text += kGap;
    text += padded(pick(columns[i]), columns[i], i + 1 == columns.size());
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::string rows_text(const std::vector<Laid>& columns, std::size_t n_rows) {
  std::string text;
  for (std::size_t row = 0; row < n_rows; ++row) {
    text += line(columns, [row](const Laid& column) { return column.cells[row]; });
  }
  return text;
}

std::string rule(const std::vector<Laid>& columns) {
  return line(columns, [](const Laid& column) { return std::string(column.width, '-'); });
}

}  // namespace

std::string readable(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return fmt::format("{:.6g}", number);
}

std::string printable(std::string_view text) {
  constexpr unsigned char kLatin = 0xC2;  // Begins U+0080 … U+00BF, whose first half controls terminals too.
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto code = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
    if (text[i] == '\n') {
      shown += "\\n";
    } else if (code < 0x20 || code == 0x7F) {
      shown += fmt::format("\\x{:02x}", code);
    } else if (code == kLatin && next >= 0x80 && next < 0xA0) {
      shown += fmt::format("\\u{:04x}", next);
      ++i;
    } else {
      shown += text[i];
    }
  }
  return shown;
}

std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !is_continuation(byte); }));
}

std::string cut(const std::string& text, std::size_t width) {
  if (character_count(text) <= width) return text;
  if (width == 0) return "";
  std::size_t end = 0;
  for (std::size_t kept = 0; end < text.size(); ++end) {
    if (!is_continuation(text[end]) && kept++ == width - 1) break;
  }
  return text.substr(0, end) + "…";
}

std::string to_table(const Table& table, std::optional<std::size_t> width) {
  std::vector<Laid> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) columns.push_back(lay_out(table, i));
  std::vector<std::string> left_out;
  if (width) {
    narrow(columns, *width);
    left_out = leave_out(columns, *width);
  }
  std::string text = line(columns, [](const Laid& column) { return column.name; }) + rule(columns) +
                     rows_text(columns, table.rows.size());
  if (!left_out.empty()) text += fmt::format("not shown: {}\n", fmt::join(left_out, ", "));
  return text;
}

std::string to_fact_list(const std::vector<std::pair<std::string, std::string>>& facts,
                         std::optional<std::size_t> width) {
  Table table{{"", ""}, {}};
  for (const auto& [name, value] : facts) table.rows.push_back({name, value});
  std::vector<Laid> columns = {lay_out(table, 0), lay_out(table, 1)};
  if (width) narrow(columns, *width);
  return rows_text(columns, facts.size());
}

std::optional<std::size_t> output_width() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return std::nullopt;
  }
  return size.ws_col;
}

}  // namespace fmnist_tune
