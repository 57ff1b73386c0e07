#include "tune/samplers/tpe_steps.hpp"

#include <algorithm>
#include <functional>

#include "tune/samplers/relative_params.hpp"

namespace tune::samplers {
namespace {

bool has_all(std::span<const TpeParameter> space, std::size_t number) {
  return std::all_of(space.begin(), space.end(), [&](const TpeParameter& parameter) {
    return parameter.column != nullptr && parameter.column->has(number);
  });
}

// The values of the trials' columns; false when one is missing.
bool read_columns(std::span<const TpeParameter> space, const std::vector<std::size_t>& trials,
                  ParzenEstimator::Columns& values) {
  values.assign(space.size(), std::vector<double>(trials.size()));
  for (std::size_t d = 0; d < space.size() && !trials.empty(); ++d) {
    if (space[d].column == nullptr || space[d].column->values.size() <= trials.back()) {
      return false;
    }
    const double* column = space[d].column->values.data();
    bool has_all = true;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      values[d][i] = column[trials[i]];
      has_all &= values[d][i] == values[d][i];
    }
    if (!has_all) {
      return false;
    }
  }
  return true;
}

// The history's order of each numeric column, as positions in `trials`.
ParzenEstimator::Orders read_orders(const HistoryView& history, std::span<const TpeParameter> space,
                                    const std::vector<std::size_t>& trials) {
  constexpr auto kNone = static_cast<std::uint32_t>(-1);
  std::vector<std::uint32_t> position(history.size(), kNone);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    position[trials[i]] = static_cast<std::uint32_t>(i);
  }
  ParzenEstimator::Orders orders(space.size());
  for (std::size_t d = 0; d < space.size() && !trials.empty(); ++d) {
    if (std::holds_alternative<CategoricalDistribution>(*space[d].distribution)) {
      continue;
    }
    orders[d].resize(trials.size() + 1);
    std::uint32_t* next = orders[d].data();
    for (const std::uint32_t number : history.by_value(*space[d].column)) {
      *next = position[number];
      next += position[number] != kNone ? 1 : 0;
    }
    orders[d].pop_back();
  }
  return orders;
}

// Appends the trial's values when it has, or has announced, all of them.
void append_announced(const HistoryView& history, std::span<const TpeParameter> space, std::size_t number,
                      ParzenEstimator::Columns& values) {
  const ParamValues decided = relative_params(history.record(number).system_attrs);
  std::vector<double> row;
  for (const TpeParameter& parameter : space) {
    if (parameter.column != nullptr && parameter.column->has(number)) {
      row.push_back(parameter.column->values[number]);
    } else if (const auto value = decided_value(decided, parameter.name, *parameter.distribution)) {
      row.push_back(*value);
    } else {
      return;
    }
  }
  for (std::size_t d = 0; d < space.size(); ++d) {
    values[d].push_back(row[d]);
  }
}

void append_known(std::span<const TpeParameter> space, std::size_t number, ParzenEstimator::Columns& values) {
  for (std::size_t d = 0; d < space.size(); ++d) {
    values[d].push_back(space[d].column->values[number]);
  }
}

// With trials that have only announced what they take: in the order of the trials all the same.
Observations observe_announced(const HistoryView& history, std::span<const TpeParameter> space,
                               const std::vector<std::size_t>& trials) {
  Observations observations{ParzenEstimator::Columns(space.size()), {}};
  for (const std::size_t number : trials) {
    if (has_all(space, number)) {
      append_known(space, number, observations.values);
    } else if (history.state(number) == TrialState::kRunning) {
      append_announced(history, space, number, observations.values);
    }
  }
  return observations;
}

}  // namespace

Observations observe(const HistoryView& history, std::span<const TpeParameter> space,
                     const std::vector<std::size_t>& trials, bool read_relative_params) {
  Observations observations;
  if (read_columns(space, trials, observations.values)) {
    observations.orders = read_orders(history, space, trials);
    return observations;
  }
  std::vector<std::size_t> known;
  known.reserve(trials.size());
  for (const std::size_t number : trials) {
    if (has_all(space, number)) {
      known.push_back(number);
    } else if (read_relative_params && history.state(number) == TrialState::kRunning) {
      return observe_announced(history, space, trials);
    }
  }
  (void)read_columns(space, known, observations.values);
  observations.orders = read_orders(history, space, known);
  return observations;
}

ParzenEstimator::Columns gather_observations(const HistoryView& history, std::span<const TpeParameter> space,
                                             const std::vector<std::size_t>& trials,
                                             bool read_relative_params) {
  return observe(history, space, trials, read_relative_params).values;
}

std::vector<double> acquisition(const ParzenEstimator& below, const ParzenEstimator& above,
                                const ParzenEstimator::Columns& points) {
  std::vector<double> scores = below.log_density(points);
  const std::vector<double> log_g = above.log_density(points);
  std::transform(scores.begin(), scores.end(), log_g.begin(), scores.begin(),
                 [](double l, double g) { return l - g; });
  return scores;
}

Weighing weigh(const TrialSplit& split, const ParzenEstimator& below, const ParzenEstimator& above,
               const ParzenEstimator::Columns& candidates, std::size_t chosen) {
  Weighing weighing{.below = split.below,
                    .above = split.above,
                    .candidates = candidates,
                    .log_l = below.log_density(candidates),
                    .log_g = above.log_density(candidates),
                    .shares = {},
                    .chosen = chosen};
  for (std::size_t d = 0; d < candidates.size(); ++d) {
    auto share = below.marginal_log_density(d, candidates[d]);
    const auto log_g = above.marginal_log_density(d, candidates[d]);
    std::transform(share.begin(), share.end(), log_g.begin(), share.begin(), std::minus<>());
    weighing.shares.push_back(std::move(share));
  }
  return weighing;
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
