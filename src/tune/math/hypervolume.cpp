#include "tune/math/hypervolume.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tune/error.hpp"
#include "tune/math/non_domination.hpp"

namespace tune::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double box_volume(std::span<const double> point, std::span<const double> reference) {
  double volume = 1.0;
  for (std::size_t d = 0; d < point.size(); ++d) {
    volume *= reference[d] - point[d];
  }
  return volume;
}

double intersection_volume(std::span<const double> a, std::span<const double> b,
                           std::span<const double> reference) {
  double volume = 1.0;
  for (std::size_t d = 0; d < a.size(); ++d) {
    volume *= reference[d] - std::max(a[d], b[d]);
  }
  return volume;
}

double volume_2d(const PointSet& sorted, std::span<const double> reference) {
  double sum = 0.0;
  double ceiling = reference[1];
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    sum += (reference[0] - sorted[i][0]) * (ceiling - sorted[i][1]);
    ceiling = sorted[i][1];
  }
  return sum;
}

// Over the cell (x_i, y_j) the dominated depth is the largest one of all points left of x_i and below y_j.
double volume_3d(const PointSet& sorted, std::span<const double> reference) {
  const std::size_t n = sorted.size();
  std::vector<std::size_t> by_y(n);
  std::iota(by_y.begin(), by_y.end(), std::size_t{0});
  std::stable_sort(by_y.begin(), by_y.end(),
                   [&](std::size_t a, std::size_t b) { return sorted[a][1] < sorted[b][1]; });
  std::vector<double> depth(n, 0.0);  // By place in y order; grows as x moves right.
  double volume = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto place = static_cast<std::size_t>(std::find(by_y.begin(), by_y.end(), i) - by_y.begin());
    depth[place] = std::max(depth[place], reference[2] - sorted[i][2]);
    double area = 0.0;
    double deepest = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
      deepest = std::max(deepest, depth[j]);
      const double y_end = j + 1 < n ? sorted[by_y[j + 1]][1] : reference[1];
      area += deepest * (y_end - sorted[by_y[j]][1]);
    }
    const double x_end = i + 1 < n ? sorted[i + 1][0] : reference[0];
    volume += area * (x_end - sorted[i][0]);
  }
  return volume;
}

PointSet selected(const PointSet& points, const std::vector<bool>& chosen) {
  PointSet result(points.dimensions());
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (chosen[i]) {
      result.add(points[i]);
    }
  }
  return result;
}

double volume_nd(const PointSet& sorted, std::span<const double> reference);

// What point i adds to the points after it.
double exclusive_volume(const PointSet& sorted, std::size_t i, std::span<const double> reference) {
  PointSet limited(sorted.dimensions());
  std::vector<double> corner(sorted.dimensions());
  for (std::size_t j = i + 1; j < sorted.size(); ++j) {
    std::transform(sorted[i].begin(), sorted[i].end(), sorted[j].begin(), corner.begin(),
                   [](double a, double b) { return std::max(a, b); });
    limited.add(corner);
  }
  const double inclusive = box_volume(sorted[i], reference);
  if (limited.size() <= 3) {
    return inclusive - volume_nd(limited, reference);
  }
  return inclusive - volume_nd(selected(limited, front_of_sorted(limited)), reference);
}

double volume_nd(const PointSet& sorted, std::span<const double> reference) {
  const std::size_t n = sorted.size();
  if (n == 1) {
    return box_volume(sorted[0], reference);
  }
  if (n == 2) {
    return box_volume(sorted[0], reference) + box_volume(sorted[1], reference) -
           intersection_volume(sorted[0], sorted[1], reference);
  }
  double volume = 0.0;
  for (std::size_t i = 0; i + 1 < n; ++i) {
    volume += exclusive_volume(sorted, i, reference);
  }
  return volume + box_volume(sorted[n - 1], reference);
}

void check_dominates_reference(const PointSet& points, std::span<const double> reference) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t d = 0; d < reference.size(); ++d) {
      if (!(points[i][d] <= reference[d])) {
        throw InvalidArgument("hypervolume: every point must dominate or equal the reference point");
      }
    }
  }
}

bool all_finite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

PointSet sorted_front(const PointSet& points, bool assume_pareto) {
  if (assume_pareto) {
    std::vector<std::size_t> order(points.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return points[a][0] < points[b][0]; });
    return points.subset(order);
  }
  const PointSet unique = points.subset(unique_lexicographic(points).first);
  return selected(unique, front_of_sorted(unique));
}

// numpy's argmax: the first of the largest, and the first NaN before all.
std::size_t first_largest(std::span<const double> values) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      return i;
    }
    if (values[i] > values[best]) {
      best = i;
    }
  }
  return best;
}

// Two objectives: the points are sorted, so choosing one only cuts the boxes left and right of it.
std::vector<std::size_t> select_2d(const PointSet& sorted, std::size_t subset_size,
                                   std::span<const double> reference) {
  struct Candidate {
    std::size_t index;
    double corner_x;
    double corner_y;
  };
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    candidates.push_back({i, reference[0], reference[1]});
  }
  std::vector<std::size_t> chosen;
  std::vector<double> contributions;
  while (chosen.size() < subset_size) {
    contributions.clear();
    for (const Candidate& c : candidates) {
      contributions.push_back((c.corner_x - sorted[c.index][0]) * (c.corner_y - sorted[c.index][1]));
    }
    const std::size_t best = first_largest(contributions);
    const std::size_t winner = candidates[best].index;
    chosen.push_back(winner);
    candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(best));
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      double& corner = i < best ? candidates[i].corner_x : candidates[i].corner_y;
      corner = std::min(corner, sorted[winner][i < best ? 0 : 1]);
    }
  }
  return chosen;
}

// Greedy selection for three and more objectives. Contributions only shrink as points are chosen
// (submodularity), so an old contribution is an upper bound and most need no new hypervolume.
class LazyGreedySelection {
 public:
  LazyGreedySelection(const PointSet& points, std::span<const double> reference)
      : points_(points), reference_(reference), chosen_points_(points.dimensions()) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      left_.push_back(i);
      bounds_.push_back(box_volume(points[i], reference));
    }
  }

  std::vector<std::size_t> run(std::size_t subset_size) {
    while (true) {
      take(first_largest(bounds_));
      if (chosen_.size() == subset_size) {
        return chosen_;
      }
      update_bounds();
    }
  }

 private:
  void take(std::size_t place) {
    volume_ += bounds_[place];
    chosen_.push_back(left_[place]);
    chosen_points_.add(points_[left_[place]]);
    left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(place));
    bounds_.erase(bounds_.begin() + static_cast<std::ptrdiff_t>(place));
  }

  void update_bounds() {
    if (std::isinf(volume_)) {
      std::fill(bounds_.begin(), bounds_.end(), kInfinity);
      return;
    }
    tighten_with_latest();
    std::vector<std::size_t> order(left_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return bounds_[a] > bounds_[b]; });
    double best = 0.0;
    for (const std::size_t place : order) {
      if (std::isinf(box_volume(points_[left_[place]], reference_))) {
        best = bounds_[place] = kInfinity;
      } else if (!(bounds_[place] < best)) {
        bounds_[place] = contribution(left_[place]);
        best = std::max(bounds_[place], best);
      }
    }
  }

  // Against the point chosen last alone the contribution has a closed form.
  void tighten_with_latest() {
    const auto latest = points_[chosen_.back()];
    for (std::size_t place = 0; place < left_.size(); ++place) {
      const auto point = points_[left_[place]];
      const double against_latest =
          box_volume(point, reference_) - intersection_volume(point, latest, reference_);
      bounds_[place] = std::min(bounds_[place], against_latest);
    }
  }

  [[nodiscard]] double contribution(std::size_t index) const {
    const auto point = points_[index];
    if (points_.dimensions() <= 3) {
      PointSet with_point = chosen_points_;
      with_point.add(point);
      return hypervolume(with_point, reference_, true) - volume_;
    }
    PointSet shared(points_.dimensions());
    std::vector<double> corner(points_.dimensions());
    for (std::size_t i = 0; i < chosen_points_.size(); ++i) {
      std::transform(point.begin(), point.end(), chosen_points_[i].begin(), corner.begin(),
                     [](double a, double b) { return std::max(a, b); });
      shared.add(corner);
    }
    return box_volume(point, reference_) - hypervolume(shared, reference_);
  }

  const PointSet& points_;
  std::span<const double> reference_;
  PointSet chosen_points_;
  std::vector<std::size_t> chosen_;
  std::vector<std::size_t> left_;
  std::vector<double> bounds_;
  double volume_ = 0.0;
};

// Fewer distinct points than wanted: all of them, then the first duplicates.
std::vector<std::size_t> fill_with_duplicates(const std::vector<std::size_t>& distinct, std::size_t n,
                                              std::size_t subset_size) {
  std::vector<bool> taken(n);
  for (const std::size_t i : distinct) {
    taken[i] = true;
  }
  std::vector<std::size_t> chosen = distinct;
  for (std::size_t i = 0; i < n && chosen.size() < subset_size; ++i) {
    if (!taken[i]) {
      chosen.push_back(i);
    }
  }
  return chosen;
}

}  // namespace

double hypervolume(const PointSet& points, std::span<const double> reference, bool assume_pareto) {
  check_dominates_reference(points, reference);
  if (!all_finite(reference)) {
    return kInfinity;
  }
  if (points.empty()) {
    return 0.0;
  }
  const PointSet front = sorted_front(points, assume_pareto);
  double volume = 0.0;
  if (reference.size() == 2) {
    volume = volume_2d(front, reference);
  } else if (reference.size() == 3) {
    volume = volume_3d(front, reference);
  } else {
    volume = volume_nd(front, reference);
  }
  return std::isfinite(volume) ? volume : kInfinity;
}

std::vector<std::size_t> select_by_hypervolume(const PointSet& points, std::size_t subset_size,
                                               std::span<const double> reference) {
  std::vector<std::size_t> chosen(points.size());
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  if (subset_size == points.size() || subset_size == 0) {
    chosen.resize(subset_size);
    return chosen;
  }
  std::vector<std::size_t> distinct = unique_lexicographic(points).first;
  if (distinct.size() < subset_size) {
    return fill_with_duplicates(distinct, points.size(), subset_size);
  }
  if (!all_finite(reference) || distinct.size() == subset_size) {
    distinct.resize(subset_size);
    return distinct;
  }
  const PointSet unique = points.subset(distinct);
  chosen = unique.dimensions() == 2 ? select_2d(unique, subset_size, reference)
                                    : LazyGreedySelection(unique, reference).run(subset_size);
  std::transform(chosen.begin(), chosen.end(), chosen.begin(), [&](std::size_t i) { return distinct[i]; });
  return chosen;
}

}  // namespace tune::math
