#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/math/point_set.hpp"

namespace tune::analysis {

/// The trials that an importance counts, by position, and their values, to be minimised.
struct CountedTrials {
  std::vector<const FrozenTrial*> trials;
  math::PointSet losses;  ///< One coordinate for an objective by index, else one an objective.
};

/// The COMPLETE trials with finite values. Throws InvalidArgument for an unknown objective and for a trial
/// with another number of values than `directions`.
[[nodiscard]] CountedTrials counted_trials(std::span<const FrozenTrial> trials,
                                           std::span<const Direction> directions,
                                           std::optional<std::size_t> objective);

}  // namespace tune::analysis
