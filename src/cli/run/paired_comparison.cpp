#include "cli/run/paired_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tune/math/signed_rank.hpp"

namespace fmnist_tune {
namespace {

using tune::math::Alternative;

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

bool is_better(double a, double b, tune::Direction direction) {
  return direction == tune::Direction::kMaximize ? a > b : a < b;
}

Contender describe(const Replicates& values) {
  Contender found{values.size(), kNothing, kNothing, kNothing, kNothing};
  if (values.empty()) return found;
  const auto n = static_cast<double>(values.size());
  found.mean = 0.0;
  found.smallest = found.largest = values.begin()->second;
  for (const auto& [replicate, value] : values) {
    found.mean += value / n;
    found.smallest = std::min(found.smallest, value);
    found.largest = std::max(found.largest, value);
  }
  if (values.size() < 2) return found;
  double squares = 0.0;
  for (const auto& [replicate, value] : values) squares += (value - found.mean) * (value - found.mean);
  found.standard_deviation = std::sqrt(squares / (n - 1.0));
  return found;
}

bool is_won(const std::vector<Replicates>& all, std::int64_t replicate, double value,
            tune::Direction direction) {
  return std::none_of(all.begin(), all.end(), [&](const Replicates& other) {
    const auto found = other.find(replicate);
    return found != other.end() && is_better(found->second, value, direction);
  });
}

std::vector<double> differences(const Replicates& one, const Replicates& other) {
  std::vector<double> found;
  for (const auto& [replicate, value] : one) {
    const auto pair = other.find(replicate);
    if (pair == other.end()) continue;
    const double difference = value - pair->second;
    // Two equal infinities.
    found.push_back(std::isnan(difference) ? 0.0 : difference);
  }
  return found;
}

constexpr std::size_t kMostExact = 50;

/// Twice the ranks of the sizes, so that those shared by equal sizes are whole numbers.
std::vector<std::size_t> doubled_ranks(const std::vector<double>& differences) {
  std::vector<std::size_t> ranks;
  for (const double one : differences) {
    std::size_t rank = 1;
    for (const double other : differences) {
      if (std::abs(other) < std::abs(one)) rank += 2;
      if (std::abs(other) == std::abs(one)) ++rank;
    }
    ranks.push_back(rank);
  }
  return ranks;
}

/// Wilcoxon's test over all patterns of signs, with the ranks as they are, ties included.
double exact_two_sided(const std::vector<double>& differences) {
  const auto ranks = doubled_ranks(differences);
  std::vector<double> counts(std::accumulate(ranks.begin(), ranks.end(), std::size_t{0}) + 1);
  counts[0] = 1.0;
  std::size_t positive = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (differences[i] > 0.0) positive += ranks[i];
    for (std::size_t sum = counts.size(); sum-- > ranks[i];) counts[sum] += counts[sum - ranks[i]];
  }
  const auto at = counts.begin() + static_cast<std::ptrdiff_t>(positive);
  const double all = std::ldexp(1.0, static_cast<int>(ranks.size()));
  const double less = std::accumulate(counts.begin(), at + 1, 0.0) / all;
  const double greater = std::accumulate(at, counts.end(), 0.0) / all;
  return std::min(1.0, 2.0 * std::min(less, greater));
}

/// Pairs without a difference tell nothing and are left out.
double two_sided(std::vector<double> differences) {
  std::erase(differences, 0.0);
  if (differences.empty()) return 1.0;
  if (differences.size() <= kMostExact) return exact_two_sided(differences);
  const double less = tune::math::signed_rank_p_value(differences, Alternative::kLess);
  const double greater = tune::math::signed_rank_p_value(differences, Alternative::kGreater);
  return std::min(1.0, 2.0 * std::min(less, greater));
}

std::optional<std::size_t> best_of(const std::vector<Contender>& contenders, tune::Direction direction) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    if (contenders[i].n == 0) continue;
    if (!best || is_better(contenders[i].mean, contenders[*best].mean, direction)) best = i;
  }
  return best;
}

/// Holm's step-down: the k-th smallest of m counts m − k + 1 times, and none less than one before it.
void correct(PairedComparison& comparison) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < comparison.contenders.size(); ++i) {
    if (comparison.contenders[i].p_value) order.push_back(i);
  }
  const auto p_value = [&](std::size_t i) -> double& { return *comparison.contenders[i].p_value; };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p_value(a) < p_value(b); });
  double largest = 0.0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const double counted = static_cast<double>(order.size() - k) * p_value(order[k]);
    largest = std::max(largest, std::min(1.0, counted));
    p_value(order[k]) = largest;
  }
}

}  // namespace

PairedComparison compare_pairs(const std::vector<Replicates>& values, tune::Direction direction) {
  PairedComparison comparison;
  for (const Replicates& replicates : values) {
    Contender& contender = comparison.contenders.emplace_back(describe(replicates));
    contender.wins = std::count_if(replicates.begin(), replicates.end(), [&](const auto& replicate) {
      return is_won(values, replicate.first, replicate.second, direction);
    });
  }
  comparison.best = best_of(comparison.contenders, direction);
  if (!comparison.best) return comparison;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto pairs = differences(values[*comparison.best], values[i]);
    comparison.contenders[i].n_pairs = pairs.size();
    if (i != *comparison.best) comparison.contenders[i].p_value = two_sided(pairs);
  }
  correct(comparison);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto p = comparison.contenders[i].p_value;
    if (p && *p >= kSignificance) comparison.undecided.push_back(i);
  }
  return comparison;
}

std::int64_t fewest_pairs(std::size_t n_configurations) {
  if (n_configurations < 2) return 1;
  // Each of the n − 1 comparisons may need the smallest p-value, and the first one counts n − 1 times.
  std::int64_t n = 1;
  while (static_cast<double>(n_configurations - 1) * std::ldexp(1.0, static_cast<int>(1 - n)) >= kSignificance)
    ++n;
  return n;
}

}  // namespace fmnist_tune
