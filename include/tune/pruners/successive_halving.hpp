#pragma once

#include <cstdint>
#include <optional>

#include "tune/pruners/registry.hpp"

namespace tune {

/// Options of SuccessiveHalvingPruner, named and preset as in Optuna 5.
struct SuccessiveHalvingOptions {
  std::optional<std::int64_t> min_resource{};  ///< Step at which rung 0 is judged, ≥ 1; none is "auto".
  std::int64_t reduction_factor = 4;           ///< One in so many goes on from a rung, ≥ 2.
  std::int64_t min_early_stopping_rate = 0;    ///< Rungs that are left out at the beginning, ≥ 0.
  std::int64_t bootstrap_count = 0;  ///< Trials a rung needs before one goes on, ≥ 0; 0 with "auto".
};

/// Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys
/// 2020; Optuna's SuccessiveHalvingPruner). Rung k is judged at the first step of at least
/// min_resource · reduction_factor^(min_early_stopping_rate + k); a trial that is not among the best
/// 1 / reduction_factor of those that reached the rung so far is pruned.
///
/// The value at the largest step counts. Trials in every state compete with the values they left in their
/// rungs, which are kept as `completed_rung_0`, … in the trial's system attributes, as Optuna keeps them. A
/// NaN is pruned at the next rung. While fewer than `reduction_factor` trials reached a rung, only one as good
/// as the best goes on.
///
/// "auto" waits for COMPLETE trials that reported and takes a hundredth of their largest step, at least 1. It
/// is estimated once: the trial that was judged first then keeps it as `tune:min_resource`.
///
/// Reason of a prune: the value, the value needed to go on (NaN for a NaN or a rung with too few trials), its
/// step, the number of trials in the rung. One objective only: throws InvalidArgument with several.
/// O(n) for n trials.
class SuccessiveHalvingPruner final : public Pruner {
 public:
  /// Throws InvalidArgument when an option is out of range.
  explicit SuccessiveHalvingPruner(SuccessiveHalvingOptions options = {});

  [[nodiscard]] std::string_view name() const override { return "successive_halving"; }
  [[nodiscard]] PruneDecision decide(const PruningContext& context) const override;

 private:
  SuccessiveHalvingOptions options_;
};

[[nodiscard]] PrunerEntry successive_halving_pruner_entry();

}  // namespace tune
