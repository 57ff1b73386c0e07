#pragma once

#include <cstdint>
#include <span>

#include "tune/configuration.hpp"
#include "tune/history.hpp"

namespace tune {

/// Which configurations the trials of a study have, whatever their state, or must take as they wait, but for
/// the trial that asks.
///
/// With replicates only trials that are the same replicate of their configuration are compared.
class TakenConfigurations {
 public:
  TakenConfigurations(const History& history, TrialNumber asking, std::int64_t replicates)
      : history_(&history), asking_(asking.value), replicates_(replicates) {}

  /// Whether a trial has exactly these parameters, or waits to take them. O(d log n) and, for each trial that
  /// shares the rarest of the values, O(d); while trials wait O(n), and O(d) for each of those.
  [[nodiscard]] bool contains(std::span<const Param> params) const;

 private:
  [[nodiscard]] bool counts(std::uint32_t number) const;
  [[nodiscard]] bool is_prescribed(std::span<const Param> params) const;
  [[nodiscard]] bool has_exactly(std::uint32_t number, std::span<const Param> params) const;

  const History* history_;
  std::int64_t asking_;
  std::int64_t replicates_;
};

/// How many different configurations of `space` the trials have, and unfinished trials without parameters may
/// still take. O(n · d · log n).
[[nodiscard]] std::uint64_t count_taken(const History& history, const SearchSpace& space);

}  // namespace tune
