#include "tune/samplers/qmc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "support/trial_builder.hpp"
#include "tune/error.hpp"
#include "tune/math/sobol.hpp"
#include "tune/study.hpp"

namespace tune {
namespace {

SearchSpace mixed_space() {
  SearchSpace space;
  space.add({"x", FloatDistribution{-1.0, 1.0, false, {}}, {}});
  space.add({"lr", FloatDistribution{1e-4, 1.0, true, {}}, {}});
  space.add({"grid", FloatDistribution{0.0, 1.0, false, 0.25}, {}});
  space.add({"n", IntDistribution{1, 10, false, 3}, {}});
  space.add({"width", IntDistribution{1, 64, true, 1}, {}});
  space.add({"kind", CategoricalDistribution{{true, false, std::string("other")}}, {}});
  return space;
}

Study qmc_study(bool scramble, std::uint64_t seed = 1) {
  StudyOptions options;
  options.sampler = std::make_shared<const QmcSampler>(QmcOptions{scramble});
  options.space = mixed_space();
  options.seed = seed;
  return Study::create(std::move(options));
}

TEST(Sobol, HasTheKnownFirstPoints) {
  // The first five points of scipy.stats.qmc.Sobol(3, scramble=False).
  const std::array<std::array<double, 3>, 5> expected = {
      {{0, 0, 0}, {0.5, 0.5, 0.5}, {0.75, 0.25, 0.25}, {0.25, 0.75, 0.75}, {0.375, 0.375, 0.625}}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto point = math::sobol_point(i, 3);
    for (std::size_t d = 0; d < 3; ++d) EXPECT_EQ(math::to_unit_interval(point[d]), expected[i][d]);
  }
}

TEST(Sobol, JumpsToTheSamePointsAsWalking) {
  std::set<std::vector<std::uint64_t>> points;
  for (std::uint64_t i = 0; i < 300; ++i) points.insert(math::sobol_point(i, 5));
  EXPECT_EQ(points.size(), 300U);
  EXPECT_THROW((void)math::sobol_point(1, math::max_sobol_dimensions() + 1), InvalidArgument);
}

/// Whether each of the n = 2^k intervals of every coordinate holds exactly one of the first n points.
bool is_stratified(std::size_t n, std::size_t n_dimensions, bool scramble) {
  for (std::size_t d = 0; d < n_dimensions; ++d) {
    std::set<std::size_t> intervals;
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint64_t plain = math::sobol_point(i, n_dimensions)[d];
      const double unit = math::to_unit_interval(scramble ? math::scrambled(plain, 77, d) : plain);
      intervals.insert(static_cast<std::size_t>(unit * static_cast<double>(n)));
    }
    if (intervals.size() != n) return false;
  }
  return true;
}

TEST(Sobol, PutsOnePointInEachInterval) {
  EXPECT_TRUE(is_stratified(64, 20, false));
}

TEST(Sobol, KeepsThatWhenScrambled) {
  EXPECT_TRUE(is_stratified(64, 20, true));
  EXPECT_NE(math::scrambled(0, 1, 0), math::scrambled(0, 2, 0));
  EXPECT_NE(math::scrambled(0, 1, 0), math::scrambled(0, 1, 1));
}

TEST(QmcSampler, BeginsWithTheLowEndsAndTheMiddlesAsOptunaDoes) {
  // Optuna 5.0.0, QMCSampler() on the same space, sample ids 0, 1 and 2.
  Study study = qmc_study(false);
  const ParamValues first = study.ask().params();
  EXPECT_EQ(std::get<double>(first.at("x")), -1.0);
  EXPECT_NEAR(std::get<double>(first.at("lr")), 1e-4, 1e-18);
  EXPECT_EQ(std::get<double>(first.at("grid")), 0.0);
  EXPECT_EQ(std::get<std::int64_t>(first.at("n")), 1);
  EXPECT_EQ(std::get<std::int64_t>(first.at("width")), 1);
  EXPECT_EQ(first.at("kind"), ParamValue(true));
  const ParamValues second = study.ask().params();
  EXPECT_EQ(std::get<double>(second.at("x")), 0.0);
  EXPECT_NEAR(std::get<double>(second.at("lr")), 1e-2, 1e-15);
  EXPECT_EQ(std::get<double>(second.at("grid")), 0.5);
  EXPECT_EQ(std::get<std::int64_t>(second.at("n")), 7);
  EXPECT_EQ(std::get<std::int64_t>(second.at("width")), 6);
  EXPECT_EQ(second.at("kind"), ParamValue(false));
}

TEST(QmcSampler, GivesTheSamePointToTheSameTrialWhateverTheOthersDid) {
  Study one = qmc_study(true);
  Study other = qmc_study(true);
  for (int i = 0; i < 20; ++i) {
    Trial a = one.ask();
    Trial b = other.ask();
    EXPECT_EQ(a.params(), b.params());
    one.tell(std::move(a), static_cast<double>(i));
    other.tell(std::move(b), TrialState::kFail);
  }
  Study of_another_seed = qmc_study(true, 2);
  EXPECT_NE(of_another_seed.ask().params(), qmc_study(true).ask().params());
}

TEST(QmcSampler, TakesTheSpaceOfTheFirstResultWhereNoneIsDeclared) {
  StudyOptions options;
  options.sampler = std::make_shared<const QmcSampler>();
  Study study = Study::create(std::move(options));
  const auto suggest = [&](Trial& trial) {
    return std::array<double, 2>{trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)};
  };
  Trial first = study.ask();
  (void)suggest(first);
  study.tell(std::move(first), 0.0);
  Trial second = study.ask();
  EXPECT_EQ(suggest(second), (std::array<double, 2>{0.0, 0.0}));
  Trial third = study.ask();
  EXPECT_EQ(suggest(third), (std::array<double, 2>{0.5, 0.5}));
}

}  // namespace
}  // namespace tune
