#pragma once

#include <cstdint>
#include <limits>

#include "tune/pruners/registry.hpp"

namespace tune {

/// Options of ThresholdPruner, named and preset as in Optuna 5.
struct ThresholdOptions {
  double lower = -std::numeric_limits<double>::infinity();  ///< A value below it prunes; not NaN.
  double upper = std::numeric_limits<double>::infinity();   ///< A value above it prunes; ≥ lower.
  std::int64_t n_warmup_steps = 0;                          ///< No pruning at steps below this, ≥ 0.
  std::int64_t interval_steps = 1;  ///< Steps between two checks, counted from the warm-up, ≥ 1.
};

/// Prunes a trial whose value at its largest step lies outside fixed bounds or is NaN (Optuna's
/// ThresholdPruner; no paper describes it). A value equal to a bound stays.
///
/// Other trials, and the direction of the study, do not matter. Reason of a prune: the value, the bound it
/// broke (NaN for a NaN), its step, n = 0. One objective only: throws InvalidArgument with several. O(1).
class ThresholdPruner final : public Pruner {
 public:
  /// Throws InvalidArgument when an option is out of range.
  explicit ThresholdPruner(ThresholdOptions options);

  [[nodiscard]] std::string_view name() const override { return "threshold"; }
  [[nodiscard]] PruneDecision decide(const PruningContext& context) const override;
  [[nodiscard]] bool uses_other_trials() const override { return false; }

 private:
  ThresholdOptions options_;
};

/// In a study file at least one of `lower` and `upper` must be given.
[[nodiscard]] PrunerEntry threshold_pruner_entry();

}  // namespace tune
