#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tune/history.hpp"
#include "tune/samplers/configuration.hpp"

namespace tune {

/// Which configurations the trials of a study have, whatever their state, or must take as they wait, but for
/// the trial that asks.
///
/// Holds until the history changes; for one thread. With replicates only trials that are the same replicate of
/// their configuration are compared.
class TakenConfigurations {
 public:
  TakenConfigurations(const History& history, TrialNumber asking, std::int64_t replicates)
      : history_(&history), asking_(asking.value), replicates_(replicates) {}

  /// Whether a trial has exactly these parameters, or waits to take them. O(d log n) and, for each trial that
  /// shares the rarest of the values or waits, O(d). Reads what waits when it is first asked.
  [[nodiscard]] bool contains(std::span<const Param> params) const;

 private:
  [[nodiscard]] bool counts(std::uint32_t number) const;
  [[nodiscard]] bool is_prescribed(std::span<const Param> params) const;
  [[nodiscard]] bool has_exactly(std::uint32_t number, std::span<const Param> params) const;

  [[nodiscard]] std::vector<ParamValues> read_prescribed() const;

  const History* history_;
  std::int64_t asking_;
  std::int64_t replicates_;
  mutable std::optional<std::vector<ParamValues>> prescribed_;  ///< What waiting trials must take.
};

/// How many different configurations of `space` the trials have, and unfinished trials without parameters may
/// still take. O(n · d · log n).
[[nodiscard]] std::uint64_t count_taken(const History& history, const SearchSpace& space);

}  // namespace tune
