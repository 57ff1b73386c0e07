#pragma once

#include <cstdint>
#include <optional>

#include "tune/pruners/registry.hpp"

namespace tune {

/// Options of HyperbandPruner, named and preset as in Optuna 5.
struct HyperbandOptions {
  std::int64_t min_resource = 1;               ///< Smallest step of a decision, ≥ 1.
  std::optional<std::int64_t> max_resource{};  ///< Largest step of a trial, ≥ 1; none is "auto".
  std::int64_t reduction_factor = 3;           ///< One in so many goes on from a rung, ≥ 2.
  std::int64_t bootstrap_count = 0;  ///< Trials a rung needs before one goes on, ≥ 0; 0 with "auto".
};

/// Hyperband (Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", JMLR 18,
/// 2018; Optuna's HyperbandPruner): ⌊log(max_resource / min_resource) / log(reduction_factor)⌋ + 1 brackets,
/// each a SuccessiveHalvingPruner that begins one rung later than the one before. A trial's bracket follows
/// from the study's name and its number alone. Trials compete within their bracket, and samplers are shown only
/// the bracket of the trial that asks.
///
/// Without brackets (max_resource below min_resource) nothing is pruned. "auto" waits for COMPLETE trials that
/// reported and takes their largest step + 1, once: the trial that was judged first then keeps it as
/// `tune:max_resource`. Until then, and until a trial has reported at all, samplers are shown everything.
///
/// NaN, ties, states, attributes and reasons as in SuccessiveHalvingPruner. One objective only: throws
/// InvalidArgument with several. O(n) for n trials; for a suggestion O(1) a trial that came since the last one.
class HyperbandPruner final : public Pruner {
 public:
  /// Throws InvalidArgument when an option is out of range.
  explicit HyperbandPruner(HyperbandOptions options = {});

  [[nodiscard]] std::string_view name() const override { return "hyperband"; }
  [[nodiscard]] PruneDecision decide(const PruningContext& context) const override;
  void group_trials(const PruningContext& context, TrialGroups& groups) const override;

 private:
  HyperbandOptions options_;
};

[[nodiscard]] PrunerEntry hyperband_pruner_entry();

}  // namespace tune
