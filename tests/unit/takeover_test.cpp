#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "tune/error.hpp"
#include "tune/executor.hpp"
#include "tune/samplers/random.hpp"
#include "tune/storages/in_memory.hpp"

/// Trials whose process is gone, trials that are taken away, and trials that nobody here runs.
namespace tune {
namespace {

using namespace std::chrono_literals;

StudyOptions study_on(const std::shared_ptr<Storage>& storage) {
  StudyOptions options;
  options.storage = storage;
  options.sampler = std::make_shared<RandomSampler>();
  options.space.add({"x", FloatDistribution{0.0, 1.0}, {}});
  options.load_if_exists = true;
  return options;
}

/// A process of another container on this host, say.
Owner elsewhere() {
  Owner owner = this_process();
  ++owner.pid_namespace;
  return owner;
}

TEST(Takeover, WaitsForTheLeaseOfAnOwnerThatCannotBeJudged) {
  const auto storage = make_in_memory_storage();
  Study study = create_study(study_on(storage));
  const TrialNumber number = storage->reserve(study.id(), elsewhere()).claim.number;
  EXPECT_TRUE(study.requeue_dead_trials().requeued.empty());
  EXPECT_EQ(study.requeue_dead_trials({.lease = 0s}).requeued, std::vector{number});
}

TEST(Takeover, CountsTheLeaseFromTheLastHeartbeat) {
  const auto storage = make_in_memory_storage();
  Study study = create_study(study_on(storage));
  const Claim claim = storage->reserve(study.id(), elsewhere()).claim;
  const auto started = storage->changes_since(study.id(), {}).trials.at(0).datetime_start.value();
  while (now() - started <= 2s) std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(storage->heartbeat(std::vector{claim}).empty());
  EXPECT_TRUE(study.requeue_dead_trials({.lease = 1s}).requeued.empty());
}

TEST(Takeover, GivesATrialUpThatEndsEveryProcess) {
  const auto storage = make_in_memory_storage();
  Study study = create_study(study_on(storage));
  Owner dead = this_process();
  dead.boot_id = "another boot";
  for (int i = 0; i < 2; ++i) {
    (void)storage->reserve(study.id(), dead);
    EXPECT_EQ(study.requeue_dead_trials({.max_deaths = 3}).requeued.size(), 1U);
  }
  (void)storage->reserve(study.id(), dead);
  EXPECT_EQ(study.requeue_dead_trials({.max_deaths = 3}).failed.size(), 1U);
  EXPECT_EQ(study.trials().at(0).state, TrialState::kFail);
}

TEST(Takeover, HappensToNoTrialWhoseProcessRuns) {
  const auto storage = make_in_memory_storage();
  Study study = create_study(study_on(storage));
  const Trial trial = study.ask();
  EXPECT_TRUE(study.requeue_dead_trials({.lease = 0s}).requeued.empty());
  EXPECT_TRUE(study.heartbeat().empty());
  EXPECT_TRUE(study.trials().at(0).system_attrs.contains("tune:heartbeat"));
}

class FunctionObjective final : public Objective {
 public:
  explicit FunctionObjective(std::function<TrialResult(TrialContext&)> function)
      : function_(std::move(function)) {}
  TrialResult run(TrialContext& trial) override { return function_(trial); }

 private:
  std::function<TrialResult(TrialContext&)> function_;
};

class LostTrials final : public RunObserver {
 public:
  void on_lost(TrialNumber number, std::string_view) override { numbers.push_back(number); }
  std::vector<TrialNumber> numbers;
};

RunOptions one_slot(std::int64_t n_trials) {
  RunOptions options;
  options.slots = make_slots({"cpu"}, 1);
  options.n_trials = n_trials;
  options.parameters = {OptionSpec{.name = "x", .kind = OptionKind::kFloat, .default_value = 0.5}};
  options.heartbeat_interval = 1ms;
  return options;
}

TrialResult interrupted_or(TrialContext& trial, double value) {
  TrialResult result;
  result.values = {value};
  if (trial.stop_reason() == StopReason::kInterrupted) result.end = TrialResult::End::kInterrupted;
  return result;
}

TEST(Executor, StopsATrialThatAnotherProcessTookOver) {
  const auto storage = make_in_memory_storage();
  Study study = create_study(study_on(storage));
  int n_run = 0;
  FunctionObjective objective([&](TrialContext& trial) {
    if (n_run++ > 0) return interrupted_or(trial, 1.0);
    EXPECT_EQ(storage->requeue_dead(study.id(), {[](const Holder&) { return true; }}).requeued.size(), 1U);
    while (trial.stop_reason() != StopReason::kInterrupted) std::this_thread::yield();
    return interrupted_or(trial, 0.0);
  });
  LostTrials lost;
  const std::atomic<bool> never_stop{false};
  const RunReport report = run_trials(study, objective, one_slot(1), never_stop, lost);
  EXPECT_EQ(report.n_lost, 1);
  EXPECT_EQ(report.n_complete, 1);
  EXPECT_EQ(lost.numbers, std::vector{TrialNumber{0}});
  EXPECT_EQ(study.best_value(), 1.0);
}

TEST(Executor, TellsThatItsTrialsAreAlive) {
  const auto storage = make_in_memory_storage();
  Study study = create_study(study_on(storage));
  FunctionObjective objective([&](TrialContext& trial) {
    while (!storage->changes_since(study.id(), {}).trials.at(0).system_attrs.contains("tune:heartbeat")) {
      std::this_thread::yield();
    }
    return interrupted_or(trial, 1.0);
  });
  RunObserver nobody;
  const std::atomic<bool> never_stop{false};
  EXPECT_EQ(run_trials(study, objective, one_slot(1), never_stop, nobody).n_complete, 1);
}

TEST(Executor, AsksATrialToStopWhenItsTimeIsUp) {
  Study study = create_study(study_on(make_in_memory_storage()));
  FunctionObjective objective([](TrialContext& trial) {
    while (trial.stop_reason() == StopReason::kNone) std::this_thread::yield();
    EXPECT_EQ(trial.stop_reason(), StopReason::kTimeLimit);
    TrialResult result;
    result.end = TrialResult::End::kPruned;
    result.reason = "time limit";
    return result;
  });
  RunObserver nobody;
  const std::atomic<bool> never_stop{false};
  RunOptions options = one_slot(2);
  options.max_trial_time = 10ms;
  EXPECT_EQ(run_trials(study, objective, options, never_stop, nobody).n_pruned, 2);
}

TEST(Outsider, IsToldByWhoeverKnowsTheNumber) {
  const auto storage = make_in_memory_storage();
  double x = 0.0;
  {
    StudyOptions options = study_on(storage);
    options.asks_for_outsiders = true;
    Study asking = create_study(std::move(options));
    const Trial trial = asking.ask();
    x = std::get<double>(trial.params().at("x"));
  }
  Study telling = create_study(study_on(storage));
  EXPECT_TRUE(telling.requeue_dead_trials({.lease = 0s}).requeued.empty());
  Trial trial = telling.running_trial({0});
  EXPECT_EQ(std::get<double>(trial.params().at("x")), x);
  trial.report(0.5, 1);
  const FrozenTrial told = telling.tell(std::move(trial), x);
  EXPECT_EQ(told.state, TrialState::kComplete);
  EXPECT_EQ(told.intermediate.size(), 1U);
  EXPECT_EQ(telling.best_trial().number, TrialNumber{0});
  EXPECT_THROW((void)telling.running_trial({0}), InvalidArgument);
  EXPECT_THROW((void)telling.running_trial({1}), InvalidArgument);
}

TEST(Outsider, IsHeldByNobodySoThatWhatOthersTellOfItIsSeen) {
  const auto storage = make_in_memory_storage();
  StudyOptions options = study_on(storage);
  options.asks_for_outsiders = true;
  Study asking = create_study(std::move(options));
  Study watching = create_study(study_on(storage));
  (void)asking.ask();
  (void)watching.running_trial({0});
  EXPECT_TRUE(asking.heartbeat().empty());
  Study telling = create_study(study_on(storage));
  (void)telling.tell(telling.running_trial({0}), 0.25);
  for (Study* study : {&asking, &watching}) {
    study->refresh();
    EXPECT_EQ(study->count(TrialState::kComplete), 1U);
    EXPECT_EQ(study->count(TrialState::kRunning), 0U);
  }
}

TEST(Outsider, HasOneEndHoweverManyHandlesThereAre) {
  const auto storage = make_in_memory_storage();
  StudyOptions options = study_on(storage);
  options.asks_for_outsiders = true;
  Study study = create_study(std::move(options));
  Trial asked = study.ask();
  Trial first = study.running_trial({0});
  Trial second = study.running_trial({0});
  (void)study.running_trial({0});  // Dropped: it held nothing.
  first.report(0.5, 1);
  (void)study.tell(std::move(second), 0.25);
  EXPECT_THROW(first.report(0.75, 2), StaleClaim);
  EXPECT_THROW((void)study.tell(std::move(first), 0.125), StaleClaim);
  EXPECT_THROW((void)study.tell(std::move(asked), TrialState::kFail), StaleClaim);
  study.refresh();
  const FrozenTrial told = study.trials().at(0);
  EXPECT_EQ(told.state, TrialState::kComplete);
  EXPECT_EQ(told.values, std::vector{0.25});
  EXPECT_EQ(told.intermediate.size(), 1U);
  EXPECT_EQ(study.count(TrialState::kComplete), 1U);
  EXPECT_EQ(study.best_value(), 0.25);
}

TEST(StaleClaim, OfAnEarlierHandleLeavesTheTrialInTheHandsOfTheLaterOne) {
  const auto storage = make_in_memory_storage();
  Study study = create_study(study_on(storage));
  Trial earlier = study.ask();
  (void)storage->requeue_dead(study.id(), {[](const Holder&) { return true; }});
  study.refresh();
  Trial later = study.ask();
  ASSERT_EQ(later.number(), earlier.number());
  EXPECT_THROW(earlier.report(0.5, 1), StaleClaim);
  EXPECT_THROW((void)study.tell(std::move(earlier), 0.5), StaleClaim);
  // It still shows that it is alive, and what it says counts.
  (void)study.heartbeat();
  EXPECT_TRUE(study.trials().at(0).system_attrs.contains("tune:heartbeat"));
  later.report(0.75, 1);
  EXPECT_EQ(study.tell(std::move(later), 0.25).state, TrialState::kComplete);
  EXPECT_EQ(study.best_value(), 0.25);
  EXPECT_EQ(study.trials().at(0).intermediate.at(0).value, 0.75);
}

TEST(StaleClaim, OfAReportLetsTheStudySeeWhatOthersMadeOfTheTrial) {
  const auto storage = make_in_memory_storage();
  Study study = create_study(study_on(storage));
  Trial trial = study.ask();
  (void)storage->requeue_dead(study.id(), {[](const Holder&) { return true; }, {}, 0});
  EXPECT_THROW(trial.report(0.5, 1), StaleClaim);
  study.refresh();
  EXPECT_EQ(study.count(TrialState::kRunning), 0U);
}

TEST(Outsider, CannotTakeATrialThatAProcessRuns) {
  const auto storage = make_in_memory_storage();
  Study running = create_study(study_on(storage));
  const Trial trial = running.ask();
  Study other = create_study(study_on(storage));
  EXPECT_THROW((void)other.running_trial(trial.number()), InvalidArgument);
}

}  // namespace
}  // namespace tune
