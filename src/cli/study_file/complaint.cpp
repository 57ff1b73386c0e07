#include "cli/study_file/complaint.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace fmnist_tune {
namespace {

/// What a slip of the fingers can do: more differences than this and the names are simply different.
constexpr std::size_t kMaxSlips = 2;
/// Longer names are not compared: no known name is as long, and the comparison is quadratic.
constexpr std::size_t kMaxComparedLength = 64;
constexpr std::size_t kMaxComparedNames = 200;
/// A longer list helps nobody.
constexpr std::size_t kMaxListedNames = 50;

std::string all_lines(std::string_view source, const std::vector<Complaint>& complaints) {
  std::string text;
  for (const Complaint& complaint : complaints) {
    text += (text.empty() ? "" : "\n") + to_text(complaint, source);
  }
  return text;
}

/// Levenshtein distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string to_text(const Complaint& complaint, std::string_view source) {
  const std::string where = complaint.line == 0 ? "" : fmt::format("{}:{}: ", complaint.line, complaint.column);
  const std::string pointer = complaint.pointer.empty() ? "" : complaint.pointer + ": ";
  return fmt::format("{}:{}{}{}expected {}, found {}", source, where.empty() ? " " : "", where, pointer,
                     complaint.expected, complaint.found);
}

StudyFileError::StudyFileError(std::string_view source, std::vector<Complaint> complaints)
    : tune::InvalidArgument(all_lines(source, complaints)), complaints_(std::move(complaints)) {}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  if (name.size() > kMaxComparedLength) return {};
  const std::string* nearest = nullptr;
  std::size_t fewest = std::min(kMaxSlips, name.size() / 2) + 1;
  for (std::size_t i = 0; i < std::min(known.size(), kMaxComparedNames); ++i) {
    const std::string& candidate = known[i];
    const std::size_t slips = edit_distance(name, candidate);
    if (slips < fewest) {
      fewest = slips;
      nearest = &candidate;
    }
  }
  return nearest == nullptr ? std::string() : fmt::format(" (did you mean \"{}\"?)", *nearest);
}

std::string listed(const std::vector<std::string>& names, bool quoted) {
  std::string text;
  const std::size_t shown = std::min(names.size(), kMaxListedNames);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += quoted ? fmt::format("\"{}\"", names[i]) : names[i];
  }
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

}  // namespace fmnist_tune
