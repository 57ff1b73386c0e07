#pragma once

#include <cstdint>
#include <memory>

#include "tune/pruners/registry.hpp"

namespace tune {

/// Options of PatientPruner, named as in Optuna 5.
struct PatientOptions {
  std::shared_ptr<const Pruner> wrapped_pruner{};  ///< Has the last word; none: what has stalled is pruned.
  std::int64_t patience = 0;                       ///< Reports without improvement that are borne, ≥ 0.
  double min_delta = 0.0;                          ///< What counts as no improvement, ≥ 0.
};

/// Asks another pruner only when a trial has stopped improving: when the best of its last patience + 1 reports
/// is worse than the best before them by more than min_delta (Optuna's PatientPruner). The patience of early
/// stopping: Prechelt, "Early stopping - but when?", 1998.
///
/// Reports count in the order of their steps; NaN is ignored, and nothing is pruned where one of the two sides
/// has nothing else. Reason of a prune: the wrapped pruner's; without one the best of the last reports, the
/// value they had to reach, the largest step, n = 0. One objective only: throws InvalidArgument with several.
/// O(reports), and what the wrapped pruner costs. Hyperband decides here too, but only by itself does it keep
/// samplers to one bracket, as in Optuna.
class PatientPruner final : public Pruner {
 public:
  /// Throws InvalidArgument when an option is out of range.
  explicit PatientPruner(PatientOptions options);

  [[nodiscard]] std::string_view name() const override { return "patient"; }
  [[nodiscard]] PruneDecision decide(const PruningContext& context) const override;
  [[nodiscard]] bool uses_other_trials() const override;

 private:
  PatientOptions options_;
};

/// In a study file `patience` must be given.
[[nodiscard]] PrunerEntry patient_pruner_entry();

}  // namespace tune
