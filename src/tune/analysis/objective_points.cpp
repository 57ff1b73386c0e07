#include "tune/analysis/objective_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tune/error.hpp"

namespace tune::analysis {
namespace {

bool is_feasible(const FrozenTrial& trial) {
  try {
    const auto constraints = trial.constraints();
    return std::all_of(constraints.begin(), constraints.end(), [](double value) { return value <= 0.0; });
  } catch (const FormatError&) {
    return false;
  }
}

}  // namespace

std::vector<double> minimised(std::span<const double> values, std::span<const Direction> directions) {
  std::vector<double> point(values.begin(), values.end());
  for (std::size_t d = 0; d < point.size(); ++d) {
    if (directions[d] == Direction::kMaximize) point[d] = -point[d];
  }
  return point;
}

ObjectivePoints objective_points(std::span<const FrozenTrial> trials, std::span<const Direction> directions) {
  ObjectivePoints chosen{{}, math::PointSet(directions.size())};
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const FrozenTrial& trial = trials[i];
    if (trial.state != TrialState::kComplete) continue;
    if (trial.values.size() != directions.size()) {
      throw InvalidArgument(fmt::format("trial {} has {} value(s), expected one for each of {} objective(s)",
                                        trial.number.value, trial.values.size(), directions.size()));
    }
    const bool has_nan =
        std::any_of(trial.values.begin(), trial.values.end(), [](double value) { return std::isnan(value); });
    if (has_nan || !is_feasible(trial)) continue;
    chosen.trial.push_back(i);
    chosen.points.add(minimised(trial.values, directions));
  }
  return chosen;
}

}  // namespace tune::analysis
