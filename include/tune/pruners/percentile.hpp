#pragma once

#include <cstdint>

#include "tune/pruners/registry.hpp"

namespace tune {

/// Options of PercentilePruner, named and preset as in Optuna 5.
struct PercentileOptions {
  double percentile = 25.0;           ///< Share of trials to keep, in [0, 100].
  std::int64_t n_startup_trials = 5;  ///< COMPLETE trials before pruning starts, ≥ 0.
  std::int64_t n_warmup_steps = 0;    ///< No pruning at steps below this, ≥ 0.
  std::int64_t interval_steps = 1;    ///< Steps between two checks, counted from the warm-up, ≥ 1.
  std::int64_t n_min_trials = 1;      ///< COMPLETE trials that must have reported at the step, ≥ 1.
};

/// Prunes a trial whose best intermediate value so far is worse than the percentile of what the COMPLETE
/// trials had reported at the same step (Optuna's PercentilePruner: linear interpolation, NaN ignored). The
/// median stopping rule of Golovin et al., "Google Vizier", KDD 2017, for any percentile.
///
/// Equal to the percentile stays. A trial that reported only NaN is pruned; NaN reports among others are
/// ignored. PRUNED, FAIL and RUNNING trials do not count. One objective only: throws InvalidArgument with
/// several. O(n) for n trials.
class PercentilePruner : public Pruner {
 public:
  /// Throws InvalidArgument when an option is out of range.
  explicit PercentilePruner(PercentileOptions options = {});

  [[nodiscard]] std::string_view name() const override { return "percentile"; }
  [[nodiscard]] PruneDecision decide(const PruningContext& context) const override;
  [[nodiscard]] const PercentileOptions& options() const { return options_; }

 private:
  PercentileOptions options_;
};

[[nodiscard]] PrunerEntry percentile_pruner_entry();

}  // namespace tune
