#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "support/trial_builder.hpp"
#include "tune/error.hpp"
#include "tune/samplers/none.hpp"
#include "tune/samplers/random.hpp"

namespace tune {
namespace {

const SearchSpace kNoSpace;

SamplingContext context_of(const History& history, std::int64_t number = 0, std::uint64_t seed = 7) {
  return {.history = HistoryView(history), .number = TrialNumber{number}, .seed = seed, .declared = kNoSpace};
}

template <std::size_t N>
std::array<int, N> histogram(const Distribution& distribution, int n_draws, double low, double width) {
  std::array<int, N> counts{};
  RandomStream stream(StreamKey{.seed = 3});
  for (int i = 0; i < n_draws; ++i) {
    ++counts.at(static_cast<std::size_t>(std::lround((draw_uniform(distribution, stream) - low) / width)));
  }
  return counts;
}

TEST(RandomSampler, GivesEachPointOfAGridTheSameShare) {
  for (const int count : histogram<5>(FloatDistribution{-1.0, 1.0, false, 0.5}, 10000, -1.0, 0.5)) {
    EXPECT_NEAR(count, 2000, 200);
  }
  for (const int count : histogram<4>(IntDistribution{3, 12, false, 3}, 10000, 3.0, 3.0)) {
    EXPECT_NEAR(count, 2500, 220);
  }
  for (const int count : histogram<3>(CategoricalDistribution{{true, false, std::monostate()}}, 9000, 0, 1)) {
    EXPECT_NEAR(count, 3000, 220);
  }
}

TEST(RandomSampler, IsUniformInTheLogarithm) {
  RandomStream stream(StreamKey{.seed = 3});
  int below_one = 0;
  for (int i = 0; i < 10000; ++i) {
    below_one += draw_uniform(FloatDistribution{1e-3, 1e3, true, {}}, stream) < 1.0 ? 1 : 0;
  }
  EXPECT_NEAR(below_one, 5000, 250);
}

TEST(RandomSampler, GivesALogIntegerTheMassOfItsCell) {
  // P(1) = log(1.5 / 0.5) / log(8.5 / 0.5)
  const auto counts = histogram<8>(IntDistribution{1, 8, true, 1}, 10000, 1.0, 1.0);
  EXPECT_NEAR(counts[0], 10000 * std::log(3.0) / std::log(17.0), 250);
}

TEST(RandomSampler, DoesNotReachTheOpenUpperEnd) {
  RandomStream stream(StreamKey{.seed = 3});
  const double next = std::nextafter(1.0, 2.0);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(draw_uniform(FloatDistribution{1.0, next, false, {}}, stream), 1.0);
  }
}

TEST(RandomSampler, DrawsEachParameterFromAStreamOfItsOwn) {
  const History history = testing::make_history({});
  const Distribution unit = FloatDistribution{};
  const RandomSampler sampler;
  const auto draw = [&](std::int64_t number, std::uint64_t seed, const char* name) {
    return sampler.sample_independent(context_of(history, number, seed), name, unit);
  };
  EXPECT_EQ(draw(0, 7, "x"), draw(0, 7, "x"));
  EXPECT_NE(draw(0, 7, "x"), draw(0, 7, "y"));
  EXPECT_NE(draw(0, 7, "x"), draw(1, 7, "x"));
  EXPECT_NE(draw(0, 7, "x"), draw(0, 8, "x"));
}

TEST(NoneSampler, TakesTheMiddleOfWhatAPointLeavesOpen) {
  const History history = testing::make_history({});
  const auto middle = [&](const Distribution& distribution) {
    return NoneSampler().sample_independent(context_of(history), "x", distribution);
  };
  EXPECT_EQ(middle(FloatDistribution{1.0, 4.0, false, {}}), 2.5);
  EXPECT_NEAR(middle(FloatDistribution{1e-4, 1e-2, true, {}}), 1e-3, 1e-12);
  EXPECT_NEAR(middle(FloatDistribution{0.0, 1.0, false, 0.25}), 0.5, 1e-12);
  EXPECT_EQ(middle(IntDistribution{32, 512, true, 1}), 128.0);
  EXPECT_EQ(middle(CategoricalDistribution{{std::string("a"), std::string("b")}}), 0.0);
}

TEST(NoneSampler, HasNothingOfItsOwnToSuggest) {
  const History history = testing::make_history({});
  EXPECT_EQ(NoneSampler().n_remaining(HistoryView(history), {}), 0U);
  EXPECT_EQ(RandomSampler().n_remaining(HistoryView(history), {}), std::nullopt);
}

TEST(SamplerRegistry, NamesTheKnownSamplersWhenOneIsUnknown) {
  try {
    (void)make_sampler("bayes");
    FAIL() << "accepted";
  } catch (const InvalidArgument& error) {
    const std::string message = error.what();
    for (const char* word : {"bayes", "tpe", "random", "none"}) {
      EXPECT_NE(message.find(word), std::string::npos) << message;
    }
  }
}

}  // namespace
}  // namespace tune
