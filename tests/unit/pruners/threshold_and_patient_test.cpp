#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tune/error.hpp"
#include "tune/pruners/median.hpp"
#include "tune/pruners/patient.hpp"
#include "tune/pruners/threshold.hpp"
#include "unit/pruners/support.hpp"

namespace tune {
namespace {

using testing::decide_last;
using testing::TrialBuilder;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TrialBuilder reporting(const std::vector<double>& values) {
  TrialBuilder trial(0);
  for (std::size_t step = 0; step < values.size(); ++step) {
    trial.report(static_cast<std::int64_t>(step), values[step]);
  }
  return trial;
}

TEST(ThresholdPruner, PrunesWhatLeavesTheBoundsAndSaysWhichOne) {
  const ThresholdPruner pruner({.lower = -1.0, .upper = 2.0});
  for (const double inside : {-1.0, 0.0, 2.0}) {
    EXPECT_FALSE(decide_last(pruner, {reporting({inside})}).prune) << inside;
  }
  EXPECT_EQ(decide_last(pruner, {reporting({0.0, 2.5})}).reason->threshold, 2.0);
  EXPECT_EQ(decide_last(pruner, {reporting({0.0, 2.5})}).reason->step, 1);
  EXPECT_EQ(decide_last(pruner, {reporting({-1.5})}).reason->threshold, -1.0);
  EXPECT_EQ(decide_last(pruner, {reporting({-1.5})}).reason->n, 0);
  EXPECT_TRUE(std::isnan(decide_last(pruner, {reporting({kNan})}).reason->threshold));
}

TEST(ThresholdPruner, ChecksOncePerIntervalAfterTheWarmUp) {
  const ThresholdPruner pruner({.upper = 0.0, .n_warmup_steps = 2, .interval_steps = 3});
  std::vector<std::size_t> checked;
  for (std::size_t n = 1; n <= 9; ++n) {
    if (decide_last(pruner, {reporting(std::vector<double>(n, 1.0))}).prune) checked.push_back(n - 1);
  }
  EXPECT_EQ(checked, (std::vector<std::size_t>{2, 5, 8}));
}

TEST(ThresholdPruner, NeedsABoundAndBoundsInOrder) {
  EXPECT_THROW((void)make_pruner("threshold"), InvalidArgument);
  EXPECT_THROW(ThresholdPruner({.lower = 2.0, .upper = 1.0}), InvalidArgument);
  EXPECT_THROW(ThresholdPruner({.lower = kNan}), InvalidArgument);
  EXPECT_NO_THROW((void)make_pruner("threshold", {{"lower", 1.0}}));
}

TEST(PatientPruner, PrunesByItselfWhatGotWorseForLongerThanItsPatience) {
  const PatientPruner pruner({.patience = 1});
  EXPECT_FALSE(decide_last(pruner, {reporting({1.0, 2.0})}).prune);
  const PruneDecision decision = decide_last(pruner, {reporting({1.0, 3.0, 2.0})});
  ASSERT_TRUE(decision.prune);
  EXPECT_EQ(decision.reason->value, 2.0);
  EXPECT_EQ(decision.reason->threshold, 1.0);
  EXPECT_EQ(decision.reason->step, 2);
  EXPECT_FALSE(decide_last(pruner, {reporting({1.0, 3.0, 1.0})}).prune);
  EXPECT_FALSE(decide_last(pruner, {reporting({1.0, 3.0, 2.0})}, Direction::kMaximize).prune);
}

TEST(PatientPruner, BearsAChangeWithinItsTolerance) {
  const PatientPruner pruner({.patience = 0, .min_delta = 0.5});
  EXPECT_FALSE(decide_last(pruner, {reporting({1.0, 1.5})}).prune);
  EXPECT_EQ(decide_last(pruner, {reporting({1.0, 1.75})}).reason->threshold, 1.5);
  EXPECT_TRUE(decide_last(pruner, {reporting({1.0, 0.25})}, Direction::kMaximize).prune);
}

TEST(PatientPruner, IgnoresNaNAndKeepsATrialWithNothingElse) {
  const PatientPruner pruner({.patience = 1});
  EXPECT_TRUE(decide_last(pruner, {reporting({kNan, 1.0, kNan, 2.0})}).prune);
  EXPECT_FALSE(decide_last(pruner, {reporting({1.0, kNan, kNan})}).prune);
  EXPECT_FALSE(decide_last(pruner, {reporting({kNan, 1.0, 2.0})}).prune);
}

TEST(PatientPruner, LeavesTheLastWordToTheWrappedPruner) {
  const auto never = std::make_shared<ThresholdPruner>(ThresholdOptions{.upper = 9.0});
  EXPECT_FALSE(decide_last(PatientPruner({.wrapped_pruner = never}), {reporting({1.0, 2.0})}).prune);
  const auto at_once = std::make_shared<ThresholdPruner>(ThresholdOptions{.upper = 0.0});
  const PatientPruner pruner({.wrapped_pruner = at_once});
  EXPECT_FALSE(decide_last(pruner, {reporting({2.0, 1.0})}).prune);
  EXPECT_EQ(decide_last(pruner, {reporting({1.0, 2.0})}).reason->threshold, 0.0);
}

TEST(PatientPruner, IsMadeFromTextWithThePrunerItWraps) {
  const std::string text = pruner_to_json(
      "patient",
      {{"patience", std::int64_t{0}}, {"wrapped_pruner", pruner_to_json("threshold", {{"upper", 0.0}})}});
  EXPECT_EQ(text,
            R"({"type": "patient", "patience": 0, "wrapped_pruner": {"type": "threshold", "upper": 0.0}})");
  const auto pruner = make_pruner_from_json(text);
  EXPECT_EQ(decide_last(*pruner, {reporting({1.0, 2.0})}).reason->threshold, 0.0);
}

TEST(PatientPruner, NeedsItsPatienceAndAPrunerToWrap) {
  EXPECT_THROW((void)make_pruner("patient"), InvalidArgument);
  EXPECT_THROW(PatientPruner({.patience = -1}), InvalidArgument);
  EXPECT_THROW(PatientPruner({.patience = 0, .min_delta = kNan}), InvalidArgument);
  for (const char* wrapped : {"median", "{}", "[]", R"({"type": 3})", R"({"type": "mean"})",
                              R"({"type": "median", "n_startup_trials": -1})", R"({"type": "threshold"})"}) {
    const std::map<std::string, ParamValue, std::less<>> options{{"patience", std::int64_t{1}},
                                                                 {"wrapped_pruner", std::string(wrapped)}};
    EXPECT_THROW((void)make_pruner("patient", options), InvalidArgument) << wrapped;
  }
}

}  // namespace
}  // namespace tune
