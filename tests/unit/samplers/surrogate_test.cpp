#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/trial_builder.hpp"
#include "tune/samplers/surrogate_search.hpp"
#include "tune/samplers/surrogate_space.hpp"
#include "tune/samplers/surrogate_values.hpp"

namespace tune::samplers {
namespace {

using testing::make_history;
using testing::TrialBuilder;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const Distribution kUnit = FloatDistribution{0.0, 1.0, false, {}};
const Distribution kDepth = IntDistribution{1, 3, false, 1};
const Distribution kOptimizer = CategoricalDistribution{{std::string("sgd"), std::string("adam")}};

SearchSpace declared_tree() {
  SearchSpace space;
  space.add({"depth", kDepth, {}});
  space.add_repeated("width", IntDistribution{8, 512, true, 1}, "depth");
  space.add({"optimizer", kOptimizer, {}});
  space.add({"momentum", kUnit, {WhenOneOf{"optimizer", {std::string("sgd")}}}});
  return space;
}

/// Trials of the same tree, as a define-by-run study has them.
History discovered_tree() {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 12; ++i) {
    const auto depth = static_cast<double>(1 + i % 3);
    const auto optimizer = static_cast<double>(i / 2 % 2);
    TrialBuilder trial(i);
    trial.complete(static_cast<double>(i)).param("depth", depth, kDepth);
    for (int layer = 0; layer < static_cast<int>(depth); ++layer) {
      trial.param("width_l" + std::to_string(layer), 64.0, IntDistribution{8, 512, true, 1});
    }
    trial.param("optimizer", optimizer, kOptimizer);
    if (optimizer == 0.0) {
      trial.param("momentum", 0.9, kUnit);
    }
    if (i == 4 || i == 5) {
      trial.param("whim", 0.1, kUnit);
    }
    trials.push_back(trial);
  }
  return make_history(trials);
}

std::vector<std::size_t> numbers_of(const History& history) {
  std::vector<std::size_t> numbers(history.scored().begin(), history.scored().end());
  return numbers;
}

std::vector<std::string> active_names(const SurrogateSpace& space, const SurrogateSpace::Configuration& of) {
  std::vector<std::string> names;
  const std::vector<bool> active = space.active(of);
  for (std::size_t d = 0; d < space.size(); ++d) {
    if (active[d]) names.emplace_back(space.parameters()[d].name);
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(SurrogateSpace, FollowsDeclaredConditions) {
  const History history({Direction::kMinimize});
  const SearchSpace declared = declared_tree();
  const SurrogateSpace space(declared, HistoryView(history));
  EXPECT_EQ(active_names(space, {2.0, 8.0, 8.0, 8.0, 1.0, 0.5}),
            (Names{"depth", "width_l0", "width_l1", "optimizer"}));
  EXPECT_EQ(active_names(space, {1.0, 8.0, 8.0, 8.0, 0.0, 0.5}),
            (Names{"depth", "width_l0", "optimizer", "momentum"}));
}

TEST(SurrogateSpace, FindsTheTreeOfADefineByRunStudyAndLeavesOutWhatNothingExplains) {
  const History history = discovered_tree();
  const auto numbers = numbers_of(history);
  const SurrogateSpace space(HistoryView(history), numbers);
  Names names;
  for (const SurrogateParameter& parameter : space.parameters()) names.emplace_back(parameter.name);
  // In the order of appearance: the first trial has neither a second nor a third layer.
  ASSERT_EQ(names, (Names{"depth", "width_l0", "optimizer", "momentum", "width_l1", "width_l2"}));
  EXPECT_EQ(active_names(space, {2.0, 8.0, 1.0, 0.5, 8.0, 8.0}),
            (Names{"depth", "width_l0", "optimizer", "width_l1"}));
  EXPECT_EQ(active_names(space, {3.0, 8.0, 0.0, 0.5, 8.0, 8.0}), names);
}

TEST(SurrogateSpace, PutsParametersThatDoNotExistInTheMiddle) {
  const History history({Direction::kMinimize});
  const SearchSpace declared = declared_tree();
  const SurrogateSpace space(declared, HistoryView(history));
  std::vector<double> at(space.size());
  std::vector<double> other(space.size());
  space.coordinates({1.0, 8.0, 8.0, 8.0, 1.0, 0.1}, at);
  space.coordinates({1.0, 8.0, 500.0, 500.0, 1.0, 0.7}, other);
  EXPECT_EQ(at, other);
  EXPECT_EQ(at[2], 0.5);
  EXPECT_NEAR(at[0], 1.0 / 6.0, 1e-12);
}

TEST(SurrogateSpace, GoesToCoordinatesAndBack) {
  const History history({Direction::kMinimize});
  SearchSpace declared;
  declared.add({"log", FloatDistribution{1e-5, 1.0, true, {}}, {}});
  declared.add({"grid", FloatDistribution{0.0, 2.0, false, 0.25}, {}});
  declared.add({"wide", FloatDistribution{-1.7e308, 1.7e308, false, {}}, {}});
  const SurrogateSpace space(declared, HistoryView(history));
  for (std::size_t d = 0; d < space.size(); ++d) {
    for (const double u : {0.0, 0.2, 0.5, 0.99, 1.0}) {
      const double value = space.from_unit(d, u);
      EXPECT_TRUE(contains(*space.parameters()[d].distribution, value)) << value;
      EXPECT_NEAR(space.to_coordinate(d, value), u, d == 1 ? 0.06 : 1e-12);
    }
  }
}

std::vector<std::pair<std::size_t, double>> losses_of(const History& history) {
  std::vector<std::pair<std::size_t, double>> losses;
  for (const TrialLoss& trial : trial_losses(HistoryView(history), numbers_of(history))) {
    losses.emplace_back(trial.number, trial.loss);
  }
  return losses;
}

using Losses = std::vector<std::pair<std::size_t, double>>;

TEST(TrialLosses, RankPrunedTrialsNoBetterThanTheMedianAndInfeasibleOnesLast) {
  const History history =
      make_history({TrialBuilder(0).complete(3.0), TrialBuilder(1).complete(1.0), TrialBuilder(2).complete(2.0),
                    TrialBuilder(3).state(TrialState::kPruned).report(1, 0.5),
                    TrialBuilder(4).state(TrialState::kPruned).report(1, 2.5),
                    TrialBuilder(5).complete(-9.0).constraint(1.0),
                    TrialBuilder(6).state(TrialState::kPruned).report(1, std::nan(""))});
  EXPECT_EQ(losses_of(history), (Losses{{1, 1.0}, {2, 2.0}, {3, 2.0}, {4, 2.5}, {0, 3.0}, {5, 3.0}, {6, 3.0}}));
}

TEST(TrialLosses, RankByViolationWhenNothingIsFeasible) {
  const History history = make_history(
      {TrialBuilder(0).complete(1.0).constraint(3.0), TrialBuilder(1).complete(2.0).constraint(0.5)});
  EXPECT_EQ(losses_of(history), (Losses{{1, 0.5}, {0, 3.0}}));
}

TEST(TrialLosses, TurnMaximisedValuesAroundAndInfiniteOnesIntoTheNearest) {
  const History history = make_history({TrialBuilder(0).complete(kInfinity), TrialBuilder(1).complete(4.0),
                                        TrialBuilder(2).complete(-kInfinity), TrialBuilder(3).complete(1.0)},
                                       {Direction::kMaximize});
  EXPECT_EQ(losses_of(history), (Losses{{0, -4.0}, {1, -4.0}, {2, -1.0}, {3, -1.0}}));
}

TEST(PromisingAndLatest, KeepsOfALongStudyTheBestOfEachKindAndTheLatest) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 20; ++i) {
    trials.push_back(TrialBuilder(i).complete(std::abs(static_cast<double>(i) - 7.2)));
  }
  trials.push_back(TrialBuilder(20).state(TrialState::kPruned).report(1, 0.5));
  trials.push_back(TrialBuilder(21).complete(0.0).constraint(1.0));
  for (std::int64_t i = 22; i < 25; ++i) {
    trials.push_back(TrialBuilder(i).complete(100.0));
  }
  const History history = make_history(trials);
  const auto numbers = numbers_of(history);
  EXPECT_EQ(promising_and_latest(HistoryView(history), numbers, 2),
            (std::vector<std::size_t>{7, 8, 20, 21, 23, 24}));
  EXPECT_EQ(promising_and_latest(HistoryView(history), numbers, 7), numbers);
}

TEST(BestAndLatest, KeepsTheBetterHalfByLossAndTheRestByNumber) {
  std::vector<std::size_t> numbers;
  for (const TrialLoss& trial :
       best_and_latest({{0, 0.0}, {1, 1.0}, {2, 2.0}, {5, 3.0}, {3, 4.0}, {4, 5.0}}, 4)) {
    numbers.push_back(trial.number);
  }
  EXPECT_EQ(numbers, (std::vector<std::size_t>{0, 1, 5, 4}));
}

TEST(CompressedLosses, KeepTheirOrderAndStayFinite) {
  const std::vector<TrialLoss> ranked{{0, -1e308}, {1, 0.0}, {2, 1.0}, {3, 1e3}, {4, 1e6}, {5, 1.7e308}};
  const std::vector<double> values = compressed(ranked);
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_TRUE(std::isfinite(values[i]));
    sum += values[i];
    EXPECT_GE(values[i], values[i > 0 ? i - 1 : 0]);
  }
  EXPECT_NEAR(sum, 0.0, 1e-9);
}

TEST(CompressedLosses, ArePulledInOnlyWhereATailIsLong) {
  std::vector<TrialLoss> even;
  std::vector<TrialLoss> tailed;
  for (std::size_t i = 0; i < 21; ++i) {
    even.push_back({i, static_cast<double>(i)});
    tailed.push_back({i, std::exp(static_cast<double>(i))});
  }
  const auto gap = [](const std::vector<double>& values) { return values[20] - values[19]; };
  EXPECT_NEAR(gap(compressed(even)), compressed(even)[1] - compressed(even)[0], 1e-9);
  EXPECT_LT(gap(compressed(tailed)), 0.5);
}

TEST(CompressedLosses, OfEqualTrialsAreZero) {
  EXPECT_EQ(compressed({{0, 5.0}, {1, 5.0}}), (std::vector<double>{0.0, 0.0}));
}

TEST(LogExpectedImprovement, IsTheLogarithmOfTheImprovement) {
  // φ(z) + z Φ(z) from tables of the normal distribution.
  EXPECT_NEAR(std::exp(log_expected_improvement(0.0, 1.0, 0.0)), 0.3989422804, 1e-9);
  EXPECT_NEAR(std::exp(log_expected_improvement(0.0, 1.0, 1.0)), 1.0833154706, 1e-9);
  EXPECT_NEAR(std::exp(log_expected_improvement(0.0, 1.0, -1.0)), 0.0833154706, 1e-9);
  EXPECT_NEAR(std::exp(log_expected_improvement(3.0, 4.0, 1.0)), 2.0 * 0.0833154706, 1e-9);
}

TEST(LogExpectedImprovement, StaysFiniteAndFallsFarFromTheBest) {
  double before = 0.0;
  for (double mean = 1.0; mean < 1e8; mean *= 3.0) {
    const double score = log_expected_improvement(mean, 1.0, 0.0);
    ASSERT_TRUE(std::isfinite(score));
    EXPECT_LT(score, before);
    before = score;
  }
}

}  // namespace
}  // namespace tune::samplers
