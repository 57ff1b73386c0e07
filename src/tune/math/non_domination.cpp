#include "tune/math/non_domination.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace tune::math {
namespace {

bool lexicographically_less(std::span<const double> a, std::span<const double> b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

std::vector<bool> front_of_sorted_2d(const PointSet& sorted) {
  std::vector<bool> on_front(sorted.size());
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    on_front[i] = i == 0 || sorted[i][1] < best;
    best = std::min(best, sorted[i][1]);
  }
  return on_front;
}

// The first coordinate is sorted, so it cannot speak against dominance.
bool escapes(std::span<const double> point, std::span<const double> dominator) {
  for (std::size_t d = 1; d < point.size(); ++d) {
    if (point[d] < dominator[d]) {
      return true;
    }
  }
  return false;
}

std::vector<bool> front_of_sorted_nd(const PointSet& sorted) {
  std::vector<bool> on_front(sorted.size());
  std::vector<std::size_t> remaining(sorted.size());
  std::iota(remaining.begin(), remaining.end(), std::size_t{0});
  while (!remaining.empty()) {
    const std::size_t winner = remaining.front();
    on_front[winner] = true;
    std::erase_if(remaining, [&](std::size_t i) { return !escapes(sorted[i], sorted[winner]); });
  }
  return on_front;
}

std::vector<std::size_t> ranks_of_unique(PointSet sorted, std::size_t n_below) {
  const std::size_t n = sorted.size();
  std::vector<std::size_t> ranks(n);
  std::vector<std::size_t> left(n);
  std::iota(left.begin(), left.end(), std::size_t{0});
  std::size_t rank = 0;
  for (; n - left.size() < std::min(n_below, n); ++rank) {
    const std::vector<bool> on_front = front_of_sorted(sorted);
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (on_front[i]) {
        ranks[left[i]] = rank;
      } else {
        kept.push_back(i);
      }
    }
    sorted = sorted.subset(kept);
    std::transform(kept.begin(), kept.end(), kept.begin(), [&](std::size_t i) { return left[i]; });
    left = std::move(kept);
  }
  for (const std::size_t i : left) {
    ranks[i] = rank;
  }
  return ranks;
}

void rank_group(const PointSet& points, std::span<const std::size_t> members, std::size_t n_below,
                std::size_t offset, std::vector<std::size_t>& ranks) {
  const std::vector<std::size_t> own = non_domination_ranks(points, n_below);
  for (std::size_t i = 0; i < members.size(); ++i) {
    ranks[members[i]] = offset + own[i];
  }
}

}  // namespace

UniquePoints unique_lexicographic(const PointSet& points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return lexicographically_less(points[a], points[b]); });
  UniquePoints unique{{}, std::vector<std::size_t>(points.size())};
  for (const std::size_t i : order) {
    if (unique.first.empty() || lexicographically_less(points[unique.first.back()], points[i])) {
      unique.first.push_back(i);
    }
    unique.unique_of[i] = unique.first.size() - 1;
  }
  return unique;
}

std::vector<bool> front_of_sorted(const PointSet& sorted) {
  if (sorted.dimensions() == 1) {
    std::vector<bool> on_front(sorted.size());
    if (!on_front.empty()) {
      on_front.front() = true;
    }
    return on_front;
  }
  return sorted.dimensions() == 2 ? front_of_sorted_2d(sorted) : front_of_sorted_nd(sorted);
}

std::vector<std::size_t> non_domination_ranks(const PointSet& points, std::size_t n_below) {
  if (points.empty() || n_below == 0) {
    return std::vector<std::size_t>(points.size());
  }
  UniquePoints unique = unique_lexicographic(points);
  if (points.dimensions() == 1) {
    return unique.unique_of;
  }
  const std::vector<std::size_t> ranks = ranks_of_unique(points.subset(unique.first), n_below);
  std::vector<std::size_t> by_point(points.size());
  for (std::size_t i = 0; i < by_point.size(); ++i) {
    by_point[i] = ranks[unique.unique_of[i]];
  }
  return by_point;
}

std::vector<std::size_t> non_domination_ranks(const PointSet& points, std::span<const double> penalty,
                                              std::size_t n_below) {
  std::vector<std::size_t> feasible;
  std::vector<std::size_t> infeasible;
  PointSet penalties(1);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (penalty[i] > 0.0) {
      infeasible.push_back(i);
      penalties.add(penalty.subspan(i, 1));
    } else {
      feasible.push_back(i);
    }
  }
  std::vector<std::size_t> ranks(points.size());
  rank_group(points.subset(feasible), feasible, n_below, 0, ranks);
  std::size_t next_rank = 0;
  for (const std::size_t i : feasible) {
    next_rank = std::max(next_rank, ranks[i] + 1);
  }
  rank_group(penalties, infeasible, n_below - std::min(n_below, feasible.size()), next_rank, ranks);
  return ranks;
}

}  // namespace tune::math
