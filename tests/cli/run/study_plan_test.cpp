#include "cli/run/study_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "cli/run/known_objectives.hpp"
#include "tune/error.hpp"
#include "tune/executor.hpp"

namespace fmnist_tune {
namespace {

StudyConfig study(const std::string& rest, const std::string& space = R"({
    "width": {"type": "int", "low": 10, "high": 60},
    "activation": {"type": "categorical", "choices": ["relu", "tanh"]}})") {
  return parse_study_text(R"({"name": "s", "objective": {"type": "fmnist"}, "fixed": {"depth": 1},
    "objectives": [{"metric": "validation_accuracy", "direction": "maximize"}], "space": )" +
                              space + rest + "}",
                          "s.json", known_manifests());
}

std::int64_t width(const tune::ParamValues& params) {
  return std::get<std::int64_t>(params.at("width"));
}

/// An epoch takes as many seconds as there are units; more than 50 are refused.
class Toy final : public tune::Objective {
 public:
  tune::TrialResult run(tune::TrialContext&) override { throw tune::Error("nobody trains here"); }
  [[nodiscard]] tune::CostEstimate estimate(const tune::ParamValues& params) const override {
    if (width(params) > 50) throw tune::InvalidArgument("width: at most 50");
    return {.parameters = 1, .memory_bytes = static_cast<std::uint64_t>(width(params)) << 20U};
  }
  [[nodiscard]] double seconds_per_epoch(const tune::ParamValues& params,
                                         const tune::DeviceSlot&) const override {
    std::unique_lock lock(mutex_);
    ++n_measured_[width(params)];
    ++n_begun_;
    changed_.notify_all();
    // The first ones wait for each other, and those of `waits_for_more` for others that follow.
    const int n_wanted = width(params) == waits_for_more ? 2 * n_at_once : n_at_once;
    if (!changed_.wait_for(lock, kLongEnough, [&] { return n_begun_ >= n_wanted; })) n_alone_++;
    return static_cast<double>(width(params));
  }
  [[nodiscard]] const std::map<std::int64_t, int>& n_measured() const { return n_measured_; }
  /// Of the measurements, those that waited for others in vain.
  [[nodiscard]] int n_alone() const { return n_alone_; }

  int n_at_once = 1;
  /// A width, one of three or more by turns: before all of `n_at_once` wait with it, enough others have begun.
  std::int64_t waits_for_more = 0;

 private:
  static constexpr std::chrono::seconds kLongEnough{60};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::map<std::int64_t, int> n_measured_;
  mutable int n_begun_ = 0;
  mutable int n_alone_ = 0;
};

const std::vector<tune::OptionSpec>& parameters() {
  return manifest_of(known_manifests(), "fmnist").parameters;
}

std::vector<PlannedTrial> plan_widths(const StudyConfig& config, tune::Objective& objective,
                                      const std::vector<std::int64_t>& widths, int n_slots = 2) {
  std::vector<tune::ParamValues> configurations;
  for (const std::int64_t n : widths) configurations.push_back({{"width", n}});
  return plan_trials(config, parameters(), objective, tune::make_slots({"cpu"}, n_slots), configurations);
}

TEST(PlannedConfigurations, AreWhatTheSamplerBeginsWith) {
  for (const char* sampler : {"tpe", "gp_tpe", "random", "qmc", "grid"}) {
    const auto config = study(std::string(R"(, "sampler": {"type": ")") + sampler + R"("}, "replicates": 3,
      "limits": {"stagnation": 1}, "reproducible": {"window": 2}, "points": [{"width": 33}])");
    const auto found = planned_configurations(config, 10);
    ASSERT_EQ(found.size(), 10U) << sampler;
    const std::set<tune::ParamValues> different(found.begin(), found.end());
    EXPECT_GT(different.size(), 7U) << sampler;
    EXPECT_EQ(found, planned_configurations(config, 10)) << sampler;
  }
}

TEST(PlannedConfigurations, AreAllThereAreWhereThatIsLess) {
  const auto config = study(R"(, "sampler": {"type": "grid"})",
                            R"({"width": {"type": "categorical", "choices": [10, 20, 30]}})");
  EXPECT_EQ(planned_configurations(config, 10).size(), 3U);
}

TEST(PlannedConfigurations, AreThePointsOverTheirWholeListWhereNothingElseIsSearched) {
  std::string points;
  for (int i = 0; i < 20; ++i) points += (i == 0 ? "" : ",") + (R"({"width": )" + std::to_string(10 + i) + "}");
  const auto found =
      planned_configurations(study(R"(, "sampler": {"type": "none"}, "points": [)" + points + "]"), 10);
  ASSERT_EQ(found.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(width(found[i]), static_cast<std::int64_t>(10 + 2 * i));
}

TEST(StudyPlan, MeasuresWhatCanBeTrainedWithinTheLimits) {
  Toy objective;
  const auto trials =
      plan_widths(study(R"(, "limits": {"max_trial_memory_mib": 40})"), objective, {20, 45, 55});
  EXPECT_EQ(trials[0].seconds_per_epoch, 20.0);
  EXPECT_EQ(trials[0].estimate.parameters, 1U);
  EXPECT_TRUE(trials[1].verdict.is_rejected());
  EXPECT_FALSE(trials[1].seconds_per_epoch.has_value());
  EXPECT_EQ(trials[2].error, "width: at most 50");
}

TEST(StudyPlan, MeasuresWithEverySlotAtWorkOnWhatCanBeTrained) {
  Toy objective;
  objective.n_at_once = 8;
  objective.waits_for_more = 40;
  const auto trials = plan_widths(study(""), objective, {20, 55, 30, 60, 40}, 8);
  EXPECT_EQ(objective.n_alone(), 0);
  ASSERT_EQ(objective.n_measured().size(), 3U);
  for (const auto& [measured, n] : objective.n_measured()) EXPECT_GE(n, 2) << measured;
  ASSERT_EQ(trials.size(), 5U);
  EXPECT_EQ(trials[4].seconds_per_epoch, 40.0);
  EXPECT_EQ(trials[3].error, "width: at most 50");
}

TEST(StudyPlan, OfNothingThatCanBeTrainedMeasuresNothing) {
  Toy objective;
  EXPECT_TRUE(plan_widths(study(""), objective, {}, 8).empty());
  EXPECT_EQ(plan_widths(study(""), objective, {55}, 8).size(), 1U);
  EXPECT_TRUE(objective.n_measured().empty());
}

TEST(StudyPlan, UsesNoMoreSlotsThanThereAreTrials) {
  StudyPlan plan;
  plan.slots = tune::make_slots({"cpu"}, 8);
  for (const auto& [n_trials, n_busy] : {std::pair(1, 1U), {3, 3U}, {8, 8U}, {100, 8U}}) {
    plan.n_trials = n_trials;
    EXPECT_EQ(plan.busy_slots().size(), n_busy);
  }
}

TEST(StudyPlan, AddsUpTheTimeOfAllTrialsOverTheSlots) {
  Toy objective;
  StudyPlan plan;
  plan.trials = plan_widths(study(R"(, "limits": {"max_trial_memory_mib": 40})"), objective, {20, 40, 45});
  plan.slots = tune::make_slots({"cpu"}, 2);
  plan.n_epochs = 3;
  plan.n_trials = 10;
  // Ten trials of (60 + 120 + 0) / 3 seconds, two at a time.
  EXPECT_DOUBLE_EQ(plan.seconds().value(), 10 * 60.0 / 2);
  plan.max_trial_seconds = 90.0;
  EXPECT_DOUBLE_EQ(plan.seconds().value(), 10 * 50.0 / 2);
  plan.n_trials = 1;
  EXPECT_DOUBLE_EQ(plan.seconds().value(), 50.0);
  plan.trials.clear();
  EXPECT_FALSE(plan.seconds().has_value());
}

TEST(StudyPlan, WarnsOfValuesThatTheObjectiveRefusesAndOfRejectedTrials) {
  Toy objective;
  const auto config = study(R"(, "limits": {"max_trial_memory_mib": 40})");
  const auto trials = plan_widths(config, objective, {20, 45});
  EXPECT_EQ(
      plan_warnings(config, parameters(), objective, trials),
      (std::vector<std::string>{"width of 60 cannot be trained: width: at most 50",
                                "1 of 2 planned configurations are beyond the limits and would be pruned"}));
  const auto failing = plan_widths(config, objective, {55});
  EXPECT_EQ(plan_warnings(config, parameters(), objective, failing),
            std::vector<std::string>{"a planned configuration cannot be trained: width: at most 50"});
}

}  // namespace
}  // namespace fmnist_tune
