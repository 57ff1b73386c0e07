#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tune/frozen_trial.hpp"

namespace tune {

/// The trials that no other one beats, as Optuna's `study.best_trials`: positions in `trials`, ascending.
///
/// A trial beats another one when it is at least as good in every objective and better in one. Only feasible
/// COMPLETE trials count (every constraint ≤ 0; one that is NaN or cannot be read is not met); the rest neither
/// stand on the front nor beat anybody. Equal trials are on it together. Infinite values are ordered as such.
/// With one objective these are all trials that share the best value. Empty when no trial counts.
///
/// O(n log n) for n trials and up to two objectives, else O(n · front size). Throws InvalidArgument when a
/// COMPLETE trial has another number of values than `directions`.
[[nodiscard]] std::vector<std::size_t> pareto_front(std::span<const FrozenTrial> trials,
                                                    std::span<const Direction> directions);

}  // namespace tune
