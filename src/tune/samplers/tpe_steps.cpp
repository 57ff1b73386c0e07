#include "tune/samplers/tpe_steps.hpp"

#include <algorithm>

#include "tune/samplers/relative_params.hpp"

namespace tune::samplers {
namespace {

// Fills `row` with the trial's value of each parameter; false when one is missing.
bool read_row(std::span<const TpeParameter> space, std::size_t number, const ParamValues& decided,
              std::vector<double>& row) {
  for (std::size_t d = 0; d < space.size(); ++d) {
    if (space[d].column != nullptr && space[d].column->has(number)) {
      row[d] = space[d].column->values[number];
    } else if (const auto value = decided_value(decided, space[d].name, *space[d].distribution)) {
      row[d] = *value;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

ParzenEstimator::Columns gather_observations(const HistoryView& history, std::span<const TpeParameter> space,
                                             const std::vector<std::size_t>& trials,
                                             bool read_relative_params) {
  ParzenEstimator::Columns observations(space.size());
  for (auto& column : observations) {
    column.reserve(trials.size());
  }
  std::vector<double> row(space.size());
  const ParamValues nothing_decided;
  for (const std::size_t number : trials) {
    const bool is_running = history.state(number) == TrialState::kRunning;
    const bool complete =
        read_relative_params && is_running
            ? read_row(space, number, relative_params(history.record(number).system_attrs), row)
            : read_row(space, number, nothing_decided, row);
    for (std::size_t d = 0; complete && d < space.size(); ++d) {
      observations[d].push_back(row[d]);
    }
  }
  return observations;
}

std::vector<double> acquisition(const ParzenEstimator& below, const ParzenEstimator& above,
                                const ParzenEstimator::Columns& points) {
  std::vector<double> scores = below.log_density(points);
  const std::vector<double> log_g = above.log_density(points);
  std::transform(scores.begin(), scores.end(), log_g.begin(), scores.begin(),
                 [](double l, double g) { return l - g; });
  return scores;
}

std::size_t first_best(std::span<const double> scores) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < scores.size(); ++i) {
    if (scores[i] > scores[best] || (scores[best] != scores[best] && scores[i] == scores[i])) {
      best = i;
    }
  }
  return best;
}

}  // namespace tune::samplers
