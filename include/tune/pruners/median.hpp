#pragma once

#include "tune/pruners/percentile.hpp"

namespace tune {

/// Options of MedianPruner, named and preset as in Optuna 5.
struct MedianOptions {
  std::int64_t n_startup_trials = 5;  ///< COMPLETE trials before pruning starts, ≥ 0.
  std::int64_t n_warmup_steps = 0;    ///< No pruning at steps below this, ≥ 0.
  std::int64_t interval_steps = 1;    ///< Steps between two checks, counted from the warm-up, ≥ 1.
  std::int64_t n_min_trials = 1;      ///< COMPLETE trials that must have reported at the step, ≥ 1.
};

/// The median stopping rule (Golovin et al., "Google Vizier", KDD 2017; Optuna's MedianPruner): the
/// percentile rule at 50. See PercentilePruner for NaN, ties and states.
class MedianPruner final : public PercentilePruner {
 public:
  explicit MedianPruner(MedianOptions options = {});
  [[nodiscard]] std::string_view name() const override { return "median"; }
};

[[nodiscard]] PrunerEntry median_pruner_entry();

}  // namespace tune
