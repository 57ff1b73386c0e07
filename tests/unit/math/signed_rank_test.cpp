#include "tune/math/signed_rank.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace tune::math {
namespace {

/// By going through all sign patterns.
double enumerated(const std::vector<double>& differences) {
  const std::size_t n = differences.size();
  const auto rank_sum = [&](std::size_t signs) {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += (signs >> i & 1U) * (i + 1);
    return sum;
  };
  std::size_t observed = 0;
  for (std::size_t i = 0; i < n; ++i) observed += differences[i] > 0 ? i + 1 : 0;
  double count = 0;
  for (std::size_t signs = 0; signs < std::size_t{1} << n; ++signs)
    count += rank_sum(signs) >= observed ? 1 : 0;
  return std::ldexp(count, -static_cast<int>(n));
}

TEST(SignedRank, IsExactForFewDifferencesWithoutTies) {
  for (std::size_t n = 1; n <= 10; ++n) {
    for (std::size_t signs = 0; signs < std::size_t{1} << n; signs += 3) {
      std::vector<double> differences;
      for (std::size_t i = 0; i < n; ++i) {
        differences.push_back((signs >> i & 1U) != 0U ? 0.5 + static_cast<double>(i)
                                                      : -0.5 - static_cast<double>(i));
      }
      EXPECT_EQ(signed_rank_p_value(differences, Alternative::kGreater), enumerated(differences));
    }
  }
}

TEST(SignedRank, TurnsAroundWithTheSigns) {
  const std::vector<double> some{1.0, -2.0, 3.0, 4.5, -5.0};
  const std::vector<double> mirrored{-1.0, 2.0, -3.0, -4.5, 5.0};
  EXPECT_EQ(signed_rank_p_value(some, Alternative::kGreater),
            signed_rank_p_value(mirrored, Alternative::kLess));
}

// The numbers are those of scipy 1.10.1, wilcoxon(d, alternative="greater", zero_method="zsplit").
TEST(SignedRank, TreatsTiesAndZerosAsScipyDoes) {
  EXPECT_NEAR(signed_rank_p_value(std::vector<double>{1, 1, 2, -1, 3}, Alternative::kGreater), 0.09375, 1e-15);
  EXPECT_NEAR(signed_rank_p_value(std::vector<double>{0, 1, 2, -1, 3}, Alternative::kGreater),
              0.11140049559056725, 1e-15);
  EXPECT_EQ(signed_rank_p_value(std::vector<double>{0, 0, 0}, Alternative::kGreater), 0.5);
}

TEST(SignedRank, ApproximatesBeyondFiftyDifferences) {
  std::vector<double> differences;
  for (int i = 1; i <= 51; ++i) differences.push_back(i % 3 == 0 ? -i : i);
  EXPECT_NEAR(signed_rank_p_value(differences, Alternative::kGreater), 0.027926091017792348, 1e-15);
  differences.pop_back();
  EXPECT_NEAR(signed_rank_p_value(differences, Alternative::kGreater), 0.01308348408559823, 1e-15);
}

TEST(SignedRank, CountsEverySignPatternOnce) {
  const std::vector<double> counts = signed_rank_counts(50);
  EXPECT_EQ(counts.size(), 1276U);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0.0), std::ldexp(1.0, 50));
}

}  // namespace
}  // namespace tune::math
