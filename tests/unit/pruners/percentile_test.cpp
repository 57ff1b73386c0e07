#include "tune/pruners/percentile.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/trial_builder.hpp"
#include "tune/error.hpp"
#include "tune/pruners/median.hpp"
#include "tune/pruners/nop.hpp"
#include "tune/pruners/percentile_rule.hpp"

namespace tune {
namespace {

using testing::TrialBuilder;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

PruneDecision decide(const Pruner& pruner, const History& history, std::size_t results_below = 1000) {
  const auto last = static_cast<std::int64_t>(history.size()) - 1;
  return pruner.decide({.history = HistoryView(history, results_below),
                        .number = TrialNumber{last},
                        .seed = 0,
                        .study_name = "study"});
}

/// COMPLETE trials that reported these values at step 0, then a running one with `own` at step 0.
History after(const std::vector<double>& others, double own, Direction direction = Direction::kMinimize) {
  std::vector<TrialBuilder> trials;
  for (const double value : others) {
    trials.push_back(TrialBuilder(static_cast<std::int64_t>(trials.size())).complete(value).report(0, value));
  }
  trials.push_back(TrialBuilder(static_cast<std::int64_t>(trials.size())).report(0, own));
  return testing::make_history(trials, {direction});
}

const MedianPruner kEager({.n_startup_trials = 0});

TEST(MedianPruner, KeepsATrialThatEqualsTheMedian) {
  EXPECT_FALSE(decide(kEager, after({1, 2, 3}, 2)).prune);
}

TEST(MedianPruner, PrunesATrialWorseThanTheMedianAndSaysWhy) {
  const PruneDecision decision = decide(kEager, after({1, 2, 3, 4}, 2.75));
  ASSERT_TRUE(decision.prune);
  EXPECT_EQ(decision.reason->value, 2.75);
  EXPECT_EQ(decision.reason->threshold, 2.5);
  EXPECT_EQ(decision.reason->step, 0);
  EXPECT_EQ(decision.reason->n, 4);
}

TEST(MedianPruner, TurnsAroundWhenTheStudyMaximizes) {
  EXPECT_TRUE(decide(kEager, after({1, 2, 3}, 1.5, Direction::kMaximize)).prune);
  EXPECT_FALSE(decide(kEager, after({1, 2, 3}, 2.5, Direction::kMaximize)).prune);
}

TEST(MedianPruner, JudgesTheBestReportSoFarNotTheLast) {
  std::vector<TrialBuilder> trials{TrialBuilder(0).complete(1).report(0, 1).report(1, 1)};
  trials.push_back(TrialBuilder(1).report(0, 0.5).report(1, 9));
  EXPECT_FALSE(decide(kEager, testing::make_history(trials)).prune);
}

TEST(MedianPruner, WaitsForItsStartupTrials) {
  const MedianPruner pruner({.n_startup_trials = 3});
  EXPECT_FALSE(decide(pruner, after({1, 1}, 9)).prune);
  EXPECT_TRUE(decide(pruner, after({1, 1, 1}, 9)).prune);
}

TEST(MedianPruner, CountsOnlyCompleteTrials) {
  std::vector<TrialBuilder> trials{TrialBuilder(0).complete(5).report(0, 5)};
  trials.push_back(TrialBuilder(1).state(TrialState::kPruned).report(0, 1));
  trials.push_back(TrialBuilder(2).state(TrialState::kFail).report(0, 1));
  trials.push_back(TrialBuilder(3).report(0, 1));
  trials.push_back(TrialBuilder(4).report(0, 4));
  EXPECT_FALSE(decide(kEager, testing::make_history(trials)).prune);
  EXPECT_FALSE(decide(MedianPruner({.n_startup_trials = 2}), testing::make_history(trials)).prune);
}

TEST(MedianPruner, NeverPrunesWithoutACompleteTrial) {
  EXPECT_FALSE(decide(kEager, after({}, kInfinity)).prune);
  EXPECT_FALSE(decide(kEager, after({}, kNan)).prune);
}

TEST(MedianPruner, LeavesTheWarmUpAlone) {
  const MedianPruner pruner({.n_startup_trials = 0, .n_warmup_steps = 1});
  EXPECT_FALSE(decide(pruner, after({1, 2, 3}, 9)).prune);
  const TrialBuilder other = TrialBuilder(0).complete(1).report(1, 1);
  EXPECT_TRUE(decide(pruner, testing::make_history({other, TrialBuilder(1).report(1, 9)})).prune);
}

TEST(MedianPruner, ChecksOncePerInterval) {
  const MedianPruner pruner({.n_startup_trials = 0, .n_warmup_steps = 0, .interval_steps = 3});
  TrialBuilder other(0);
  other.complete(1);
  for (std::int64_t step = 0; step < 6; ++step) {
    other.report(step, 1);
  }
  std::vector<std::int64_t> checked;
  TrialBuilder trial(1);
  for (std::int64_t step = 0; step < 6; ++step) {
    trial.report(step, 9);
    if (decide(pruner, testing::make_history({other, trial})).prune) {
      checked.push_back(step);
    }
  }
  EXPECT_EQ(checked, (std::vector<std::int64_t>{0, 3}));
}

TEST(MedianPruner, PostponesACheckWhoseStepWasNotReported) {
  const MedianPruner pruner({.n_startup_trials = 0, .n_warmup_steps = 0, .interval_steps = 3});
  const TrialBuilder other = TrialBuilder(0).complete(1).report(4, 1).report(5, 1);
  EXPECT_TRUE(decide(pruner, testing::make_history({other, TrialBuilder(1).report(1, 9).report(4, 9)})).prune);
  EXPECT_FALSE(decide(pruner, testing::make_history({other, TrialBuilder(1).report(4, 9).report(5, 9)})).prune);
}

TEST(MedianPruner, NeedsEnoughTrialsAtTheStep) {
  const MedianPruner pruner(
      {.n_startup_trials = 0, .n_warmup_steps = 0, .interval_steps = 1, .n_min_trials = 3});
  EXPECT_FALSE(decide(pruner, after({1, 1}, 9)).prune);
  EXPECT_TRUE(decide(pruner, after({1, 1, 1}, 9)).prune);
  EXPECT_TRUE(decide(pruner, after({1, 1, kNan}, 9)).prune) << "a NaN report counts as a report";
}

TEST(MedianPruner, IgnoresNanAmongTheOthers) {
  EXPECT_FALSE(decide(kEager, after({kNan, 2, kNan}, 2)).prune);
  EXPECT_TRUE(decide(kEager, after({kNan, 2, kNan}, 2.5)).prune);
  EXPECT_FALSE(decide(kEager, after({kNan, kNan}, 9)).prune);
}

TEST(MedianPruner, PrunesATrialThatReportedOnlyNan) {
  const PruneDecision decision = decide(kEager, after({1}, kNan));
  ASSERT_TRUE(decision.prune);
  EXPECT_TRUE(std::isnan(decision.reason->value));
}

TEST(MedianPruner, JudgesTheOtherReportsOfATrialWithANan) {
  const TrialBuilder other = TrialBuilder(0).complete(1).report(0, 1).report(1, 1);
  EXPECT_FALSE(
      decide(kEager, testing::make_history({other, TrialBuilder(1).report(0, 0).report(1, kNan)})).prune);
}

TEST(MedianPruner, PrunesAnInfiniteLoss) {
  EXPECT_TRUE(decide(kEager, after({1, 2, 3}, kInfinity)).prune);
  EXPECT_FALSE(decide(kEager, after({1, 2, 3}, -kInfinity)).prune);
}

TEST(MedianPruner, DoesNotSeeResultsAboveTheWindow) {
  const History history = after({1, 1, 1}, 9);
  EXPECT_TRUE(decide(kEager, history).prune);
  EXPECT_FALSE(decide(kEager, history, 0).prune);
}

TEST(MedianPruner, SaysNothingBeforeTheFirstReport) {
  const auto history = testing::make_history({TrialBuilder(0).complete(1).report(0, 1), TrialBuilder(1)});
  EXPECT_FALSE(decide(kEager, history).prune);
}

TEST(MedianPruner, RefusesSeveralObjectives) {
  const auto history =
      testing::make_history({TrialBuilder(0).report(0, 1)}, {Direction::kMinimize, Direction::kMinimize});
  EXPECT_THROW((void)decide(kEager, history), InvalidArgument);
}

TEST(PercentilePruner, KeepsTheGivenShare) {
  const PercentilePruner pruner({.percentile = 25.0, .n_startup_trials = 0});
  EXPECT_FALSE(decide(pruner, after({1, 2, 3, 4, 5}, 2)).prune);
  EXPECT_TRUE(decide(pruner, after({1, 2, 3, 4, 5}, 2.01)).prune);
  EXPECT_FALSE(decide(pruner, after({1, 2, 3, 4, 5}, 4, Direction::kMaximize)).prune);
  EXPECT_TRUE(decide(pruner, after({1, 2, 3, 4, 5}, 3.99, Direction::kMaximize)).prune);
}

TEST(PercentilePruner, RefusesOptionsOutOfRange) {
  EXPECT_THROW(PercentilePruner({.percentile = 100.5}), InvalidArgument);
  EXPECT_THROW(PercentilePruner({.percentile = kNan}), InvalidArgument);
  EXPECT_THROW(MedianPruner({.n_startup_trials = -1}), InvalidArgument);
  EXPECT_THROW(MedianPruner({.n_startup_trials = 0, .n_warmup_steps = -1}), InvalidArgument);
  EXPECT_THROW(MedianPruner({.n_startup_trials = 0, .n_warmup_steps = 0, .interval_steps = 0}),
               InvalidArgument);
}

TEST(LinearPercentile, InterpolatesLikeNumpy) {
  const auto percentile = [](std::vector<double> values, double p) {
    return pruners::linear_percentile(values, p);
  };
  EXPECT_EQ(percentile({3, 1, 2}, 0), 1.0);
  EXPECT_EQ(percentile({3, 1, 2}, 50), 2.0);
  EXPECT_EQ(percentile({3, 1, 2}, 100), 3.0);
  EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 73.5), 3.205);
  EXPECT_EQ(percentile({7}, 12), 7.0);
  // numpy multiplies before it looks, so an infinite neighbour spoils even an exact position.
  EXPECT_TRUE(std::isnan(percentile({1, 2, kInfinity}, 50)));
  EXPECT_DOUBLE_EQ(percentile({1, 2, kInfinity}, 49), 1.98);
  EXPECT_EQ(percentile({-kInfinity, 1, 2}, 50), 1.0);
}

TEST(NopPruner, NeverPrunes) {
  EXPECT_FALSE(decide(NopPruner(), after({1, 1, 1, 1, 1, 1}, kNan)).prune);
}

}  // namespace
}  // namespace tune
