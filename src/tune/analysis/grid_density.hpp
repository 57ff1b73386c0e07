#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tune/distribution.hpp"

namespace tune::analysis {

/// How many of the values (internal) lie nearest to each point of a grid over the range: at most `most_points`
/// points for numbers, evenly spaced in the logarithm of a `log` parameter; one a choice. Halfway between two
/// points counts for the lower one; what lies outside of the range counts for its end. The distribution has
/// more than one value.
[[nodiscard]] std::vector<double> grid_counts(const Distribution& distribution, std::span<const double> values,
                                              std::size_t most_points);

/// A probability at each point of that grid: kernels at the counted points, weighted by their counts, and a
/// flat prior of weight 1 (Optuna's `ScottParzenEstimator`: numbers get truncated normal kernels whose width
/// follows Scott, "Multivariate density estimation", 1992). Some count is above 0.
[[nodiscard]] std::vector<double> grid_density(const Distribution& distribution,
                                               std::span<const double> counts);

}  // namespace tune::analysis
