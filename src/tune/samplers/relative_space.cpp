#include "tune/samplers/relative_space.hpp"

#include <algorithm>

namespace tune::samplers {
namespace {

bool in_all_with_one_distribution(const Column& column, const std::vector<std::size_t>& trials) {
  if (!column.has(trials.front())) {
    return false;
  }
  const auto first = column.distribution_of[trials.front()];
  return std::all_of(trials.begin(), trials.end(), [&](std::size_t number) {
    return column.has(number) && column.distribution_of[number] == first;
  });
}

}  // namespace

std::vector<std::size_t> scored_trials(const HistoryView& history) {
  std::vector<std::size_t> numbers;
  for (std::size_t number = 0; number < history.size(); ++number) {
    const TrialState state = history.state(number);
    if (state == TrialState::kComplete || state == TrialState::kPruned) {
      numbers.push_back(number);
    }
  }
  return numbers;
}

std::vector<CommonParameter> intersection_space(const HistoryView& history,
                                                const std::vector<std::size_t>& trials) {
  std::vector<CommonParameter> space;
  if (trials.empty()) {
    return space;
  }
  for (const Column& column : history.columns()) {
    if (!in_all_with_one_distribution(column, trials)) {
      continue;
    }
    const Distribution& distribution = column.distributions[column.distribution_of[trials.front()]];
    if (!is_single(distribution)) {
      space.push_back({&column, &distribution});
    }
  }
  std::sort(space.begin(), space.end(),
            [](const auto& a, const auto& b) { return a.column->name < b.column->name; });
  return space;
}

}  // namespace tune::samplers
