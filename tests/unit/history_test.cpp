#include "tune/history.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tune {
namespace {

FrozenTrial finished(std::int64_t number, TrialState state, std::vector<double> values, double lr = 0.1) {
  FrozenTrial trial;
  trial.number = {number};
  trial.state = state;
  trial.values = std::move(values);
  trial.params = {{"lr", lr, FloatDistribution{0.0, 1.0}}};
  return trial;
}

TEST(History, KeepsAColumnAParameterWithGapsAsNaN) {
  History history({Direction::kMinimize});
  history.apply(finished(2, TrialState::kComplete, {1.0}, 0.5));
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history.trial(0).state, TrialState::kWaiting);
  const Column* lr = history.column("lr");
  ASSERT_NE(lr, nullptr);
  EXPECT_FALSE(lr->has(0));
  EXPECT_TRUE(lr->has(2));
  EXPECT_FALSE(lr->has(99));
  EXPECT_EQ(history.column("momentum"), nullptr);
}

TEST(History, ReplacesATrialWhenItIsAppliedAgain) {
  History history({Direction::kMinimize});
  history.apply(finished(0, TrialState::kRunning, {}, 0.5));
  FrozenTrial requeued;
  requeued.number = {0};
  requeued.state = TrialState::kWaiting;
  history.apply(requeued);
  EXPECT_FALSE(history.column("lr")->has(0));
  EXPECT_TRUE(history.trial(0).columns.empty());
}

TEST(History, KeepsTheFirstReportOfAStepAndSortsBySteps) {
  History history({Direction::kMinimize});
  history.add_report({0}, {5, 0.5});
  history.add_report({0}, {1, 0.1});
  history.add_report({0}, {5, 9.9});
  const auto& reports = history.trial(0).intermediate;
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[0].step, 1);
  EXPECT_EQ(*history.trial(0).value_at(5), 0.5);
  EXPECT_EQ(history.trial(0).value_at(2), nullptr);
}

TEST(History, RemembersTheOrderOfReportsWhoseStepsDoNotRise) {
  History history({Direction::kMinimize});
  for (const std::int64_t step : {3, 5, 1, 9, 4}) history.add_report({0}, {step, 0.0});
  history.add_report({0}, {5, 9.9});
  const TrialRecord& shuffled = history.trial(0);
  std::vector<std::int64_t> steps;
  for (const std::uint32_t place : shuffled.report_order) steps.push_back(shuffled.intermediate[place].step);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{3, 5, 1, 9, 4}));
  for (const std::int64_t step : {0, 1, 7}) history.add_report({1}, {step, 0.0});
  EXPECT_TRUE(history.trial(1).report_order.empty());
}

TEST(HistoryView, ShowsTheTrialsOfOtherGroupsAsWaitingWithoutResults) {
  History history({Direction::kMinimize});
  for (std::int64_t i = 0; i < 4; ++i) history.apply(finished(i, TrialState::kComplete, {1.0}));
  history.add_report({1}, {0, 1.0});
  const std::vector<std::uint32_t> group_of{0, 1, 0};
  const HistoryView all(history);
  const HistoryView view = all.only(group_of, 0);
  EXPECT_TRUE(all.shows_all());
  EXPECT_FALSE(view.shows_all());
  EXPECT_EQ(view.state(1), TrialState::kWaiting);
  EXPECT_TRUE(view.values(1).empty());
  EXPECT_TRUE(view.intermediate(1).empty());
  EXPECT_FALSE(view.shows_result(1));
  for (const std::size_t shown : {0U, 2U, 3U}) EXPECT_EQ(view.state(shown), TrialState::kComplete) << shown;
  EXPECT_EQ(all.only(group_of, 1).state(1), TrialState::kComplete);
}

TEST(History, OrdersEqualValuesInAWayOfEachParameter) {
  constexpr std::size_t kTrials = 60;
  const Distribution grid = IntDistribution{1, 4};
  History history({Direction::kMinimize});
  History asked_now_and_then({Direction::kMinimize});
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < kTrials; ++i) {
    const std::vector<Param> params{{"m", i < 40 ? 1.0 : 2.0, grid}, {"n", i < 40 ? 1.0 : 2.0, grid}};
    history.add_params({i}, params);
    asked_now_and_then.add_params({i}, params);
    (void)asked_now_and_then.by_value(*asked_now_and_then.column("m"));
    numbers.push_back(i);
  }
  const auto of_m = history.by_value(*history.column("m"));
  const auto of_n = history.by_value(*history.column("n"));
  EXPECT_FALSE(std::equal(of_m.begin(), of_m.end(), of_n.begin()));
  const auto again = asked_now_and_then.by_value(*asked_now_and_then.column("m"));
  EXPECT_TRUE(std::equal(of_m.begin(), of_m.end(), again.begin(), again.end()));
  std::vector<std::uint32_t> low(of_m.begin(), of_m.begin() + 40);
  EXPECT_FALSE(std::is_sorted(low.begin(), low.end()));
  std::sort(low.begin(), low.end());
  EXPECT_TRUE(std::equal(low.begin(), low.end(), numbers.begin()));
}

TEST(History, RemembersEveryDistributionOfAParameter) {
  History history({Direction::kMinimize});
  history.add_params({0}, std::vector<Param>{{"n", 1.0, IntDistribution{1, 4}}});
  history.add_params({1}, std::vector<Param>{{"n", 6.0, IntDistribution{1, 8}}});
  history.add_params({2}, std::vector<Param>{{"n", 2.0, IntDistribution{1, 4}}});
  const Column& n = *history.column("n");
  ASSERT_EQ(n.distributions.size(), 2U);
  EXPECT_EQ(n.distribution_of, (std::vector<std::uint32_t>{0, 1, 0}));
}

TEST(History, BestTrialIsFeasibleCompleteAndTheLowestNumberOnTies) {
  History history({Direction::kMaximize});
  history.apply(finished(0, TrialState::kPruned, {9.0}));
  history.apply(finished(1, TrialState::kComplete, {3.0}));
  history.apply(finished(2, TrialState::kComplete, {3.0}));
  FrozenTrial infeasible = finished(3, TrialState::kComplete, {8.0});
  infeasible.system_attrs = {{"constraints", "[1.0]"}};
  history.apply(infeasible);
  EXPECT_EQ(history.best_trial(), TrialNumber{1});
}

TEST(History, HasNoBestTrialWithoutACompleteOneOrWithSeveralObjectives) {
  History single({Direction::kMinimize});
  single.apply(finished(0, TrialState::kFail, {}));
  EXPECT_EQ(single.best_trial(), std::nullopt);
  History several({Direction::kMinimize, Direction::kMaximize});
  several.apply(finished(0, TrialState::kComplete, {1.0, 2.0}));
  EXPECT_EQ(several.best_trial(), std::nullopt);
}

TEST(HistoryView, ShowsHiddenResultsAsRunning) {
  History history({Direction::kMinimize});
  for (std::int64_t i = 0; i < 4; ++i) {
    FrozenTrial trial = finished(i, TrialState::kComplete, {1.0});
    trial.intermediate = {{1, 0.5}};
    history.apply(trial);
  }
  const HistoryView view(history, 2);
  EXPECT_EQ(view.state(1), TrialState::kComplete);
  EXPECT_EQ(view.state(2), TrialState::kRunning);
  EXPECT_TRUE(view.values(2).empty());
  EXPECT_TRUE(view.intermediate(3).empty());
  EXPECT_EQ(view.intermediate(1).size(), 1U);
  EXPECT_TRUE(view.column("lr")->has(3));
}

}  // namespace
}  // namespace tune
