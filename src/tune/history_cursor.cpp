#include "tune/history_cursor.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tune/error.hpp"

namespace tune {
namespace {

std::vector<NumberRange>& ranges_for(HistoryCursor& cursor, const HistoryView& history, std::size_t number) {
  const TrialState state = history.state(number);
  if (is_finished(state)) return cursor.finished;
  if (state == TrialState::kWaiting) return cursor.waiting;
  return history.record(number).columns.empty() ? cursor.open : cursor.running;
}

std::string text_of(const std::vector<NumberRange>& ranges) {
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
std::vector<NumberRange> ranges_from(std::string_view whole) {
  std::vector<NumberRange> ranges;
  std::string_view rest = whole;
  while (!rest.empty()) {
    if (!ranges.empty()) {
      if (rest.front() != ',') refuse(whole);
      rest.remove_prefix(1);
    }
    NumberRange range;
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

void append(std::vector<NumberRange>& ranges, std::size_t number) {
  if (!ranges.empty() && ranges.back().last + 1 == number) {
    ranges.back().last = number;
  } else {
    ranges.push_back({number, number});
  }
}

HistoryCursor cursor_of(const HistoryView& history, TrialNumber asking) {
  HistoryCursor cursor;
  const std::size_t n_settled = history.n_settled();
  if (n_settled > 0) cursor.finished.push_back({0, n_settled - 1});
  for (std::size_t number = n_settled; number < history.size(); ++number) {
    if (static_cast<std::int64_t>(number) == asking.value) continue;
    append(ranges_for(cursor, history, number), number);
  }
  return cursor;
}

std::string to_json(const SuggestionRecord& record) {
  std::string members;
  const auto add = [&](const char* name, const std::string& value) {
    members += fmt::format("{}\"{}\": {}", members.empty() ? "" : ", ", name, value);
  };
  const auto add_ranges = [&](const char* name, const std::vector<NumberRange>& ranges) {
    if (!ranges.empty()) add(name, '"' + text_of(ranges) + '"');
  };
  add_ranges("finished", record.cursor.finished);
  add_ranges("running", record.cursor.running);
  add_ranges("open", record.cursor.open);
  add_ranges("waiting", record.cursor.waiting);
  if (!record.given.empty()) add("given", nlohmann::json(record.given).dump());
  if (record.n_redraws > 0) add("redraws", std::to_string(record.n_redraws));
  if (record.is_moved) add("moved", "true");
  add_ranges("costly", record.costly);
  return "{" + members + "}";
}

SuggestionRecord suggestion_from_json(std::string_view text) {
  using Json = nlohmann::json;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) refuse(text);
  try {
    return {{ranges_from(json.value("finished", "")), ranges_from(json.value("running", "")),
             ranges_from(json.value("open", "")), ranges_from(json.value("waiting", ""))},
            json.value("given", std::vector<std::string>()),
            json.value("redraws", std::uint64_t{0}),
            json.value("moved", false),
            ranges_from(json.value("costly", ""))};
  } catch (const Json::exception&) {
    refuse(text);
  }
}

}  // namespace tune
