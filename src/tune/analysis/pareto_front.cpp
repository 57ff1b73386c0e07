#include "tune/analysis/pareto_front.hpp"

#include "tune/analysis/objective_points.hpp"
#include "tune/math/non_domination.hpp"

namespace tune {

std::vector<std::size_t> pareto_front(std::span<const FrozenTrial> trials,
                                      std::span<const Direction> directions) {
  const auto [trial, points] = analysis::objective_points(trials, directions);
  std::vector<std::size_t> front;
  if (trial.empty()) return front;
  const math::UniquePoints unique = math::unique_lexicographic(points);
  const std::vector<bool> is_best = math::front_of_sorted(points.subset(unique.first));
  for (std::size_t i = 0; i < trial.size(); ++i) {
    if (is_best[unique.unique_of[i]]) front.push_back(trial[i]);
  }
  return front;
}

}  // namespace tune
