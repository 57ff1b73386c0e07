#include "cli/output/csv.hpp"

namespace fmnist_tune {
namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string field = "\"";
  for (char byte : text) {
    if (byte == '"') field += '"';
    field += byte;
  }
  return field + '"';
}

std::string field(const Cell& cell) {
  return std::holds_alternative<std::monostate>(cell) ? "" : quoted(tune::to_text(cell));
}

}  // namespace

std::string to_csv(const Table& table) {
  std::string text;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    text += (i > 0 ? "," : "") + quoted(table.columns[i]);
  }
  text += '\n';
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) text += (i > 0 ? "," : "") + field(row[i]);
    text += '\n';
  }
  return text;
}

}  // namespace fmnist_tune
