#include "tune/math/elementary.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tune/math/lane_kernels.hpp"
#include "tune/random.hpp"
#include "tune/samplers/truncated_normal.hpp"

namespace tune::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Distance from the true value in units of the last place of the result.
double ulps(double actual, long double expected) {
  const double rounded = static_cast<double>(expected);
  const double ulp = std::nextafter(std::abs(rounded), kInfinity) - std::abs(rounded);
  return static_cast<double>(std::abs(static_cast<long double>(actual) - expected) / ulp);
}

long double true_log_mass(long double a, long double b) {
  const long double root = std::sqrt(2.0L);
  if (a > 0.0L) {
    return std::log((std::erfc(a / root) - std::erfc(b / root)) / 2.0L);
  }
  if (b < 0.0L) {
    return true_log_mass(-b, -a);
  }
  return std::log1p(-(std::erfc(-a / root) + std::erfc(b / root)) / 2.0L);
}

std::vector<double> spread(std::size_t n, double low, double high) {
  RandomStream stream(StreamKey{.seed = 17});
  std::vector<double> points(n);
  for (double& x : points) {
    x = stream.uniform(low, high);
  }
  return points;
}

TEST(Elementary, ExpIsWithinAnUlp) {
  for (const double x : spread(200000, -740.0, 709.0)) {
    ASSERT_LE(ulps(exp(x), std::exp(static_cast<long double>(x))), 1.0) << x;
  }
  for (const double x : spread(100000, -1.0, 1.0)) {
    ASSERT_LE(ulps(exp(x), std::exp(static_cast<long double>(x))), 1.0) << x;
  }
}

TEST(Elementary, ExpHandlesTheEndsOfTheLine) {
  EXPECT_EQ(exp(0.0), 1.0);
  EXPECT_EQ(exp(-0.0), 1.0);
  EXPECT_EQ(exp(710.0), kInfinity);
  EXPECT_EQ(exp(kInfinity), kInfinity);
  EXPECT_EQ(exp(-746.0), 0.0);
  EXPECT_EQ(exp(-1e300), 0.0);
  EXPECT_EQ(exp(-kInfinity), 0.0);
  EXPECT_TRUE(std::isnan(exp(std::nan(""))));
}

TEST(Elementary, LogIsWithinAnUlp) {
  for (const double exponent : spread(200000, -1074.0, 1024.0)) {
    const double x = std::exp2(exponent);
    ASSERT_LE(ulps(log(x), std::log(static_cast<long double>(x))), 1.0) << x;
  }
  for (const double x : spread(200000, 0.5, 2.0)) {
    ASSERT_LE(ulps(log(x), std::log(static_cast<long double>(x))), 1.0) << x;
  }
}

TEST(Elementary, LogHandlesTheEndsOfTheLine) {
  EXPECT_EQ(log(1.0), 0.0);
  EXPECT_EQ(log(0.0), -kInfinity);
  EXPECT_EQ(log(-0.0), -kInfinity);
  EXPECT_EQ(log(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(log(-1.0)));
  EXPECT_TRUE(std::isnan(log(-kInfinity)));
  EXPECT_TRUE(std::isnan(log(std::nan(""))));
}

TEST(Elementary, Log1pAndExpm1KeepTheirDigitsNearZero) {
  for (const double exponent : spread(100000, -700.0, 3.0)) {
    for (const double x : {std::exp(exponent), -std::exp(std::min(exponent, -0.01))}) {
      ASSERT_LE(ulps(log1p(x), std::log1p(static_cast<long double>(x))), 3.0) << x;
      ASSERT_LE(ulps(expm1(x), std::expm1(static_cast<long double>(x))), 4.0) << x;
    }
  }
  EXPECT_EQ(log1p(-1.0), -kInfinity);
  EXPECT_EQ(log1p(kInfinity), kInfinity);
  EXPECT_EQ(expm1(-kInfinity), -1.0);
}

TEST(Elementary, ScaledTailTimesTheDensityIsTheTail) {
  for (const double t : spread(100000, 0.0, 12.0)) {
    const auto x = static_cast<long double>(t);
    const long double expected = std::erfc(x / std::sqrt(2.0L)) / 2.0L * std::exp(x * x / 2.0L);
    ASSERT_LE(ulps(scaled_tail(t), expected), 4.0) << t;
  }
  EXPECT_NEAR(scaled_tail(1e8) * 1e8, 0.3989422804014327, 1e-15);
  EXPECT_EQ(scaled_tail(0.0), 0.5);
  EXPECT_LT(scaled_tail(kInfinity), 1e-299);
}

TEST(Elementary, LogIntervalMassHoldsItsDigitsInBothTails) {
  const auto lows = spread(100000, -30.0, 30.0);
  const auto widths = spread(100000, 0.01, 5.0);
  for (std::size_t i = 0; i < lows.size(); ++i) {
    const double a = lows[i];
    const double b = a + widths[i];
    const auto expected = static_cast<double>(true_log_mass(a, b));
    ASSERT_NEAR(log_interval_mass(a, b), expected, 1e-13 * std::max(1.0, std::abs(expected))) << a << " " << b;
  }
  EXPECT_EQ(log_interval_mass(-kInfinity, kInfinity), 0.0);
  EXPECT_EQ(log_interval_mass(-9.0, 9.0), 0.0);
  EXPECT_EQ(log_interval_mass(3.0, 3.0), -kInfinity);
  EXPECT_LT(log_interval_mass(1e100, 2e100), -1e199);
}

TEST(Elementary, TheQuantileUndoesTheTail) {
  for (const double exponent : spread(100000, -690.0, std::log(0.5))) {
    const double p = std::exp(exponent);
    const double x = lower_normal_quantile(p);
    ASSERT_NEAR(log_interval_mass(-kInfinity, x), exponent, 2e-13 * std::max(1.0, -exponent)) << p;
  }
  EXPECT_EQ(lower_normal_quantile(0.5), 0.0);
}

std::vector<const LaneKernels*> all_kernels() {
  std::vector<const LaneKernels*> all{&baseline_kernels()};
  if (avx2_kernels() != nullptr) {
    all.push_back(avx2_kernels());
  }
  return all;
}

TEST(LaneKernels, GiveTheBitsOfTheScalarsWithEverySetOfInstructions) {
  std::vector<double> x = spread(80000, -40.0, 40.0);
  for (const double special : {0.0, -0.0, 1.0, kInfinity, -kInfinity, 5e-324, 1e-310, 800.0, -800.0}) {
    x.insert(x.end(), 8, special);
  }
  std::vector<double> wider = x;
  for (double& b : wider) {
    b += 0.5;
  }
  std::vector<double> out(x.size());
  for (const LaneKernels* kernels : all_kernels()) {
    kernels->exps(x.data(), out.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(out[i], exp(x[i])) << x[i];
    }
    kernels->logs(wider.data(), out.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_TRUE(out[i] == log(wider[i]) || (std::isnan(out[i]) && wider[i] < 0.0)) << wider[i];
    }
    kernels->log_most(x.data(), out.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x[i] >= 0.0) {
        ASSERT_NEAR(out[i], log_interval_mass(-kInfinity, x[i]), 3e-16) << x[i];
      }
    }
    kernels->masses(x.data(), wider.data(), out.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(out[i], log_interval_mass(x[i], wider[i])) << x[i];
    }
  }
}

TEST(LaneKernels, GiveTheQuantilesOfTheScalarOrLeaveThemToIt) {
  constexpr std::size_t kCases = 40000;
  RandomStream stream(StreamKey{.seed = 24});
  std::vector<double> q(kCases);
  std::vector<double> a(kCases);
  std::vector<double> b(kCases);
  for (std::size_t i = 0; i < kCases; ++i) {
    q[i] = i % 100 == 0 ? static_cast<double>(stream.below(2)) : stream.uniform();
    a[i] = i % 50 == 0 ? -kInfinity : stream.uniform(-45.0, 45.0);
    b[i] = i % 70 == 0 ? kInfinity : i % 60 == 0 ? a[i] : stream.uniform(std::max(a[i], -45.0), 46.0);
  }
  for (const LaneKernels* kernels : all_kernels()) {
    std::vector<double> x = q;
    kernels->quantiles(a.data(), b.data(), x.data(), kCases);
    std::size_t n_left = 0;
    for (std::size_t i = 0; i < kCases; ++i) {
      n_left += std::isnan(x[i]) ? 1 : 0;
      ASSERT_TRUE(std::isnan(x[i]) || x[i] == samplers::truncated_normal_quantile(q[i], a[i], b[i]))
          << q[i] << ' ' << a[i] << ' ' << b[i] << " gives " << x[i];
    }
    EXPECT_LT(n_left, kCases / 4);
  }
}

// Two continuous parameters, one categorical: what is left at each point of a tile, with the sums.
std::vector<double> survivors_with(const LaneKernels& kernels, const std::vector<double>& rows,
                                   std::size_t n_groups) {
  const std::vector<double> penalties{3.5};
  const std::vector<double> points{0.1, -0.4, 1.0, 0.6, 0.2, 0.0, -0.9, 0.9, 2.0, 0.0, 0.0, 1.0};
  const double margin = 5.0;
  std::vector<std::uint32_t> groups(kTile * n_groups);
  std::vector<double> sums(kTile * n_groups * kGroup);
  Survivors out[kTile];
  for (std::size_t i = 0; i < kTile; ++i) {
    out[i] = {groups.data() + i * n_groups, sums.data() + i * n_groups * kGroup, 0, -40.0};
  }
  kernels.accumulate({rows.data(), n_groups, 6 * kGroup, 2, 1, penalties.data()}, points.data(), &margin, out);
  std::vector<double> seen;
  for (const Survivors& left : out) {
    seen.insert(seen.end(), left.groups, left.groups + left.count);
    seen.insert(seen.end(), left.sums, left.sums + left.count * kGroup);
    seen.push_back(kernels.largest(left));
    seen.push_back(kernels.sum_of_exp(left, kernels.largest(left)));
  }
  return seen;
}

TEST(LaneKernels, LeaveTheSameKernelsWithTheSameSumsWithEverySetOfInstructions) {
  constexpr std::size_t kGroups = 200;
  RandomStream stream(StreamKey{.seed = 23});
  std::vector<double> rows(kGroups * 6 * kGroup);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t row = i / kGroup % 6;
    rows[i] =
        row == 5 ? static_cast<double>(stream.below(3)) : stream.uniform(-1.0, 1.0) * (row % 2 == 0 ? 9 : 1);
  }
  const auto expected = survivors_with(baseline_kernels(), rows, kGroups);
  EXPECT_GT(expected.size(), 4 * kGroup);
  EXPECT_LT(expected.size(), kTile * kGroups * (kGroup + 1));
  for (const LaneKernels* kernels : all_kernels()) {
    EXPECT_EQ(survivors_with(*kernels, rows, kGroups), expected);
  }
}

}  // namespace
}  // namespace tune::math
