#include "cli/run/paired_comparison.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace fmnist_tune {
namespace {

constexpr auto kMaximize = tune::Direction::kMaximize;
constexpr auto kMinimize = tune::Direction::kMinimize;

Replicates replicates(const std::vector<double>& values) {
  Replicates found;
  for (std::size_t i = 0; i < values.size(); ++i) found.emplace(static_cast<std::int64_t>(i), values[i]);
  return found;
}

/// 1, 2, … 10 with something added.
Replicates ten(double added) {
  std::vector<double> values;
  for (int i = 1; i <= 10; ++i) values.push_back(i + added);
  return replicates(values);
}

TEST(PairedComparison, DescribesEachConfiguration) {
  const auto found = compare_pairs({replicates({1.0, 2.0, 6.0})}, kMaximize).contenders.front();
  EXPECT_EQ(found.n, 3U);
  EXPECT_EQ(found.mean, 3.0);
  EXPECT_NEAR(found.standard_deviation, std::sqrt(7.0), 1e-12);
  EXPECT_EQ(found.smallest, 1.0);
  EXPECT_EQ(found.largest, 6.0);
  EXPECT_EQ(found.wins, 3);
  EXPECT_FALSE(found.p_value.has_value());
}

TEST(PairedComparison, NamesTheOneThatIsBetterInEveryPairThoughSeedsMatterMore) {
  const auto found = compare_pairs({ten(0.0), ten(0.1)}, kMaximize);
  EXPECT_EQ(found.best, 1U);
  EXPECT_TRUE(found.has_winner());
  // All ten differences have one sign: 2 of 2^10 patterns.
  EXPECT_DOUBLE_EQ(found.contenders[0].p_value.value(), std::ldexp(1.0, -9));
  EXPECT_EQ(found.contenders[0].wins, 0);
  EXPECT_EQ(found.contenders[1].wins, 10);
  EXPECT_EQ(compare_pairs({ten(0.0), ten(0.1)}, kMinimize).best, 0U);
}

TEST(PairedComparison, NamesNobodyWhereThePairsDisagree) {
  const auto found =
      compare_pairs({replicates({1, 2, 3, 4, 5, 6}), replicates({2, 1, 4, 3, 6, 6.5})}, kMaximize);
  EXPECT_EQ(found.best, 1U);
  EXPECT_FALSE(found.has_winner());
  EXPECT_EQ(found.undecided, std::vector<std::size_t>{0});
}

TEST(PairedComparison, LeavesPairsWithoutADifferenceOutAndIsTheSameFromBothSides) {
  const auto p_value = [](const std::vector<double>& one, const std::vector<double>& other) {
    const auto found = compare_pairs({replicates(one), replicates(other)}, kMaximize);
    return found.contenders[1 - *found.best].p_value.value();
  };
  // Five pairs with a difference, all of one sign: 2 of 2^5 patterns, whatever a sixth equal pair may add.
  EXPECT_DOUBLE_EQ(p_value({2, 3, 4, 5, 6, 7}, {1, 1, 1, 1, 1, 7}), std::ldexp(1.0, -4));
  EXPECT_DOUBLE_EQ(p_value({1, 1}, {1, 1}), 1.0);
  // Sizes 1, 1, 2, the second with the other sign: ranks 1.5, 1.5, 3, of which 4.5 or more are positive in
  // three of eight patterns.
  EXPECT_DOUBLE_EQ(p_value({2, 1, 3}, {1, 2, 1}), 0.75);
  EXPECT_DOUBLE_EQ(p_value({1, 2, 1}, {2, 1, 3}), 0.75);
}

TEST(PairedComparison, CorrectsForTheNumberOfComparisons) {
  const auto found = compare_pairs({ten(1.0), ten(0.5), ten(0.25), ten(0.125)}, kMaximize);
  const double smallest = std::ldexp(1.0, -9);
  EXPECT_EQ(found.best, 0U);
  // Three equal p-values: the smallest counts three times, and none of the others less.
  for (std::size_t i = 1; i < 4; ++i) EXPECT_DOUBLE_EQ(found.contenders[i].p_value.value(), 3 * smallest);
  EXPECT_TRUE(found.has_winner());
}

TEST(PairedComparison, ComparesOnlyReplicatesThatBothHave) {
  Replicates partial = ten(5.0);
  for (const std::int64_t missing : {0, 4, 9}) partial.erase(missing);
  partial.emplace(77, 1.0);
  const auto found = compare_pairs({partial, ten(0.0)}, kMaximize);
  EXPECT_EQ(found.best, 0U);
  EXPECT_EQ(found.contenders[1].n_pairs, 7U);
  EXPECT_DOUBLE_EQ(found.contenders[1].p_value.value(), std::ldexp(1.0, -6));
}

TEST(PairedComparison, TakesEqualResultsAndMissingOnesForNoDifference) {
  const auto equal = compare_pairs({ten(0.0), ten(0.0)}, kMaximize);
  EXPECT_EQ(equal.best, 0U);
  EXPECT_EQ(equal.contenders[1].p_value, 1.0);
  EXPECT_EQ(equal.contenders[1].wins, 10);
  const auto missing = compare_pairs({{}, ten(0.0)}, kMaximize);
  EXPECT_EQ(missing.best, 1U);
  EXPECT_TRUE(std::isnan(missing.contenders[0].mean));
  EXPECT_EQ(missing.contenders[0].p_value, 1.0);
  EXPECT_FALSE(compare_pairs({{}, {}}, kMaximize).best.has_value());
}

TEST(PairedComparison, StandsInfinities) {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto found = compare_pairs({replicates({infinity, 1.0}), replicates({infinity, 2.0})}, kMinimize);
  EXPECT_TRUE(found.best.has_value());
  EXPECT_FALSE(found.has_winner());
}

TEST(PairedComparison, KnowsHowManyPairsItTakes) {
  EXPECT_EQ(fewest_pairs(1), 1);
  EXPECT_EQ(fewest_pairs(2), 6);  // 2^-5 = 0.03 < 0.05
  EXPECT_EQ(fewest_pairs(5), 8);  // 4 · 2^-7 = 0.03 < 0.05
  for (const std::size_t n : {2U, 3U, 5U, 20U}) {
    std::vector<Replicates> values;
    for (std::size_t i = 0; i < n; ++i) {
      Replicates& own = values.emplace_back();
      for (std::int64_t k = 0; k < fewest_pairs(n); ++k)
        own.emplace(k, static_cast<double>(k) - static_cast<double>(i) * static_cast<double>(k + 10));
    }
    EXPECT_TRUE(compare_pairs(values, kMaximize).has_winner()) << n;
    for (Replicates& own : values) own.erase(0);
    EXPECT_FALSE(compare_pairs(values, kMaximize).has_winner()) << n;
  }
}

}  // namespace
}  // namespace fmnist_tune
