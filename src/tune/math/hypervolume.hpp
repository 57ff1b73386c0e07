#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tune/math/point_set.hpp"

/// Hypervolume and the greedy choice of points that cover most of it, with the conventions of Optuna's
/// `_hypervolume`.
namespace tune::math {

/// Volume that the points dominate below `reference`: While et al., "A fast way of calculating exact
/// hypervolumes" (WFG, 2012), with direct sums for two and three objectives. Infinite when the reference or a
/// difference is infinite; 0 without points. `assume_pareto` only saves work. Throws InvalidArgument when a
/// point does not dominate or equal the reference.
[[nodiscard]] double hypervolume(const PointSet& points, std::span<const double> reference,
                                 bool assume_pareto = false);

/// Hypervolume subset selection (Guerreiro et al., "Greedy hypervolume subset selection in low dimensions",
/// 2016): indices of `subset_size` points of one front, greedily by contribution; duplicates only when the
/// distinct points do not suffice. Order of the result is not specified. Needs subset_size ≤ points.size().
[[nodiscard]] std::vector<std::size_t> select_by_hypervolume(const PointSet& points, std::size_t subset_size,
                                                             std::span<const double> reference);

}  // namespace tune::math
