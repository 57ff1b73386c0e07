#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tune/frozen_trial.hpp"

namespace fmnist_tune {

/// Values of one configuration by the number of the replicate: those of one number share their seeds.
using Replicates = std::map<std::int64_t, double>;

/// What the replicates say of one configuration.
struct Contender {
  std::size_t n = 0;  ///< Replicates with a value; the next four are over them, NaN without any.
  double mean = 0.0;
  double standard_deviation = 0.0;  ///< Of a sample; NaN for fewer than two.
  double smallest = 0.0;
  double largest = 0.0;
  std::int64_t wins = 0;  ///< Replicates in which no other configuration was better.

  std::size_t n_pairs = 0;          ///< Replicates that this one and the best have both.
  std::optional<double> p_value{};  ///< Against the best, two-sided, corrected; nothing for the best itself.
};

struct PairedComparison {
  std::vector<Contender> contenders;     ///< As given.
  std::optional<std::size_t> best{};     ///< With the best mean, the first on ties; nothing without any value.
  std::vector<std::size_t> undecided{};  ///< Those that the test cannot tell from the best one.

  [[nodiscard]] bool has_winner() const { return best.has_value() && undecided.empty(); }
};

/// A corrected p-value below it is a difference.
inline constexpr double kSignificance = 0.05;

/// Compares every configuration with the one that has the best mean, by Wilcoxon's signed-rank test over the
/// replicates that both have, two-sided (twice the smaller of the one-sided p-values), corrected by Holm's
/// method for the number of comparisons. Values are finite or infinite, not NaN.
[[nodiscard]] PairedComparison compare_pairs(const std::vector<Replicates>& values, tune::Direction direction);

/// The fewest pairs with which the best of so many configurations can come out ahead of all others at all:
/// the exact test over n pairs gives no smaller p-value than 2^(1−n).
[[nodiscard]] std::int64_t fewest_pairs(std::size_t n_configurations);

}  // namespace fmnist_tune
