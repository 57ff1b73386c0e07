#pragma once

#include <cstdint>
#include <optional>

#include "tune/pruners/pruner.hpp"

/// The steps of the Wilcoxon pruner, each callable alone.
namespace tune::pruners {

/// A trial held against the best one.
struct BestTrialComparison {
  double p_value = 1.0;          ///< That the best trial is no better, by the steps in common.
  bool mean_is_as_good = false;  ///< As that of the best trial, over all reports of each.
};

/// The feasible COMPLETE trial with the best value, the lowest number on ties; nothing without one.
[[nodiscard]] std::optional<std::size_t> best_complete_trial(const HistoryView& history, bool maximize);

/// Nothing when there is no best trial, one of the two has reported nothing or something that is not finite, or
/// the steps in common are fewer than `min_steps` or 2.
[[nodiscard]] std::optional<BestTrialComparison> compare_with_best(const PruningContext& context,
                                                                   std::int64_t min_steps);

}  // namespace tune::pruners
