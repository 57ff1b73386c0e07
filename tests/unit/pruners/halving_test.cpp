#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tune/error.hpp"
#include "tune/pruners/brackets.hpp"
#include "tune/pruners/halving_rule.hpp"
#include "tune/pruners/hyperband.hpp"
#include "tune/pruners/successive_halving.hpp"
#include "unit/pruners/support.hpp"

namespace tune {
namespace {

using testing::decide_last;
using testing::TrialBuilder;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

const SuccessiveHalvingPruner kHalves({.min_resource = 1, .reduction_factor = 2});

/// Trials that left these values in rung 0, then one that reports `own` at step 1.
std::vector<TrialBuilder> rung_with(const std::vector<std::string>& others, double own) {
  std::vector<TrialBuilder> trials;
  for (const std::string& value : others) {
    trials.emplace_back(static_cast<std::int64_t>(trials.size()));
    trials.back().state(TrialState::kFail).system_attr("completed_rung_0", value);
  }
  trials.emplace_back(static_cast<std::int64_t>(trials.size()));
  trials.back().report(1, own);
  return trials;
}

TEST(SuccessiveHalvingPruner, PrunesATrialOutsideTheBestShareOfItsRungAndSaysWhy) {
  const PruneDecision decision = decide_last(kHalves, rung_with({"1.0", "2.0", "Infinity"}, 3.0));
  ASSERT_TRUE(decision.prune);
  EXPECT_EQ(decision.reason->value, 3.0);
  EXPECT_EQ(decision.reason->threshold, 2.0);
  EXPECT_EQ(decision.reason->step, 1);
  EXPECT_EQ(decision.reason->n, 4);
  EXPECT_EQ(decision.system_attrs, (Attributes{{"completed_rung_0", "3.0"}}));
}

TEST(SuccessiveHalvingPruner, KeepsATrialThatEqualsTheLastOneInTheShare) {
  EXPECT_FALSE(decide_last(kHalves, rung_with({"1.0", "2.0", "Infinity"}, 2.0)).prune);
}

TEST(SuccessiveHalvingPruner, LetsOnlyTheBestOfTheFirstFewGoOn) {
  EXPECT_FALSE(decide_last(kHalves, rung_with({}, 5.0)).prune);
  EXPECT_TRUE(decide_last(kHalves, rung_with({"4.0"}, 5.0)).prune);
  EXPECT_TRUE(decide_last(kHalves, rung_with({"6.0"}, 5.0), Direction::kMaximize).prune);
  EXPECT_FALSE(decide_last(kHalves, rung_with({"6.0"}, 5.0)).prune);
}

TEST(SuccessiveHalvingPruner, PrunesANaNAtARungWithoutLeavingItThere) {
  const PruneDecision decision = decide_last(kHalves, rung_with({}, kNan));
  ASSERT_TRUE(decision.prune);
  EXPECT_TRUE(std::isnan(decision.reason->value));
  EXPECT_TRUE(decision.system_attrs.empty());
}

TEST(SuccessiveHalvingPruner, CompletesEveryRungThatOneReportReaches) {
  const PruneDecision decision = decide_last(kHalves, {TrialBuilder(0).report(5, 0.25)});
  EXPECT_FALSE(decision.prune);
  EXPECT_EQ(
      decision.system_attrs,
      (Attributes{{"completed_rung_0", "0.25"}, {"completed_rung_1", "0.25"}, {"completed_rung_2", "0.25"}}));
}

TEST(SuccessiveHalvingPruner, DoesNotJudgeARungTwice) {
  auto trials = rung_with({"1.0", "1.0"}, 3.0);
  trials.back().system_attr("completed_rung_0", "3.0");
  EXPECT_FALSE(decide_last(kHalves, trials).prune);
}

TEST(SuccessiveHalvingPruner, HoldsTrialsBackUntilARungHasEnough) {
  const SuccessiveHalvingPruner pruner({.min_resource = 1, .reduction_factor = 2, .bootstrap_count = 2});
  const PruneDecision decision = decide_last(pruner, rung_with({"4.0"}, 1.0));
  ASSERT_TRUE(decision.prune);
  EXPECT_TRUE(std::isnan(decision.reason->threshold));
  EXPECT_EQ(decision.reason->n, 2);
  EXPECT_FALSE(decide_last(pruner, rung_with({"4.0", "5.0"}, 1.0)).prune);
}

TEST(SuccessiveHalvingPruner, EstimatesItsResourceOnceAndKeepsIt) {
  const SuccessiveHalvingPruner pruner;
  const auto complete = TrialBuilder(0).complete(1.0).report(399, 1.0);
  EXPECT_TRUE(decide_last(pruner, {TrialBuilder(0).report(9, 1.0)}).system_attrs.empty());
  EXPECT_EQ(decide_last(pruner, {complete, TrialBuilder(1).report(2, 1.0)}).system_attrs,
            (Attributes{{"tune:min_resource", "3"}}));
  const auto keeper = TrialBuilder(1).report(2, 1.0).system_attr("tune:min_resource", "3");
  const auto longer = TrialBuilder(2).complete(1.0).report(9999, 1.0);
  EXPECT_EQ(decide_last(pruner, {complete, keeper, longer, TrialBuilder(3).report(3, 1.0)}).system_attrs,
            (Attributes{{"completed_rung_0", "1.0"}}));
}

TEST(SuccessiveHalvingPruner, HasNoRungBeyondTheLargestStep) {
  EXPECT_EQ(pruners::promotion_step({.min_resource = 3, .reduction_factor = 2}, 4), 48);
  EXPECT_EQ(pruners::promotion_step({.min_resource = 1, .reduction_factor = 2}, 62), std::int64_t{1} << 62);
  EXPECT_EQ(pruners::promotion_step({.min_resource = 1, .reduction_factor = 2}, 63), std::nullopt);
  EXPECT_EQ(pruners::promotion_step({.min_early_stopping_rate = kMost}, 0), std::nullopt);
  EXPECT_FALSE(decide_last(kHalves, {TrialBuilder(0).report(kMost, 1.0)}).prune);
}

TEST(SuccessiveHalvingPruner, RefusesOptionsOutOfRangeOrAtOdds) {
  EXPECT_THROW(SuccessiveHalvingPruner({.min_resource = 0}), InvalidArgument);
  EXPECT_THROW(SuccessiveHalvingPruner({.min_resource = 1, .reduction_factor = 1}), InvalidArgument);
  EXPECT_THROW(SuccessiveHalvingPruner({.min_resource = {}, .bootstrap_count = 1}), InvalidArgument);
  EXPECT_THROW((void)make_pruner("successive_halving", {{"bootstrap_count", std::int64_t{1}}}),
               InvalidArgument);
  EXPECT_NO_THROW((void)make_pruner("successive_halving", {{"min_resource", std::string("auto")}}));
}

TEST(Brackets, HalveTheNumberOfTrialsFromOneToTheNext) {
  EXPECT_EQ(pruners::Brackets(1, 27, 3).budgets(), (std::vector<std::int64_t>{27, 12, 6, 4}));
}

TEST(Brackets, AreCountedInDoublesAsInOptuna) {
  EXPECT_EQ(pruners::Brackets(1, 243, 3).budgets().size(), 5U);
  EXPECT_EQ(pruners::Brackets(1, 1000, 10).budgets().size(), 3U);
}

TEST(Brackets, AreNoneWhenTheLargestResourceIsBelowTheSmallest) {
  EXPECT_TRUE(pruners::Brackets(9, 2, 3).budgets().empty());
  const HyperbandPruner pruner({.min_resource = 9, .max_resource = 2});
  EXPECT_FALSE(decide_last(pruner, rung_with({"1.0"}, 3.0)).prune);
}

class HyperbandGroups : public ::testing::Test {
 protected:
  [[nodiscard]] std::vector<std::uint32_t> groups(const HyperbandPruner& pruner,
                                                  const std::vector<TrialBuilder>& trials) {
    const History history = testing::make_history(trials);
    pruner.group_trials({.history = HistoryView(history), .number = {0}, .seed = 0, .study_name = "study"},
                        groups_);
    return groups_.of_trial;
  }

  TrialGroups groups_;
};

TEST_F(HyperbandGroups, AreTheBracketsOnceATrialHasReported) {
  const HyperbandPruner pruner({.max_resource = 27});
  const pruners::Brackets brackets(1, 27, 3);
  EXPECT_TRUE(groups(pruner, {TrialBuilder(0), TrialBuilder(1)}).empty());
  std::vector<TrialBuilder> trials{TrialBuilder(0).report(0, 1.0)};
  std::vector<std::uint32_t> expected{brackets.bracket_of("study", 0)};
  for (std::int64_t number = 1; number < 30; ++number) {
    EXPECT_EQ(groups(pruner, trials), expected);
    trials.emplace_back(number);
    expected.push_back(brackets.bracket_of("study", number));
  }
}

TEST_F(HyperbandGroups, WaitForAnAutomaticResource) {
  const HyperbandPruner pruner;
  const auto complete = TrialBuilder(0).complete(1.0).report(26, 1.0);
  EXPECT_TRUE(groups(pruner, {complete, TrialBuilder(1)}).empty());
  const auto judge = TrialBuilder(1).report(0, 1.0);
  EXPECT_EQ(decide_last(pruner, {complete, judge}).system_attrs, (Attributes{{"tune:max_resource", "27"}}));
  const auto keeper = TrialBuilder(1).report(0, 1.0).system_attr("tune:max_resource", "27");
  EXPECT_EQ(groups(pruner, {complete, keeper}).size(), 2U);
  EXPECT_EQ(groups_.key, 27);
}

TEST(HyperbandPruner, LetsTrialsCompeteWithinTheirBracketOnly) {
  const pruners::Brackets brackets(1, 27, 3);
  std::vector<TrialBuilder> trials;
  for (std::int64_t number = 0; number < 40; ++number) {
    trials.emplace_back(number);
    const bool is_other = brackets.bracket_of("study", number) != brackets.bracket_of("study", 40);
    trials.back().system_attr("completed_rung_0", is_other ? "-1.0" : "2.0");
  }
  trials.push_back(TrialBuilder(40).report(1, 1.0));
  ASSERT_EQ(brackets.bracket_of("study", 40), 0U);
  EXPECT_FALSE(decide_last(HyperbandPruner({.max_resource = 27}), trials).prune);
  EXPECT_TRUE(decide_last(SuccessiveHalvingPruner({.min_resource = 1}), trials).prune);
}

TEST(HyperbandPruner, RefusesOptionsOutOfRangeOrAtOdds) {
  EXPECT_THROW(HyperbandPruner({.min_resource = 0}), InvalidArgument);
  EXPECT_THROW(HyperbandPruner({.max_resource = 0}), InvalidArgument);
  EXPECT_THROW(HyperbandPruner({.max_resource = {}, .bootstrap_count = 2}), InvalidArgument);
  EXPECT_THROW((void)make_pruner("hyperband", {{"min_resource", std::string("auto")}}), InvalidArgument);
}

}  // namespace
}  // namespace tune
