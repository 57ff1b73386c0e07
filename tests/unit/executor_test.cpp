#include "tune/executor.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "tune/error.hpp"
#include "tune/samplers/none.hpp"
#include "tune/samplers/random.hpp"
#include "tune/storages/in_memory.hpp"

namespace tune {
namespace {

/// An objective made of a function; counts how many trials run at once on each device.
class FakeObjective final : public Objective {
 public:
  using Function = std::function<TrialResult(TrialContext&)>;
  explicit FakeObjective(Function function) : function_(std::move(function)) {}

  TrialResult run(TrialContext& trial) override {
    const std::string device = trial.slot().device;
    {
      const std::scoped_lock lock(mutex_);
      most_at_once_[device] = std::max(most_at_once_[device], ++running_[device]);
      slots_.insert({device, trial.slot().index_on_device});
    }
    struct Leave {
      FakeObjective& objective;
      const std::string& device;
      ~Leave() {
        const std::scoped_lock lock(objective.mutex_);
        --objective.running_[device];
      }
    } leave{*this, device};
    return function_(trial);
  }

  [[nodiscard]] CostEstimate estimate(const ParamValues& params) const override {
    return estimate_ ? estimate_(params) : CostEstimate{};
  }
  void set_estimate(std::function<CostEstimate(const ParamValues&)> estimate) {
    estimate_ = std::move(estimate);
  }

  std::map<std::string, int> most_at_once() {
    const std::scoped_lock lock(mutex_);
    return most_at_once_;
  }
  std::set<std::pair<std::string, int>> slots() {
    const std::scoped_lock lock(mutex_);
    return slots_;
  }

 private:
  Function function_;
  std::function<CostEstimate(const ParamValues&)> estimate_;
  std::mutex mutex_;
  std::map<std::string, int> running_;
  std::map<std::string, int> most_at_once_;
  std::set<std::pair<std::string, int>> slots_;
};

/// Remembers what it heard.
class Recorder final : public RunObserver {
 public:
  void on_start(TrialNumber number, const ParamValues&, const DeviceSlot& slot) override {
    device_of[number] = slot.device;
  }
  void on_finish(const FrozenTrial& trial, const DeviceSlot& slot) override {
    EXPECT_EQ(device_of.at(trial.number), slot.device);
    ++finished_on[slot.device];
  }
  void on_requeue(TrialNumber, std::string_view) override { ++n_requeued; }
  void on_lost(TrialNumber number, std::string_view) override { lost.push_back(number); }
  void on_device_out(std::string_view device, std::string_view reason) override { out.emplace(device, reason); }

  std::map<TrialNumber, std::string> device_of;
  std::map<std::string, int> finished_on;
  std::map<std::string, std::string> out;
  std::vector<TrialNumber> lost;
  int n_requeued = 0;
};

StudyOptions study_options() {
  StudyOptions options;
  options.sampler = std::make_shared<RandomSampler>();
  options.space.add({"x", FloatDistribution{0.0, 1.0}, {}});
  return options;
}

RunOptions run_options(std::int64_t n_trials, std::vector<DeviceSlot> slots) {
  RunOptions options;
  options.n_trials = n_trials;
  options.slots = std::move(slots);
  OptionSpec x{.name = "x", .kind = OptionKind::kFloat, .default_value = 0.5};
  OptionSpec y{.name = "y", .kind = OptionKind::kFloat, .default_value = 0.25};
  options.parameters = {x, y};
  return options;
}

TrialResult complete(double value) {
  TrialResult result;
  result.values = {value};
  return result;
}

/// Opens once so many threads wait at it; makes "at once" certain instead of likely.
class Gate {
 public:
  explicit Gate(int n) : missing_(n) {}
  void arrive_and_wait() {
    std::unique_lock lock(mutex_);
    if (--missing_ <= 0) {
      open_.notify_all();
      return;
    }
    open_.wait(lock, [&] { return missing_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable open_;
  int missing_;
};

const std::atomic<bool> kNeverStop{false};

TEST(MakeSlots, GivesEveryDeviceItsJobs) {
  const auto slots = make_slots({"cuda:0", "cuda:1"}, 3);
  ASSERT_EQ(slots.size(), 6U);
  EXPECT_EQ(slots[4].device, "cuda:1");
  EXPECT_EQ(slots[4].index_on_device, 1);
  EXPECT_EQ(slots[4].number, 4);
  EXPECT_THROW((void)make_slots({}, 1), InvalidArgument);
  EXPECT_THROW((void)make_slots({"cpu"}, 0), InvalidArgument);
}

TEST(Executor, RunsThreeTrialsAtOnceOnEachOfTwoDevices) {
  Gate gate(6);
  FakeObjective objective([&](TrialContext& trial) {
    gate.arrive_and_wait();
    return complete(std::get<double>(trial.params().at("x")));
  });
  Study study = create_study(study_options());
  Recorder recorder;
  const auto report =
      run_trials(study, objective, run_options(60, make_slots({"fake:0", "fake:1"}, 3)), kNeverStop, recorder);
  EXPECT_EQ(report.end, RunEnd::kDone);
  EXPECT_EQ(report.n_complete, 60);
  EXPECT_EQ(objective.most_at_once(), (std::map<std::string, int>{{"fake:0", 3}, {"fake:1", 3}}));
  EXPECT_EQ(objective.slots().size(), 6U);
  EXPECT_EQ(recorder.finished_on["fake:0"] + recorder.finished_on["fake:1"], 60);
}

TEST(Executor, TakesADeviceThatKeepsFailingOutOfServiceAndGoesOn) {
  Gate gate(6);
  FakeObjective objective([&](TrialContext& trial) -> TrialResult {
    gate.arrive_and_wait();
    if (trial.slot().device == "fake:1") throw DeviceError("lost");
    return complete(1.0);
  });
  Study study = create_study(study_options());
  Recorder recorder;
  const auto report =
      run_trials(study, objective, run_options(30, make_slots({"fake:0", "fake:1"}, 3)), kNeverStop, recorder);
  EXPECT_EQ(report.end, RunEnd::kDone);
  EXPECT_EQ(report.n_complete, 30);
  EXPECT_EQ(report.n_fail, 0);
  EXPECT_EQ(recorder.out, (std::map<std::string, std::string>{{"fake:1", "lost"}}));
  EXPECT_EQ(recorder.finished_on["fake:0"], 30);
  // Three failures take it out; its two other slots may be in a trial at that moment.
  EXPECT_GE(recorder.n_requeued, 3);
  EXPECT_LE(recorder.n_requeued, 5);
  EXPECT_EQ(study.trials().size(), 30U);
}

TEST(Executor, EndsWithoutLosingATrialWhenEveryDeviceIsBroken) {
  FakeObjective objective([](TrialContext&) -> TrialResult { throw DeviceError("lost"); });
  Study study = create_study(study_options());
  Recorder recorder;
  const auto report =
      run_trials(study, objective, run_options(5, make_slots({"fake:0"}, 1)), kNeverStop, recorder);
  EXPECT_EQ(report.end, RunEnd::kNoDevice);
  EXPECT_NE(report.message.find("lost"), std::string::npos);
  EXPECT_EQ(study.count(TrialState::kWaiting), 1U);
  EXPECT_EQ(study.count(TrialState::kFail), 0U);
}

TEST(Executor, MakesATrialThatThrowsFailAndGoesOn) {
  FakeObjective objective([](TrialContext& trial) -> TrialResult {
    if (trial.number().value % 2 == 0) throw std::runtime_error("bad shape");
    return complete(1.0);
  });
  Study study = create_study(study_options());
  Recorder recorder;
  const auto report =
      run_trials(study, objective, run_options(8, make_slots({"cpu"}, 2)), kNeverStop, recorder);
  EXPECT_EQ(report.end, RunEnd::kDone);
  EXPECT_EQ(report.n_fail, 4);
  EXPECT_EQ(study.trials()[0].system_attrs.at(std::string(kReasonKey)), "\"bad shape\"");
}

TEST(Executor, SaysOfATrialThatItLackedMemory) {
  FakeObjective objective([](TrialContext&) -> TrialResult { throw std::bad_alloc(); });
  Study study = create_study(study_options());
  Recorder recorder;
  EXPECT_EQ(run_trials(study, objective, run_options(1, make_slots({"cpu"}, 1)), kNeverStop, recorder).n_fail,
            1);
  EXPECT_EQ(study.trials()[0].system_attrs.at(std::string(kReasonKey)), "\"out of memory\"");
}

TEST(Executor, StopsWhenEachOfTheFirstTenTrialsFails) {
  FakeObjective objective([](TrialContext&) -> TrialResult { throw std::runtime_error("no data"); });
  Study study = create_study(study_options());
  Recorder recorder;
  const auto report =
      run_trials(study, objective, run_options(200, make_slots({"cpu"}, 1)), kNeverStop, recorder);
  EXPECT_EQ(report.end, RunEnd::kFailing);
  EXPECT_EQ(report.n_fail, 10);
  EXPECT_EQ(report.message, "all 10 trials of the study failed; the last one: no data");
}

TEST(Executor, StopsAtOnceWhenAStudyOfNothingButFailuresIsResumedAndFailsAgain) {
  FakeObjective objective([](TrialContext&) -> TrialResult { throw std::runtime_error("no data"); });
  Study study = create_study(study_options());
  Recorder recorder;
  const RunOptions options = run_options(200, make_slots({"cpu"}, 1));
  EXPECT_EQ(run_trials(study, objective, options, kNeverStop, recorder).n_fail, 10);
  const auto report = run_trials(study, objective, options, kNeverStop, recorder);
  EXPECT_EQ(report.n_fail, 1);
  EXPECT_EQ(report.message, "all 11 trials of the study failed; the last one: no data");
}

TEST(Executor, MakesATrialFailWhateverTheObjectiveThrowsOrSets) {
  FakeObjective objective([](TrialContext& trial) -> TrialResult {
    if (trial.number().value == 0) throw 42;
    if (trial.number().value == 1) trial.set_user_attr("note", "not json");
    TrialResult result = complete(1.0);
    if (trial.number().value == 2) result.constraints = {std::numeric_limits<double>::quiet_NaN()};
    return result;
  });
  Study study = create_study(study_options());
  Recorder recorder;
  const auto report =
      run_trials(study, objective, run_options(4, make_slots({"cpu"}, 1)), kNeverStop, recorder);
  EXPECT_EQ(report.n_fail, 3);
  EXPECT_EQ(report.n_complete, 1);
}

TEST(Executor, IsInterruptedRatherThanExhaustedWhileAListedPointIsLeft) {
  std::atomic<bool> stop{false};
  FakeObjective objective([&](TrialContext& trial) {
    TrialResult result = complete(1.0);
    if (trial.number().value == 0) return result;
    stop = true;
    while (trial.stop_reason() == StopReason::kNone) std::this_thread::yield();
    result.end = TrialResult::End::kInterrupted;
    return result;
  });
  StudyOptions options = study_options();
  options.sampler = std::make_shared<NoneSampler>();
  options.points = {{{"x", 0.1}}, {{"x", 0.2}}};
  Study study = create_study(std::move(options));
  Recorder recorder;
  const RunOptions two_slots = run_options(100, make_slots({"cpu"}, 2));
  EXPECT_EQ(run_trials(study, objective, two_slots, stop, recorder).end, RunEnd::kInterrupted);
  EXPECT_EQ(study.count(TrialState::kWaiting), 1U);
  FakeObjective rest([](TrialContext&) { return complete(1.0); });
  EXPECT_EQ(run_trials(study, rest, two_slots, kNeverStop, recorder).end, RunEnd::kExhausted);
  EXPECT_EQ(study.count(TrialState::kComplete), 2U);
}

TEST(Executor, SaysThatItWaitsForAnotherProcessAndTakesOverWhatThatOneLeaves) {
  class Waiter final : public RunObserver {
   public:
    explicit Waiter(std::function<void()> on_wait) : on_wait_(std::move(on_wait)) {}
    void on_wait(std::int64_t n_running) override {
      EXPECT_EQ(n_running, 1);
      ++n_waits;
      on_wait_();
    }
    int n_waits = 0;

   private:
    std::function<void()> on_wait_;
  };
  StudyOptions options = study_options();
  options.storage = make_in_memory_storage();
  const auto storage = options.storage;
  Study study = create_study(std::move(options));
  const Reservation elsewhere = storage->reserve(study.id(), this_process());
  Waiter waiter([&] { storage->requeue(elsewhere.claim); });
  FakeObjective objective([](TrialContext&) { return complete(1.0); });
  const auto report = run_trials(study, objective, run_options(2, make_slots({"cpu"}, 1)), kNeverStop, waiter);
  EXPECT_EQ(report.end, RunEnd::kDone);
  EXPECT_EQ(report.n_complete, 2);
  EXPECT_EQ(waiter.n_waits, 1);
}

TEST(Executor, TakesATimeoutThatNoClockCanCountAsNone) {
  FakeObjective objective([](TrialContext&) { return complete(1.0); });
  Study study = create_study(study_options());
  RunOptions options = run_options(3, make_slots({"cpu"}, 1));
  options.timeout = std::chrono::seconds::max();
  Recorder recorder;
  EXPECT_EQ(run_trials(study, objective, options, kNeverStop, recorder).n_complete, 3);
}

TEST(Executor, StopsAfterTheSetNumberOfFailuresInARow) {
  FakeObjective objective([](TrialContext& trial) -> TrialResult {
    if (trial.number().value >= 5) throw std::runtime_error("full");
    return complete(1.0);
  });
  Study study = create_study(study_options());
  RunOptions options = run_options(200, make_slots({"cpu"}, 1));
  options.max_failed_in_row = 3;
  Recorder recorder;
  const auto report = run_trials(study, objective, options, kNeverStop, recorder);
  EXPECT_EQ(report.end, RunEnd::kFailing);
  EXPECT_EQ(report.n_fail, 3);
  EXPECT_EQ(report.n_complete, 5);
  EXPECT_EQ(report.message, "3 trials in a row failed; the last one: full");
}

TEST(Executor, SpeaksOfOneFailedTrialAsOne) {
  FakeObjective objective([](TrialContext& trial) -> TrialResult {
    if (trial.number().value == 1) throw std::runtime_error("said \"no\"");
    return complete(1.0);
  });
  Study study = create_study(study_options());
  RunOptions options = run_options(200, make_slots({"cpu"}, 1));
  options.max_failed_in_row = 1;
  Recorder recorder;
  const auto report = run_trials(study, objective, options, kNeverStop, recorder);
  EXPECT_EQ(report.message, "a trial failed: said \"no\"");
}

TEST(Executor, TellsATrialThatAnotherProcessEndedFromOneThatGoesBackIntoTheQueue) {
  StudyOptions options = study_options();
  options.storage = make_in_memory_storage();
  const auto storage = options.storage;
  Study study = create_study(std::move(options));
  bool taken_over = false;
  FakeObjective objective([&](TrialContext&) {
    if (!std::exchange(taken_over, true)) {
      EXPECT_EQ(storage->requeue_dead(study.id(), {[](const Holder&) { return true; }}).requeued.size(), 1U);
    }
    return complete(1.0);
  });
  Recorder recorder;
  const auto report =
      run_trials(study, objective, run_options(2, make_slots({"cpu"}, 1)), kNeverStop, recorder);
  EXPECT_EQ(report.n_complete, 2);
  EXPECT_EQ(report.n_lost, 1);
  EXPECT_EQ(recorder.lost, std::vector<TrialNumber>{TrialNumber{0}});
  EXPECT_EQ(recorder.n_requeued, 0);
}

TEST(Executor, PutsRunningTrialsBackIntoTheQueueWhenItIsStopped) {
  std::atomic<bool> stop{false};
  FakeObjective objective([&](TrialContext& trial) -> TrialResult {
    if (trial.number().value < 4) return complete(1.0);
    stop = true;
    while (trial.stop_reason() == StopReason::kNone) std::this_thread::yield();
    TrialResult result;
    result.end = TrialResult::End::kInterrupted;
    return result;
  });
  Study study = create_study(study_options());
  Recorder recorder;
  const auto report = run_trials(study, objective, run_options(20, make_slots({"cpu"}, 1)), stop, recorder);
  EXPECT_EQ(report.end, RunEnd::kInterrupted);
  EXPECT_EQ(report.n_complete, 4);
  EXPECT_EQ(report.n_requeued, 1);
  EXPECT_EQ(study.count(TrialState::kWaiting), 1U);
  EXPECT_EQ(study.count(TrialState::kRunning), 0U);

  FakeObjective rest([](TrialContext&) { return complete(1.0); });
  EXPECT_EQ(run_trials(study, rest, run_options(20, make_slots({"cpu"}, 2)), kNeverStop, recorder).n_complete,
            16);
  EXPECT_EQ(study.trials().size(), 20U);
}

TEST(Executor, StartsNoTrialAfterTheTimeout) {
  FakeObjective objective([](TrialContext&) { return complete(1.0); });
  Study study = create_study(study_options());
  RunOptions options = run_options(20, make_slots({"cpu"}, 1));
  options.timeout = std::chrono::seconds(0);
  Recorder recorder;
  EXPECT_EQ(run_trials(study, objective, options, kNeverStop, recorder).end, RunEnd::kTimeout);
  EXPECT_TRUE(study.trials().empty());
}

TEST(Executor, GivesTheObjectiveSuggestedFixedAndDefaultParameters) {
  ParamValues seen;
  FakeObjective objective([&](TrialContext& trial) {
    seen = trial.params();
    return complete(1.0);
  });
  Study study = create_study(study_options());
  RunOptions options = run_options(1, make_slots({"cpu"}, 1));
  Recorder recorder;
  (void)run_trials(study, objective, options, kNeverStop, recorder);
  EXPECT_EQ(std::get<double>(seen.at("y")), 0.25);
  options.fixed = {{"y", 0.75}};
  options.n_trials = 2;
  (void)run_trials(study, objective, options, kNeverStop, recorder);
  EXPECT_EQ(std::get<double>(seen.at("y")), 0.75);
  EXPECT_TRUE(seen.contains("x"));
}

TEST(Executor, KeysTrainingByTrialUnlessATrainingSeedIsGiven) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> keys;
  FakeObjective objective([&](TrialContext& trial) {
    keys.emplace_back(trial.training_seed(), trial.training_trial());
    return complete(1.0);
  });
  StudyOptions study_options_ = study_options();
  study_options_.seed = 11;
  study_options_.replicates = 2;
  Study study = create_study(study_options_);
  RunOptions options = run_options(2, make_slots({"cpu"}, 1));
  Recorder recorder;
  (void)run_trials(study, objective, options, kNeverStop, recorder);
  options.n_trials = 4;
  options.training_seed = 99;
  (void)run_trials(study, objective, options, kNeverStop, recorder);
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> expected = {{11, 0}, {11, 1}, {99, 0}, {99, 1}};
  EXPECT_EQ(keys, expected);
}

TEST(Executor, StoresPrunedTrialsWithTheirReason) {
  FakeObjective objective([](TrialContext& trial) -> TrialResult {
    trial.report(0.5, 1);
    TrialResult result;
    result.end = TrialResult::End::kPruned;
    result.reason = "the loss is NaN";
    return result;
  });
  Study study = create_study(study_options());
  Recorder recorder;
  (void)run_trials(study, objective, run_options(1, make_slots({"cpu"}, 1)), kNeverStop, recorder);
  const FrozenTrial trial = study.trials().front();
  EXPECT_EQ(trial.state, TrialState::kPruned);
  EXPECT_EQ(trial.values, std::vector<double>{0.5});
  EXPECT_EQ(trial.system_attrs.at(std::string(kReasonKey)), "\"the loss is NaN\"");
}

/// Costs as many MiB as ten times its x.
CostEstimate ten_mib_per_x(const ParamValues& params) {
  return {.parameters = 1,
          .memory_bytes = static_cast<std::uint64_t>(std::get<double>(params.at("x")) * 10.0 * 1048576.0),
          .flops_per_epoch = 0.0};
}

TEST(Executor, PrunesATrialBeyondACostLimitBeforeItRuns) {
  std::set<double> ran;
  FakeObjective objective([&](TrialContext& trial) {
    ran.insert(std::get<double>(trial.params().at("x")));
    return complete(1.0);
  });
  objective.set_estimate(ten_mib_per_x);
  Study study = create_study(study_options());
  RunOptions options = run_options(20, make_slots({"cpu"}, 1));
  options.cost_limits.memory_bytes = 5.0 * 1048576.0;
  Recorder recorder;
  const RunReport report = run_trials(study, objective, options, kNeverStop, recorder);
  EXPECT_GT(report.n_pruned, 0);
  EXPECT_GT(report.n_complete, 0);
  EXPECT_EQ(report.n_fail, 0);
  EXPECT_EQ(static_cast<std::int64_t>(ran.size()), report.n_complete);
  for (const FrozenTrial& trial : study.trials()) {
    const double x = std::get<double>(trial.find_param("x")->external());
    const bool is_rejected = trial.state == TrialState::kPruned;
    EXPECT_EQ(is_rejected, x > 0.5);
    ASSERT_EQ(trial.constraints().size(), 1U);
    EXPECT_NEAR(trial.constraints().front(), x / 0.5 - 1.0, 1e-6);
    EXPECT_EQ(trial.system_attrs.contains("constraints:memory_limit"), true);
    EXPECT_EQ(trial.system_attrs.contains(std::string(kReasonKey)), is_rejected);
  }
}

TEST(Executor, AsksForNoEstimateWithoutALimit) {
  FakeObjective objective([](TrialContext&) { return complete(1.0); });
  objective.set_estimate([](const ParamValues&) -> CostEstimate { throw Error("nobody may ask"); });
  Study study = create_study(study_options());
  Recorder recorder;
  (void)run_trials(study, objective, run_options(1, make_slots({"cpu"}, 1)), kNeverStop, recorder);
  EXPECT_EQ(study.trials().front().state, TrialState::kComplete);
  EXPECT_TRUE(study.trials().front().constraints().empty());
}

TEST(Executor, FailsATrialThatCannotBeEstimated) {
  FakeObjective objective([](TrialContext&) { return complete(1.0); });
  objective.set_estimate([](const ParamValues&) -> CostEstimate { throw Error("no such network"); });
  Study study = create_study(study_options());
  RunOptions options = run_options(1, make_slots({"cpu"}, 1));
  options.cost_limits.flops_per_epoch = 1.0;
  Recorder recorder;
  (void)run_trials(study, objective, options, kNeverStop, recorder);
  EXPECT_EQ(study.trials().front().state, TrialState::kFail);
  EXPECT_EQ(study.trials().front().system_attrs.at(std::string(kReasonKey)), "\"no such network\"");
}

}  // namespace
}  // namespace tune
