#pragma once

#include <cstddef>
#include <vector>

#include "tune/history.hpp"
#include "tune/math/point_set.hpp"

namespace tune::samplers {

/// Trial numbers, ascending.
struct TrialSplit {
  std::vector<std::size_t> below;  ///< The good ones.
  std::vector<std::size_t> above;
};

/// How many of n finished trials are good: ⌈0.1 n⌉, at most 25 for one objective (Optuna's `default_gamma`
/// and `default_gamma_multiobjective`).
[[nodiscard]] std::size_t default_gamma(std::size_t n, std::size_t n_objectives);

/// Which `n_below` of the points are best: whole non-domination fronts while they fit, then the part of the
/// next front that covers most hypervolume (Optuna's `_split_complete_trials_multi_objective`). Needs 0 <
/// n_below < points.size().
[[nodiscard]] std::vector<bool> best_by_rank(const math::PointSet& points, std::size_t n_below);

/// Divides `trials` (COMPLETE, PRUNED or RUNNING, ascending numbers) as Optuna's TPE does. Preference:
/// feasible COMPLETE by value (several objectives: by non-domination rank, the last front by hypervolume),
/// then PRUNED by (later step, better value), then infeasible by violation; ties keep the lower number.
/// RUNNING trials are always above. O(n) for one objective.
[[nodiscard]] TrialSplit split_trials(const HistoryView& history, const std::vector<std::size_t>& trials,
                                      std::size_t n_below);

}  // namespace tune::samplers
