#include "tune/samplers/trial_split.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "tune/math/hypervolume.hpp"
#include "tune/math/non_domination.hpp"

namespace tune::samplers {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kZeroReference = 1e-12;  // Optuna's EPS: a reference of 0 would hide the worst point.

using Numbers = std::vector<std::size_t>;

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

// Takes trials in order of preference until enough are below.
class Dealer {
 public:
  Dealer(const HistoryView& history, const Numbers& trials, std::size_t n_below)
      : history_(history), place_(history.size(), Place::kNowhere), n_left_(n_below) {
    for (const std::size_t number : trials) {
      place_[number] = Place::kAbove;
    }
  }

  [[nodiscard]] std::size_t n_left() const { return n_left_; }

  // Those of the list that are to be dealt: a trial whose result is hidden counts as running.
  [[nodiscard]] Numbers members(std::span<const std::uint32_t> list) const {
    Numbers numbers;
    std::copy_if(list.begin(), list.end(), std::back_inserter(numbers),
                 [&](std::uint32_t number) { return is_member(number); });
    return numbers;
  }

  void take(std::size_t number) {
    place_[number] = Place::kBelow;
    --n_left_;
  }

  void take_best(std::span<const std::uint32_t> best_first) {
    for (auto it = best_first.begin(); n_left_ > 0 && it != best_first.end(); ++it) {
      if (is_member(*it)) {
        take(*it);
      }
    }
  }

  [[nodiscard]] TrialSplit split(const Numbers& trials) const {
    TrialSplit split;
    split.above.reserve(trials.size());
    for (const std::size_t number : trials) {
      (place_[number] == Place::kBelow ? split.below : split.above).push_back(number);
    }
    return split;
  }

 private:
  enum class Place : std::uint8_t { kNowhere, kAbove, kBelow };

  [[nodiscard]] bool is_member(std::size_t number) const {
    return place_[number] == Place::kAbove && history_.shows_result(number);
  }

  const HistoryView& history_;
  std::vector<Place> place_;
  std::size_t n_left_;
};

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

void take_complete_multi(const HistoryView& history, const Numbers& complete, Dealer& dealer) {
  const bool takes_all = dealer.n_left() >= complete.size();
  const std::vector<bool> is_below = takes_all || dealer.n_left() == 0
                                         ? std::vector<bool>(complete.size(), takes_all)
                                         : best_by_rank(losses_of(history, complete), dealer.n_left());
  for (std::size_t i = 0; i < complete.size(); ++i) {
    if (is_below[i]) {
      dealer.take(complete[i]);
    }
  }
}

}  // namespace

std::size_t default_gamma(std::size_t n, std::size_t n_objectives) {
  constexpr std::size_t kMostForOneObjective = 25;
  const auto share = static_cast<std::size_t>(std::ceil(0.1 * static_cast<double>(n)));
  return n_objectives > 1 ? share : std::min(share, kMostForOneObjective);
}

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

TrialSplit split_trials(const HistoryView& history, const Numbers& trials, std::size_t n_below) {
  const TrialRanking ranking = history.ranking();
  Dealer dealer(history, trials, n_below);
  if (history.directions().size() > 1) {
    take_complete_multi(history, dealer.members(ranking.complete), dealer);
  } else {
    dealer.take_best(ranking.complete);
  }
  dealer.take_best(ranking.pruned);
  dealer.take_best(ranking.infeasible);
  return dealer.split(trials);
}

}  // namespace tune::samplers
