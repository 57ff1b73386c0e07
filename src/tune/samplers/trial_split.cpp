#include "tune/samplers/trial_split.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "tune/math/hypervolume.hpp"
#include "tune/math/non_domination.hpp"

namespace tune::samplers {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kZeroReference = 1e-12;  // Optuna's EPS: a reference of 0 would hide the worst point.

using Numbers = std::vector<std::size_t>;

struct Groups {
  Numbers complete;
  Numbers pruned;
  Numbers infeasible;
  Numbers running;
};

Groups group_trials(const HistoryView& history, const Numbers& trials) {
  Groups groups;
  for (const std::size_t number : trials) {
    const TrialState state = history.state(number);
    if (state == TrialState::kRunning) {
      groups.running.push_back(number);  // Its constraints are not known yet.
    } else if (history.record(number).violation > 0.0) {
      groups.infeasible.push_back(number);
    } else if (state == TrialState::kComplete) {
      groups.complete.push_back(number);
    } else {
      groups.pruned.push_back(number);
    }
  }
  return groups;
}

double sign(Direction direction) {
  return direction == Direction::kMaximize ? -1.0 : 1.0;
}

double loss(const HistoryView& history, std::size_t number, std::size_t objective) {
  const auto values = history.values(number);
  if (objective >= values.size() || std::isnan(values[objective])) {
    return kInfinity;  // Optuna writes no such trial; a damaged file may hold one.
  }
  return sign(history.directions()[objective]) * values[objective];
}

// The step counts first, so −step as a number that orders like it; a trial without reports comes last but
// for negative steps, as Optuna's key (1, 0).
std::pair<double, double> pruned_score(const HistoryView& history, std::size_t number) {
  const auto reports = history.intermediate(number);
  if (reports.empty()) {
    return {1.0, 0.0};
  }
  const IntermediateValue& last = reports.back();
  const double value = sign(history.directions().front()) * last.value;
  return {-static_cast<double>(last.step), std::isnan(value) ? kInfinity : value};
}

// Moves the first `n_below` of the best-first list to `below`, the rest to `above`; returns how many moved.
std::size_t deal(const Numbers& best_first, std::size_t n_below, TrialSplit& split) {
  const std::size_t n = std::min(n_below, best_first.size());
  const auto middle = best_first.begin() + static_cast<std::ptrdiff_t>(n);
  split.below.insert(split.below.end(), best_first.begin(), middle);
  split.above.insert(split.above.end(), middle, best_first.end());
  return n;
}

template <typename Score>
Numbers sorted_by(Numbers numbers, const Score& score) {
  using Key = decltype(score(std::size_t{0}));
  std::vector<std::pair<Key, std::size_t>> keyed;
  keyed.reserve(numbers.size());
  for (const std::size_t number : numbers) {
    keyed.emplace_back(score(number), number);
  }
  std::sort(keyed.begin(), keyed.end());  // Numbers are part of the key: ties keep the lower one first.
  std::transform(keyed.begin(), keyed.end(), numbers.begin(), [](const auto& pair) { return pair.second; });
  return numbers;
}

std::vector<double> reference_point(const math::PointSet& points) {
  std::vector<double> reference(points.dimensions(), -kInfinity);
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t d = 0; d < reference.size(); ++d) {
      reference[d] = std::max(reference[d], points[i][d]);
    }
  }
  for (double& worst : reference) {
    worst = std::max(1.1 * worst, 0.9 * worst);
    if (worst == 0.0) {
      worst = kZeroReference;
    }
  }
  return reference;
}

math::PointSet losses_of(const HistoryView& history, const Numbers& trials) {
  const std::size_t n_objectives = history.directions().size();
  math::PointSet points(n_objectives);
  std::vector<double> point(n_objectives);
  for (const std::size_t number : trials) {
    for (std::size_t objective = 0; objective < n_objectives; ++objective) {
      point[objective] = loss(history, number, objective);
    }
    points.add(point);
  }
  return points;
}

// Whole fronts while they fit, then the part of the next front that covers most hypervolume.
// Needs 0 < n_below < points.size().
std::vector<bool> best_by_rank(const math::PointSet& points, std::size_t n_below) {
  const std::vector<std::size_t> ranks = math::non_domination_ranks(points, n_below);
  std::vector<std::size_t> rank_size(points.size() + 1);
  for (const std::size_t rank : ranks) {
    ++rank_size[rank];
  }
  std::size_t taken = 0;
  std::size_t broken_rank = 0;
  while (taken + rank_size[broken_rank] <= n_below) {
    taken += rank_size[broken_rank++];
  }
  std::vector<bool> is_below(points.size());
  std::vector<std::size_t> broken;
  for (std::size_t i = 0; i < points.size(); ++i) {
    is_below[i] = ranks[i] < broken_rank;
    if (ranks[i] == broken_rank) {
      broken.push_back(i);
    }
  }
  if (taken < n_below) {
    const math::PointSet front = points.subset(broken);
    for (const std::size_t i : math::select_by_hypervolume(front, n_below - taken, reference_point(front))) {
      is_below[broken[i]] = true;
    }
  }
  return is_below;
}

std::size_t deal_complete_multi(const HistoryView& history, const Numbers& complete, std::size_t n_below,
                                TrialSplit& split) {
  if (n_below == 0 || n_below >= complete.size()) {
    return deal(complete, n_below, split);
  }
  const std::vector<bool> is_below = best_by_rank(losses_of(history, complete), n_below);
  std::size_t dealt = 0;
  for (std::size_t i = 0; i < complete.size(); ++i) {
    (is_below[i] ? split.below : split.above).push_back(complete[i]);
    dealt += is_below[i] ? 1 : 0;
  }
  return dealt;
}

std::size_t deal_complete(const HistoryView& history, const Numbers& complete, std::size_t n_below,
                          TrialSplit& split) {
  if (history.directions().size() > 1) {
    return deal_complete_multi(history, complete, n_below, split);
  }
  return deal(sorted_by(complete, [&](std::size_t number) { return loss(history, number, 0); }), n_below,
              split);
}

}  // namespace

std::size_t default_gamma(std::size_t n, std::size_t n_objectives) {
  constexpr std::size_t kMostForOneObjective = 25;
  const auto share = static_cast<std::size_t>(std::ceil(0.1 * static_cast<double>(n)));
  return n_objectives > 1 ? share : std::min(share, kMostForOneObjective);
}

TrialSplit split_trials(const HistoryView& history, const Numbers& trials, std::size_t n_below) {
  const Groups groups = group_trials(history, trials);
  TrialSplit split;
  n_below -= std::min(n_below, deal_complete(history, groups.complete, n_below, split));
  const auto by_last_report = [&](std::size_t number) { return pruned_score(history, number); };
  n_below -= std::min(n_below, deal(sorted_by(groups.pruned, by_last_report), n_below, split));
  const auto by_violation = [&](std::size_t number) { return history.record(number).violation; };
  deal(sorted_by(groups.infeasible, by_violation), n_below, split);
  deal(groups.running, 0, split);
  std::sort(split.below.begin(), split.below.end());
  std::sort(split.above.begin(), split.above.end());
  return split;
}

}  // namespace tune::samplers
