#include "tune/analysis/hypervolume.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tune/analysis/objective_points.hpp"
#include "tune/error.hpp"
#include "tune/math/hypervolume.hpp"

namespace tune {
namespace {

void check_reference(std::span<const double> reference_point, std::size_t n_objectives) {
  if (reference_point.size() != n_objectives) {
    throw InvalidArgument(
        fmt::format("the reference point needs one value for each of {} objective(s), found {}", n_objectives,
                    reference_point.size()));
  }
  if (!std::all_of(reference_point.begin(), reference_point.end(), [](double v) { return std::isfinite(v); })) {
    throw InvalidArgument(
        fmt::format("the reference point must be finite, found {}", fmt::join(reference_point, ", ")));
  }
}

math::PointSet no_worse_than(const math::PointSet& points, std::span<const double> reference) {
  math::PointSet chosen(points.dimensions());
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (std::equal(points[i].begin(), points[i].end(), reference.begin(), std::less_equal<>())) {
      chosen.add(points[i]);
    }
  }
  return chosen;
}

}  // namespace

double hypervolume(std::span<const FrozenTrial> trials, std::span<const Direction> directions,
                   std::span<const double> reference_point) {
  check_reference(reference_point, directions.size());
  const std::vector<double> reference = analysis::minimised(reference_point, directions);
  return math::hypervolume(no_worse_than(analysis::objective_points(trials, directions).points, reference),
                           reference);
}

}  // namespace tune
