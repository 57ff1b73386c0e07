#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tune/history.hpp"

namespace tune {

/// Trials first … last.
struct TrialRange {
  std::size_t first = 0;
  std::size_t last = 0;

  friend bool operator==(const TrialRange&, const TrialRange&) = default;
};

/// What a suggestion could see of a history: which trials were finished, ran or waited. What they had never
/// changes from then on, so that the ranges are all there is to remember.
struct HistoryCursor {
  std::vector<TrialRange> finished;
  std::vector<TrialRange> running;  ///< With parameters.
  std::vector<TrialRange> open;     ///< Running, but without parameters yet.
  std::vector<TrialRange> waiting;

  friend bool operator==(const HistoryCursor&, const HistoryCursor&) = default;
};

/// What is stored with a suggestion, so that it can be computed again.
struct SuggestionRecord {
  HistoryCursor cursor;
  std::vector<std::string> given;  ///< Parameters that the trial was enqueued with.
  std::uint64_t n_redraws = 0;
  bool is_moved = false;

  friend bool operator==(const SuggestionRecord&, const SuggestionRecord&) = default;
};

/// The trials but for the one that asks, as the view shows them, whatever their group. O(1) for the finished
/// ones in front of all others, O(n) for the rest.
[[nodiscard]] HistoryCursor cursor_of(const HistoryView& history, TrialNumber asking);

/// As `{"finished": "0-37,39", "running": "38"}`; what is empty or 0 is left out. The other members: `open`,
/// `waiting`, `given` (a list of names), `redraws` and `moved`.
[[nodiscard]] std::string to_json(const SuggestionRecord& record);
/// Throws FormatError.
[[nodiscard]] SuggestionRecord suggestion_from_json(std::string_view text);

}  // namespace tune
