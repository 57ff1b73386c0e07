#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tune/history.hpp"

namespace tune {

/// Numbers first … last.
struct NumberRange {
  std::size_t first = 0;
  std::size_t last = 0;

  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};

/// What a suggestion could see of a history: which trials were finished, ran or waited. What they had never
/// changes from then on, so that the ranges are all there is to remember.
struct HistoryCursor {
  std::vector<NumberRange> finished;
  std::vector<NumberRange> running;  ///< With parameters.
  std::vector<NumberRange> open;     ///< Running, but without parameters yet.
  std::vector<NumberRange> waiting;

  friend bool operator==(const HistoryCursor&, const HistoryCursor&) = default;
};

/// What is stored with a suggestion, so that it can be computed again.
struct SuggestionRecord {
  HistoryCursor cursor;
  std::vector<std::string> given;  ///< Parameters that the trial was enqueued with.
  std::uint64_t n_redraws = 0;
  bool is_moved = false;
  /// Which of the sampler's questions for what is affordable, counted from 0, were answered with no.
  std::vector<NumberRange> costly;

  friend bool operator==(const SuggestionRecord&, const SuggestionRecord&) = default;
};

/// Adds a number larger than all of the ranges.
void append(std::vector<NumberRange>& ranges, std::size_t number);

/// The trials but for the one that asks, as the view shows them, whatever their group. O(1) for the finished
/// ones in front of all others, O(n) for the rest.
[[nodiscard]] HistoryCursor cursor_of(const HistoryView& history, TrialNumber asking);

/// As `{"finished": "0-37,39", "running": "38"}`; what is empty or 0 is left out. The other members: `open`,
/// `waiting`, `given` (a list of names), `redraws`, `moved` and `costly`.
[[nodiscard]] std::string to_json(const SuggestionRecord& record);
/// Throws FormatError.
[[nodiscard]] SuggestionRecord suggestion_from_json(std::string_view text);

}  // namespace tune
