#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tune/math/point_set.hpp"

/// Pareto fronts and non-domination ranks (Deb et al., "A fast and elitist multiobjective genetic algorithm:
/// NSGA-II", 2002), with the conventions of Optuna's `study/_multi_objective.py`. Coordinates may be infinite,
/// never NaN.
namespace tune::math {

/// Distinct points in lexicographic order. `first[u]` is the lowest index of the u-th of them, `unique_of[i]`
/// the place of point i among them.
struct UniquePoints {
  std::vector<std::size_t> first;
  std::vector<std::size_t> unique_of;
};
[[nodiscard]] UniquePoints unique_lexicographic(const PointSet& points);

/// Which points no other point dominates, for points sorted by their first coordinate at least; of equal
/// points the first one is kept. O(n · front size).
[[nodiscard]] std::vector<bool> front_of_sorted(const PointSet& sorted);

/// 0 for the Pareto front, 1 for the front of the rest, and so on; equal points share a rank. Ranking stops
/// when `n_below` distinct points are ranked; all later ones share the next rank.
[[nodiscard]] std::vector<std::size_t> non_domination_ranks(const PointSet& points, std::size_t n_below);

/// The same with infeasible points (penalty > 0) behind all feasible ones, by penalty.
[[nodiscard]] std::vector<std::size_t> non_domination_ranks(const PointSet& points,
                                                            std::span<const double> penalty,
                                                            std::size_t n_below);

}  // namespace tune::math
