#include "tune/analysis/importance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/trial_builder.hpp"
#include "tune/error.hpp"

namespace tune {
namespace {

using testing::TrialBuilder;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const std::vector<Direction> kDown = {Direction::kMinimize};
const std::vector<Direction> kDownAndUp = {Direction::kMinimize, Direction::kMaximize};
const Distribution kUnit = FloatDistribution{0.0, 1.0};

/// Fractions that fill the unit interval evenly, in an order of their own for each `which`.
double spread(std::size_t i, double which) {
  return std::fmod(static_cast<double>(i) * (0.6180339887498949 + 0.1 * which) + 0.3 * which, 1.0);
}

/// Trials with x and y in [0, 1] whose values `value` computes.
template <typename Value>
std::vector<FrozenTrial> trials_of(std::size_t n, Value value) {
  std::vector<FrozenTrial> trials;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = spread(i, 0.0);
    const double y = spread(i, 1.0);
    trials.push_back(TrialBuilder(static_cast<std::int64_t>(i))
                         .complete(value(x, y))
                         .param("x", x, kUnit)
                         .param("y", y, kUnit)
                         .build());
  }
  return trials;
}

std::vector<std::string> names(const std::vector<ParamImportance>& importances) {
  std::vector<std::string> list;
  for (const auto& importance : importances) list.push_back(importance.name);
  return list;
}

TEST(ParamImportances, PutTheParameterThatMattersFirstAndSumToOne) {
  const auto trials = trials_of(100, [](double x, double y) { return y + 0.01 * x; });
  const auto importances = param_importances(trials, kDown);
  ASSERT_EQ(names(importances), (std::vector<std::string>{"y", "x"}));
  EXPECT_GT(importances[0].importance, 0.9);
  EXPECT_DOUBLE_EQ(importances[0].importance + importances[1].importance, 1.0);
}

TEST(ParamImportances, DoNotMindValuesWhoseSquaresAreInfinite) {
  const auto huge = trials_of(60, [](double x, double y) { return 0x1p900 * (y + 0.25 * x); });
  const auto same = trials_of(60, [](double x, double y) { return 0x1p200 * (y + 0.25 * x); });
  using Evaluator = decltype(ImportanceOptions::evaluator);
  for (const Evaluator& evaluator : {Evaluator(PedAnova{}), Evaluator(Fanova{})}) {
    const auto of_huge = param_importances(huge, kDown, {.evaluator = evaluator});
    const auto expected = param_importances(same, kDown, {.evaluator = evaluator});
    ASSERT_EQ(names(of_huge), names(expected));
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_DOUBLE_EQ(of_huge[i].importance, expected[i].importance) << i;
  }
}

TEST(ParamImportances, FollowTheObjectiveThatIsAskedForInItsDirection) {
  const auto trials = trials_of(100, [](double x, double y) {
    return std::vector<double>{x, y < 0.9 ? 0.0 : 1.0};
  });
  EXPECT_EQ(param_importances(trials, kDownAndUp, {.objective = 0}).front().name, "x");
  EXPECT_EQ(param_importances(trials, kDownAndUp, {.objective = 1}).front().name, "y");
  EXPECT_EQ(param_importances(trials, kDownAndUp).size(), 2U);
}

TEST(ParamImportances, CountOnlyCompleteTrialsWithFiniteValues) {
  auto trials = trials_of(60, [](double x, double) { return x; });
  const auto expected = param_importances(trials, kDown);
  const Distribution other = FloatDistribution{0.0, 2.0};
  std::int64_t number = 60;
  for (const double value : {kInfinity, -kInfinity, std::nan("")}) {
    trials.push_back(TrialBuilder(number++).complete(value).param("y", 0.5, other).build());
  }
  trials.push_back(
      TrialBuilder(number++).complete(-1.0).param("z", 0.5, kUnit).state(TrialState::kPruned).build());
  trials.push_back(TrialBuilder(number++).state(TrialState::kFail).param("y", 0.5, kUnit).build());
  EXPECT_EQ(param_importances(trials, kDown), expected);
}

TEST(ParamImportances, OfTheSameObjectiveDoNotDependOnOnesThatAreNotFinite) {
  auto trials = trials_of(60, [](double x, double) { return std::vector<double>{x, kInfinity}; });
  EXPECT_EQ(param_importances(trials, kDownAndUp, {.objective = 0}).front().name, "x");
  const auto none = param_importances(trials, kDownAndUp);
  EXPECT_EQ(none[0].importance, 0.5) << "no trial has two finite values";
}

TEST(ParamImportances, AreEqualWhereThereIsNothingToTellThemApart) {
  const std::vector<ParamImportance> equal = {{"x", 0.5}, {"y", 0.5}};
  EXPECT_EQ(param_importances(trials_of(1, [](double x, double) { return x; }), kDown), equal);
  EXPECT_EQ(param_importances(trials_of(50, [](double, double) { return 1.0; }), kDown), equal);
  const auto raw =
      param_importances(trials_of(1, [](double x, double) { return x; }), kDown, {.normalize = false});
  EXPECT_EQ(raw, (std::vector<ParamImportance>{{"x", 0.0}, {"y", 0.0}}));
}

TEST(ParamImportances, OfNoTrialsAreNone) {
  EXPECT_TRUE(param_importances({}, kDown).empty());
  const FrozenTrial failed = TrialBuilder(0).state(TrialState::kFail).param("x", 0.5, kUnit).build();
  EXPECT_TRUE(param_importances(std::vector{failed}, kDown).empty());
}

TEST(ParamImportances, AreZeroForAParameterWithASingleValue) {
  std::vector<FrozenTrial> trials = trials_of(30, [](double x, double) { return x; });
  for (FrozenTrial& trial : trials) trial.params.push_back({"fixed", 3.0, IntDistribution{3, 3}});
  EXPECT_EQ(param_importances(trials, kDown).back(), (ParamImportance{"fixed", 0.0}));
}

TEST(ParamImportances, ShareTheWholeAmongTheParametersAskedFor) {
  const auto trials = trials_of(50, [](double x, double y) { return x + y; });
  const std::vector<std::string> wanted = {"y", "y"};
  EXPECT_EQ(param_importances(trials, kDown, {.params = wanted}), (std::vector<ParamImportance>{{"y", 1.0}}));
  EXPECT_TRUE(param_importances(trials, kDown, {.params = std::vector<std::string>{}}).empty());
}

TEST(ParamImportances, SurviveRangesAtTheEndsOfWhatADoubleHolds) {
  const double most = std::numeric_limits<double>::max();
  std::vector<FrozenTrial> trials;
  for (std::int64_t i = 0; i < 20; ++i) {
    const double part = static_cast<double>(i) / 20.0;
    trials.push_back(TrialBuilder(i)
                         .complete(part)
                         .param("wide", (part - 0.5) * most, FloatDistribution{-most, most})
                         .param("narrow", 1.0, FloatDistribution{1.0, std::nextafter(1.0, 2.0), true})
                         .param("far", static_cast<double>(std::numeric_limits<std::int64_t>::max()),
                                IntDistribution{0, std::numeric_limits<std::int64_t>::max()})
                         .build());
  }
  double sum = 0.0;
  for (const auto& [name, importance] : param_importances(trials, kDown)) sum += importance;
  EXPECT_NEAR(sum, 1.0, 1e-12);
}

TEST(ParamImportances, RefuseWhatTheyCannotAnswer) {
  const auto trials = trials_of(10, [](double x, double) { return x; });
  const std::vector<std::string> unknown = {"z"};
  EXPECT_THROW(std::ignore = param_importances(trials, kDown, {.params = unknown}), InvalidArgument);
  EXPECT_THROW(std::ignore = param_importances(trials, kDown, {.objective = 1}), InvalidArgument);
  EXPECT_THROW(std::ignore = param_importances(trials, kDownAndUp), InvalidArgument);
  for (const PedAnova evaluator : {PedAnova{0.0, 1.0}, PedAnova{0.5, 0.5}, PedAnova{0.1, 1.5}}) {
    EXPECT_THROW(std::ignore = param_importances(trials, kDown, {.evaluator = evaluator}), InvalidArgument);
  }
}

}  // namespace
}  // namespace tune
