#pragma once

#include <cstdint>

#include "tune/pruners/registry.hpp"

namespace tune {

/// Options of WilcoxonPruner, named and preset as in Optuna 5.
struct WilcoxonOptions {
  double p_threshold = 0.1;          ///< Pruned below this p-value, in [0, 1].
  std::int64_t n_startup_steps = 2;  ///< Steps in common with the best trial before pruning starts, ≥ 0.
};

/// For trials that report the value of one problem instance a step, in any order: prunes a trial that
/// Wilcoxon's signed-rank test over the instances in common finds worse than the best trial so far (Optuna's
/// WilcoxonPruner; Wilcoxon, Biometrics Bulletin 1, 1945), unless the mean of its reports is as good as the
/// best trial's. Never before two steps in common.
///
/// The best trial is the feasible COMPLETE one with the best value, of the lowest number on ties. Where it has
/// no reports, or one of the two trials reported a NaN or an infinity, nothing is pruned. Ties and zeros as in
/// scipy 1.10: see math/signed_rank.hpp.
///
/// Reason of a prune: the p-value, p_threshold, the step just reported, n = 1: the best trial. One objective
/// only: throws InvalidArgument with several. O(n + reports²) for n trials.
class WilcoxonPruner final : public Pruner {
 public:
  /// Throws InvalidArgument when an option is out of range.
  explicit WilcoxonPruner(WilcoxonOptions options = {});

  [[nodiscard]] std::string_view name() const override { return "wilcoxon"; }
  [[nodiscard]] PruneDecision decide(const PruningContext& context) const override;

 private:
  WilcoxonOptions options_;
};

[[nodiscard]] PrunerEntry wilcoxon_pruner_entry();

}  // namespace tune
