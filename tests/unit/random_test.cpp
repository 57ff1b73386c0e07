#include "tune/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "tune/error.hpp"

namespace tune {
namespace {

TEST(RandomStream, GivesTheSameNumbersForTheSameKeyAsOnTheDayItWasFixed) {
  // Pinned: another number here means that no old study can be reproduced.
  RandomStream stream({42, 7, Purpose::kSuggestion, 3});
  EXPECT_EQ(stream(), 0x37a354b2031a0b6cU);
  EXPECT_EQ(stream(), 0xbf621ba3e30115a9U);
  EXPECT_EQ(stream(), 0x8db0401164d327c6U);
  EXPECT_EQ(stream(), 0xd0b84c7b3c38dc37U);
  EXPECT_EQ(stream(), 0x84761c9fe882719aU);
}

TEST(RandomStream, MatchesThePublishedAnswerOfPhiloxForAZeroKey) {
  // Random123's known-answer file, philox4x64 10 rounds, counter and key all zero.
  RandomStream stream({0, 0, static_cast<Purpose>(0), 0});
  EXPECT_EQ(stream(), 0x16554d9eca36314cU);
  EXPECT_EQ(stream(), 0xdb20fe9d672d0fdcU);
  EXPECT_EQ(stream(), 0xd7e772cee186176bU);
  EXPECT_EQ(stream(), 0x7e68b68aec7ba23bU);
}

TEST(RandomStream, DiffersWhenAnyPartOfTheKeyDiffers) {
  const std::vector<StreamKey> keys = {{1, 2, Purpose::kShuffle, 3},
                                       {9, 2, Purpose::kShuffle, 3},
                                       {1, 9, Purpose::kShuffle, 3},
                                       {1, 2, Purpose::kDropout, 3},
                                       {1, 2, Purpose::kShuffle, 9}};
  std::set<std::uint64_t> seen;
  for (const auto& key : keys) {
    RandomStream stream(key);
    for (int i = 0; i < 100; ++i) seen.insert(stream());
  }
  EXPECT_EQ(seen.size(), keys.size() * 100);
}

TEST(RandomStream, UniformStaysBelowOneAndFillsTheRange) {
  RandomStream stream({5, 0, Purpose::kSuggestion, 0});
  double sum = 0.0;
  for (int i = 0; i < 100'000; ++i) {
    const double u = stream.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.005);
}

TEST(RandomStream, UniformOfAHugeRangeDoesNotOverflow) {
  RandomStream stream({5, 0, Purpose::kSuggestion, 0});
  for (int i = 0; i < 1000; ++i) {
    const double u = stream.uniform(-1.7e308, 1.7e308);
    ASSERT_TRUE(std::isfinite(u));
    ASSERT_GE(u, -1.7e308);
    ASSERT_LT(u, 1.7e308);
  }
  EXPECT_EQ(stream.uniform(3.0, 3.0), 3.0);
}

TEST(RandomStream, BelowCoversEveryValueEvenly) {
  RandomStream stream({6, 0, Purpose::kShuffle, 0});
  std::vector<int> counts(7);
  for (int i = 0; i < 70'000; ++i) ++counts.at(stream.below(7));
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);
  EXPECT_THROW((void)stream.below(0), InvalidArgument);
}

TEST(RandomStream, NormalHasMeanZeroAndVarianceOne) {
  RandomStream stream({7, 0, Purpose::kInitialWeights, 0});
  double sum = 0.0;
  double squares = 0.0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.01);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.02);
}

TEST(RandomStream, FillsAnOddNumberOfWordsAsThePrefixOfALongerFill) {
  std::vector<std::uint32_t> five(5);
  std::vector<std::uint32_t> eight(8);
  RandomStream({8, 0, Purpose::kDropout, 0}).fill(five);
  RandomStream({8, 0, Purpose::kDropout, 0}).fill(eight);
  for (std::size_t i = 0; i < five.size(); ++i) EXPECT_EQ(five[i], eight[i]);
}

TEST(StableHash, IsFnv1a) {
  EXPECT_EQ(stable_hash(""), 0xcbf29ce484222325U);
  EXPECT_EQ(stable_hash("a"), 0xaf63dc4c8601ec8cU);
  EXPECT_EQ(stable_hash("foobar"), 0x85944171f73967e8U);
}

}  // namespace
}  // namespace tune
