#include "cli/run/bounded_objective.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "tune/executor.hpp"

namespace fmnist_tune {
namespace {

using tune::TrialResult;
using tune::TrialState;

/// Ends each trial in the same way.
class FixedObjective : public tune::Objective {
 public:
  explicit FixedObjective(TrialResult result) : result_(std::move(result)) {}
  TrialResult run(tune::TrialContext&) override { return result_; }
  [[nodiscard]] tune::CostEstimate estimate(const tune::ParamValues&) const override {
    return {.parameters = 7};
  }
  [[nodiscard]] double seconds_per_epoch(const tune::ParamValues&, const tune::DeviceSlot&) const override {
    return 0.5;
  }
  [[nodiscard]] tune::Attributes provenance() const override { return {{"fact", "1"}}; }

 private:
  TrialResult result_;
};

TrialResult result_of(TrialResult::End end, std::vector<double> measurements) {
  TrialResult result;
  result.end = end;
  if (end == TrialResult::End::kComplete) result.values = {0.5};
  result.measurements = std::move(measurements);
  return result;
}

StudyConfig config_of(std::vector<ConstraintBound> bounds) {
  StudyConfig config;
  config.objectives = {{"accuracy", tune::Direction::kMaximize}};
  config.constraints = std::move(bounds);
  return config;
}

/// The one trial of a study of such results.
tune::FrozenTrial trial_of(TrialResult result, std::vector<ConstraintBound> bounds) {
  auto study = tune::Study::create({});
  const auto objective =
      with_bounds(std::make_unique<FixedObjective>(std::move(result)), config_of(std::move(bounds)));
  tune::RunOptions options;
  options.n_trials = 1;
  options.slots = tune::make_slots({"cpu"}, 1);
  tune::RunObserver nobody;
  const std::atomic<bool> never{false};
  (void)tune::run_trials(study, *objective, options, never, nobody);
  return study.trials().at(0);
}

std::string reason_of(const tune::FrozenTrial& trial) {
  return nlohmann::json::parse(trial.system_attrs.find(tune::kReasonKey)->second).get<std::string>();
}

const ConstraintBound kAtMost{"seconds", 60.0, std::nullopt};
const ConstraintBound kBetween{"accuracy", 0.875, 0.5};

TEST(BoundedObjective, MakesConstraintsOfMeasurements) {
  const auto trial = trial_of(result_of(TrialResult::End::kComplete, {62.0, 0.75}), {kAtMost, kBetween});
  EXPECT_EQ(trial.state, TrialState::kComplete);
  EXPECT_EQ(trial.constraints(), (std::vector<double>{2.0, -0.125, -0.25}));
}

TEST(BoundedObjective, AddsToTheConstraintsThatTheObjectiveTells) {
  auto result = result_of(TrialResult::End::kComplete, {59.0});
  result.constraints = {-4.0};
  EXPECT_EQ(trial_of(result, {kAtMost}).constraints(), (std::vector<double>{-4.0, -1.0}));
}

TEST(BoundedObjective, JudgesPrunedTrialsThatWereMeasured) {
  const auto measured = trial_of(result_of(TrialResult::End::kPruned, {61.0}), {kAtMost});
  EXPECT_EQ(measured.state, TrialState::kPruned);
  EXPECT_EQ(measured.constraints(), std::vector<double>{1.0});
  EXPECT_TRUE(trial_of(result_of(TrialResult::End::kPruned, {}), {kAtMost}).constraints().empty());
}

TEST(BoundedObjective, TakesValuesForMeasurementsOfAnObjectiveThatMakesNone) {
  const auto trial = trial_of(result_of(TrialResult::End::kComplete, {}), {kBetween});
  EXPECT_EQ(trial.constraints(), (std::vector<double>{-0.375, 0.0}));
  EXPECT_EQ(trial_of(result_of(TrialResult::End::kComplete, {}), {kBetween, kAtMost}).state, TrialState::kFail);
}

TEST(BoundedObjective, FailsTrialsWhoseMeasurementsAreMissing) {
  const auto trial = trial_of(result_of(TrialResult::End::kComplete, {1.0}), {kAtMost, kBetween});
  EXPECT_EQ(trial.state, TrialState::kFail);
  EXPECT_EQ(reason_of(trial),
            "the objective told 1 of the 2 numbers that constraints are about (measurements)");
}

TEST(BoundedObjective, FailsTrialsWhoseMeasurementsAreNotNumbers) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto trial = trial_of(result_of(TrialResult::End::kComplete, {nan}), {kAtMost});
  EXPECT_EQ(trial.state, TrialState::kFail);
  EXPECT_EQ(reason_of(trial), "seconds, which a constraint is about, is nan");
}

TEST(BoundedObjective, PassesEverythingElseOn) {
  const auto objective = with_bounds(std::make_unique<FixedObjective>(TrialResult{}), config_of({kAtMost}));
  EXPECT_EQ(objective->estimate({}).parameters, 7U);
  EXPECT_EQ(objective->seconds_per_epoch({}, {}), 0.5);
  EXPECT_EQ(objective->provenance().at("fact"), "1");
}

TEST(BoundedObjective, WithoutBoundsIsTheObjectiveItself) {
  auto plain = std::make_unique<FixedObjective>(TrialResult{});
  const tune::Objective* address = plain.get();
  EXPECT_EQ(with_bounds(std::move(plain), config_of({})).get(), address);
}

}  // namespace
}  // namespace fmnist_tune
