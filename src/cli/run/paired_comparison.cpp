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

double two_sided(const std::vector<double>& differences) {
  if (differences.empty()) return 1.0;
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
