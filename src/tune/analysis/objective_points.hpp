#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/math/point_set.hpp"

namespace tune::analysis {

/// The feasible COMPLETE trials as points, all coordinates to be minimised.
struct ObjectivePoints {
  std::vector<std::size_t> trial;  ///< Position of the trial of each point.
  math::PointSet points;
};

/// Throws as `pareto_front`.
[[nodiscard]] ObjectivePoints objective_points(std::span<const FrozenTrial> trials,
                                               std::span<const Direction> directions);

/// The values as coordinates to be minimised.
[[nodiscard]] std::vector<double> minimised(std::span<const double> values,
                                            std::span<const Direction> directions);

}  // namespace tune::analysis
