#include "tune/history_cursor.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tune/error.hpp"

namespace tune {
namespace {

void append(std::vector<TrialRange>& ranges, std::size_t number) {
  if (!ranges.empty() && ranges.back().last + 1 == number) {
    ranges.back().last = number;
  } else {
    ranges.push_back({number, number});
  }
}

std::string text_of(const std::vector<TrialRange>& ranges) {
  std::string text;
  for (const auto& [first, last] : ranges) {
    if (!text.empty()) text += ',';
    fmt::format_to(std::back_inserter(text), "{}", first);
    if (last != first) fmt::format_to(std::back_inserter(text), "-{}", last);
  }
  return text;
}

[[noreturn]] void refuse(std::string_view text) {
  throw FormatError(fmt::format("what a suggestion could see cannot be read: {:.200}", text));
}

std::size_t read_number(std::string_view& rest, std::string_view whole) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc()) refuse(whole);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return number;
}

/// Ascending, not touching.
std::vector<TrialRange> ranges_from(std::string_view whole) {
  std::vector<TrialRange> ranges;
  std::string_view rest = whole;
  while (!rest.empty()) {
    if (!ranges.empty()) {
      if (rest.front() != ',') refuse(whole);
      rest.remove_prefix(1);
    }
    TrialRange range;
    range.first = range.last = read_number(rest, whole);
    if (rest.starts_with('-')) {
      rest.remove_prefix(1);
      range.last = read_number(rest, whole);
    }
    if (range.last < range.first || (!ranges.empty() && range.first <= ranges.back().last)) refuse(whole);
    ranges.push_back(range);
  }
  return ranges;
}

}  // namespace

HistoryCursor cursor_of(const History& history, TrialNumber asking) {
  HistoryCursor cursor;
  const std::size_t n_settled = history.n_settled();
  if (n_settled > 0) cursor.finished.push_back({0, n_settled - 1});
  for (std::size_t number = n_settled; number < history.size(); ++number) {
    if (is_finished(history.state(number))) append(cursor.finished, number);
  }
  for (const std::uint32_t number : history.running()) {
    if (static_cast<std::int64_t>(number) != asking.value) append(cursor.running, number);
  }
  return cursor;
}

std::string to_json(const SuggestionRecord& record) {
  std::string text = fmt::format(R"({{"finished": "{}")", text_of(record.cursor.finished));
  if (!record.cursor.running.empty())
    text += fmt::format(R"(, "running": "{}")", text_of(record.cursor.running));
  if (record.n_redraws > 0) text += fmt::format(R"(, "redraws": {})", record.n_redraws);
  if (record.is_moved) text += R"(, "moved": true)";
  return text + "}";
}

SuggestionRecord suggestion_from_json(std::string_view text) {
  using Json = nlohmann::json;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) refuse(text);
  try {
    return {{ranges_from(json.value("finished", "")), ranges_from(json.value("running", ""))},
            json.value("redraws", std::uint64_t{0}),
            json.value("moved", false)};
  } catch (const Json::exception&) {
    refuse(text);
  }
}

}  // namespace tune
