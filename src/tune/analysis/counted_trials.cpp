#include "tune/analysis/counted_trials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tune/analysis/objective_points.hpp"
#include "tune/error.hpp"

namespace tune::analysis {
namespace {

void check(std::span<const FrozenTrial> trials, std::span<const Direction> directions,
           std::optional<std::size_t> objective) {
  if (objective && *objective >= directions.size()) {
    throw InvalidArgument(fmt::format("there is no objective {}: the study has {}, counted from 0", *objective,
                                      directions.size()));
  }
  for (const FrozenTrial& trial : trials) {
    if (trial.state == TrialState::kComplete && trial.values.size() != directions.size()) {
      throw InvalidArgument(fmt::format("trial {} has {} value(s), expected one for each of {} objective(s)",
                                        trial.number.value, trial.values.size(), directions.size()));
    }
  }
}

std::vector<double> losses_of(const FrozenTrial& trial, std::span<const Direction> directions,
                              std::optional<std::size_t> objective) {
  const std::vector<double> all = minimised(trial.values, directions);
  return objective ? std::vector<double>{all[*objective]} : all;
}

}  // namespace

CountedTrials counted_trials(std::span<const FrozenTrial> trials, std::span<const Direction> directions,
                             std::optional<std::size_t> objective) {
  check(trials, directions, objective);
  CountedTrials counted{{}, math::PointSet(objective ? 1 : directions.size())};
  for (const FrozenTrial& trial : trials) {
    if (trial.state != TrialState::kComplete) continue;
    const std::vector<double> losses = losses_of(trial, directions, objective);
    if (!std::all_of(losses.begin(), losses.end(), [](double loss) { return std::isfinite(loss); })) continue;
    counted.trials.push_back(&trial);
    counted.losses.add(losses);
  }
  return counted;
}

}  // namespace tune::analysis
