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

std::vector<const Column*> common_columns(const HistoryView& history, const std::vector<std::size_t>& trials) {
  std::vector<const Column*> common;
  if (history.shows_all() && trials.size() == history.scored().size()) {
    for (const std::uint32_t index : history.common_columns()) {
      common.push_back(&history.columns()[index]);
    }
    return common;
  }
  for (const Column& column : history.columns()) {
    if (in_all_with_one_distribution(column, trials)) {
      common.push_back(&column);
    }
  }
  return common;
}

}  // namespace

std::vector<std::size_t> scored_trials(const HistoryView& history) {
  const auto scored = history.scored();
  std::vector<std::size_t> numbers(scored.begin(), scored.end());
  if (!history.shows_all()) {
    std::erase_if(numbers, [&](std::size_t number) { return !history.shows_result(number); });
  }
  return numbers;
}

std::vector<CommonParameter> intersection_space(const HistoryView& history,
                                                const std::vector<std::size_t>& trials) {
  std::vector<CommonParameter> space;
  if (trials.empty()) {
    return space;
  }
  for (const Column* column : common_columns(history, trials)) {
    const Distribution& distribution = column->distributions[column->distribution_of[trials.front()]];
    if (!is_single(distribution)) {
      space.push_back({column, &distribution});
    }
  }
  std::sort(space.begin(), space.end(),
            [](const auto& a, const auto& b) { return a.column->name < b.column->name; });
  return space;
}

}  // namespace tune::samplers
