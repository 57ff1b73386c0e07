#include "tune/pruners/wilcoxon.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tune/error.hpp"
#include "unit/pruners/support.hpp"

namespace tune {
namespace {

using testing::decide_last;
using testing::TrialBuilder;

/// A COMPLETE trial that reported 1, 2, …, 8 at steps 0 … 7.
TrialBuilder best_trial(double value = 4.5) {
  TrialBuilder trial(0);
  trial.complete(value);
  for (std::int64_t step = 0; step < 8; ++step) trial.report(step, static_cast<double>(step + 1));
  return trial;
}

/// Reports `delta` more than the best trial, the last instance first.
TrialBuilder running(double delta, std::int64_t n_steps = 8) {
  TrialBuilder trial(1);
  for (std::int64_t step = n_steps - 1; step >= 0; --step) {
    trial.report(step, static_cast<double>(step + 1) * (1.0 + delta));
  }
  return trial;
}

TEST(WilcoxonPruner, PrunesATrialThatIsSurelyWorseThanTheBestAndSaysWhy) {
  const PruneDecision decision = decide_last(WilcoxonPruner(), {best_trial(), running(0.1)});
  ASSERT_TRUE(decision.prune);
  EXPECT_EQ(decision.reason->value, 1.0 / 256.0);
  EXPECT_EQ(decision.reason->threshold, 0.1);
  EXPECT_EQ(decision.reason->step, 0);
  EXPECT_EQ(decision.reason->n, 1);
  EXPECT_FALSE(decide_last(WilcoxonPruner(), {best_trial(), running(-0.1)}).prune);
  EXPECT_TRUE(decide_last(WilcoxonPruner(), {best_trial(), running(-0.1)}, Direction::kMaximize).prune);
}

TEST(WilcoxonPruner, KeepsATrialWhoseMeanIsAsGoodAsTheBest) {
  EXPECT_FALSE(decide_last(WilcoxonPruner({.p_threshold = 1.0}), {best_trial(), running(0.0)}).prune);
  // Worse at each of the easier instances it has seen, but with a better mean than the best has over all.
  EXPECT_FALSE(decide_last(WilcoxonPruner({.p_threshold = 0.3}), {best_trial(), running(0.1, 2)}).prune);
}

TEST(WilcoxonPruner, SumsMeansInTheOrderOfReportingAsOptunaDoes) {
  // 0.3 + 0.2 + 0.1 is less than 0.1 + 0.2 + 0.3 in doubles.
  const auto falling = [](TrialBuilder trial) { return trial.report(2, 0.3).report(1, 0.2).report(0, 0.1); };
  const auto rising = [](TrialBuilder trial) { return trial.report(0, 0.1).report(1, 0.2).report(2, 0.3); };
  const WilcoxonPruner pruner({.p_threshold = 1.0});
  EXPECT_TRUE(decide_last(pruner, {falling(TrialBuilder(0).complete(0.2)), rising(TrialBuilder(1))}).prune);
  EXPECT_FALSE(decide_last(pruner, {rising(TrialBuilder(0).complete(0.2)), falling(TrialBuilder(1))}).prune);
}

TEST(WilcoxonPruner, WaitsForItsStartupSteps) {
  auto trial = TrialBuilder(1).report(6, 17.0).report(7, 18.0).report(5, 16.0);
  EXPECT_TRUE(
      decide_last(WilcoxonPruner({.p_threshold = 0.2, .n_startup_steps = 3}), {best_trial(), trial}).prune);
  EXPECT_FALSE(
      decide_last(WilcoxonPruner({.p_threshold = 0.2, .n_startup_steps = 4}), {best_trial(), trial}).prune);
  const auto one = TrialBuilder(1).report(7, 18.0);
  EXPECT_FALSE(
      decide_last(WilcoxonPruner({.p_threshold = 1.0, .n_startup_steps = 0}), {best_trial(), one}).prune);
}

TEST(WilcoxonPruner, ComparesWithTheBestFeasibleCompleteTrial) {
  const auto rival = [](std::int64_t number) {
    auto trial = TrialBuilder(number).complete(0.0);
    for (std::int64_t step = 0; step < 8; ++step) trial.report(step, 0.0);
    return trial;
  };
  const auto after = [](TrialBuilder other) {
    auto judged = TrialBuilder(2);
    for (std::int64_t step = 0; step < 8; ++step) judged.report(step, 0.5);
    return decide_last(WilcoxonPruner(), {best_trial(), std::move(other), std::move(judged)}).prune;
  };
  EXPECT_TRUE(after(rival(1)));
  EXPECT_FALSE(after(rival(1).constraint(1.0)));
  EXPECT_FALSE(after(rival(1).state(TrialState::kPruned)));
}

TEST(WilcoxonPruner, KeepsEverythingWhereReportsAreMissingOrNotFinite) {
  const WilcoxonPruner pruner({.p_threshold = 1.0});
  EXPECT_FALSE(decide_last(pruner, {running(0.1)}).prune);
  EXPECT_FALSE(decide_last(pruner, {TrialBuilder(0).complete(1.0), running(0.1)}).prune);
  for (const double value :
       {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_FALSE(decide_last(pruner, {best_trial(), running(0.1).report(9, value)}).prune);
    EXPECT_FALSE(decide_last(pruner, {best_trial().report(9, value), running(0.1)}).prune);
  }
}

TEST(WilcoxonPruner, RefusesOptionsOutOfRange) {
  EXPECT_THROW(WilcoxonPruner({.p_threshold = 1.5}), InvalidArgument);
  EXPECT_THROW(WilcoxonPruner({.p_threshold = std::numeric_limits<double>::quiet_NaN()}), InvalidArgument);
  EXPECT_THROW(WilcoxonPruner({.n_startup_steps = -1}), InvalidArgument);
}

}  // namespace
}  // namespace tune
