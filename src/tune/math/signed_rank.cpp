#include "tune/math/signed_rank.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "tune/math/error_function.hpp"

namespace tune::math {
namespace {

constexpr std::size_t kMostForExact = 50;  // scipy's.

struct RankSums {
  double positive = 0.0;        ///< Sum of the ranks of the positive differences, half the ranks of the zeros.
  double tie_correction = 0.0;  ///< Σ t³ − t over the groups of t equal sizes.
};

// Ranks by size, equal sizes share the mean of their ranks. All sums are multiples of 1/4, hence exact.
RankSums rank_sums(std::span<const double> differences) {
  std::vector<double> sorted(differences.begin(), differences.end());
  const auto smaller = [](double a, double b) { return std::abs(a) < std::abs(b); };
  std::sort(sorted.begin(), sorted.end(), smaller);
  RankSums sums;
  for (auto first = sorted.begin(); first != sorted.end();) {
    const auto last = std::upper_bound(first, sorted.end(), *first, smaller);
    const auto n = static_cast<double>(last - first);
    const double rank = static_cast<double>(first - sorted.begin()) + (n + 1.0) / 2.0;
    const auto n_positive = static_cast<double>(std::count_if(first, last, [](double d) { return d > 0.0; }));
    sums.positive += rank * (*first == 0.0 ? n / 2.0 : n_positive);
    sums.tie_correction += n * (n * n - 1.0);
    first = last;
  }
  return sums;
}

double exact_p_value(double positive, std::size_t n, Alternative alternative) {
  const std::vector<double> counts = signed_rank_counts(n);
  const auto at = counts.begin() + static_cast<std::ptrdiff_t>(positive);
  const double tail = alternative == Alternative::kGreater ? std::accumulate(at, counts.end(), 0.0)
                                                           : std::accumulate(counts.begin(), at + 1, 0.0);
  return std::ldexp(tail, -static_cast<int>(n));
}

double approximate_p_value(const RankSums& sums, std::size_t count, Alternative alternative) {
  const auto n = static_cast<double>(count);
  const double mean = n * (n + 1.0) * 0.25;
  const double deviation = std::sqrt((n * (n + 1.0) * (2.0 * n + 1.0) - 0.5 * sums.tie_correction) / 24.0);
  const double z = (sums.positive - mean) / deviation;
  return 0.5 * erfc((alternative == Alternative::kGreater ? z : -z) / std::numbers::sqrt2);
}

}  // namespace

std::vector<double> signed_rank_counts(std::size_t n) {
  std::vector<double> counts{1.0};  // Whole numbers below 2^53: exact.
  for (std::size_t rank = 1; rank <= n; ++rank) {
    std::vector<double> next(counts.size() + rank, 0.0);
    for (std::size_t sum = 0; sum < counts.size(); ++sum) {
      next[sum] += counts[sum];
      next[sum + rank] += counts[sum];
    }
    counts = std::move(next);
  }
  return counts;
}

double signed_rank_p_value(std::span<const double> differences, Alternative alternative) {
  const RankSums sums = rank_sums(differences);
  const bool has_zero = std::find(differences.begin(), differences.end(), 0.0) != differences.end();
  return differences.size() <= kMostForExact && !has_zero
             ? exact_p_value(sums.positive, differences.size(), alternative)
             : approximate_p_value(sums, differences.size(), alternative);
}

}  // namespace tune::math
