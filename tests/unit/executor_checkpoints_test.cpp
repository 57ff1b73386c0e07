#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <thread>

#include "support/temporary_folder.hpp"
#include "tune/bytes.hpp"
#include "tune/error.hpp"
#include "tune/executor.hpp"
#include "tune/samplers/random.hpp"
#include "tune/storages/in_memory.hpp"

namespace tune {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSteps = 6;
/// What every checkpoint says that its trial took so far.
constexpr double kSeconds = 3600.0;
const std::atomic<bool> kNeverStop{false};

/// Adds up numbers; what it reports depends on all of them, so a step done twice or left out shows.
class Summing final : public Objective {
 public:
  /// Called before each step; may stop the run, or throw.
  using Step = std::function<void(TrialContext&, std::int64_t step)>;
  explicit Summing(Step before_step = {}) : before_step_(std::move(before_step)) {}

  TrialResult run(TrialContext& trial) override {
    std::vector<double> sums;
    if (trial.checkpoints().resume([&](const Checkpoint& checkpoint) {
          ByteReader reader(checkpoint.bytes);
          sums = reader.read_list<double>();
          reader.expect_end();
        })) {
      for (std::size_t i = 0; i < sums.size(); ++i) trial.report(sums[i], static_cast<std::int64_t>(i) + 1);
    }
    for (auto step = static_cast<std::int64_t>(sums.size()) + 1; step <= kSteps; ++step) {
      if (before_step_) before_step_(trial, step);
      if (trial.stop_reason() != StopReason::kNone) return stopped(trial);
      ++n_steps;
      sums.push_back(std::sin(static_cast<double>(step)) + (sums.empty() ? 0.0 : 1.1 * sums.back()));
      trial.report(sums.back(), step);
      if (std::isfinite(trial.checkpoints().interval().count())) save(trial, sums);
    }
    TrialResult result;
    result.values = {sums.back()};
    return result;
  }

  int n_steps = 0;
  int n_not_saved = 0;

 private:
  static TrialResult stopped(const TrialContext& trial) {
    const bool is_over = trial.stop_reason() == StopReason::kTimeLimit;
    TrialResult result;
    result.end = is_over ? TrialResult::End::kPruned : TrialResult::End::kInterrupted;
    return result;
  }

  void save(TrialContext& trial, const std::vector<double>& sums) {
    ByteWriter writer;
    writer.write_list(sums);
    if (!trial.checkpoints().save({static_cast<std::int64_t>(sums.size()), kSeconds, writer.bytes()}))
      ++n_not_saved;
  }

  Step before_step_;
};

class Recorder final : public RunObserver {
 public:
  void on_resume(TrialNumber number, std::int64_t step) override { resumed.emplace_back(number, step); }
  void on_checkpoint_refused(TrialNumber, std::string_view reason) override { refused.emplace_back(reason); }
  void on_checkpoint_not_saved(TrialNumber, std::string_view reason) override {
    not_saved.emplace_back(reason);
  }

  std::vector<std::pair<TrialNumber, std::int64_t>> resumed;
  std::vector<std::string> refused;
  std::vector<std::string> not_saved;
};

class ExecutorCheckpoints : public ::testing::Test {
 protected:
  ExecutorCheckpoints() {
    StudyOptions options;
    options.storage = storage_;
    options.sampler = std::make_shared<RandomSampler>();
    options.space.add({"x", FloatDistribution{0.0, 1.0}, {}});
    study_.emplace(create_study(std::move(options)));
    options_.slots = make_slots({"cpu"}, 1);
    options_.n_trials = 2;
    options_.parameters = {OptionSpec{.name = "x", .kind = OptionKind::kFloat, .default_value = 0.5}};
    options_.checkpoints = std::make_shared<CheckpointFolder>(path(), "study");
  }
  [[nodiscard]] fs::path path() const { return home_ / "study.db.checkpoints"; }
  RunReport run(Objective& objective, const std::atomic<bool>& stop = kNeverStop) {
    return run_trials(*study_, objective, options_, stop, recorder_);
  }
  /// Runs until the first trial has done three steps and is stopped.
  void run_three_steps() {
    std::atomic<bool> stop{false};
    Summing objective([&](TrialContext&, std::int64_t step) { stop = step == 4; });
    EXPECT_EQ(run(objective, stop).n_requeued, 1);
  }
  [[nodiscard]] static std::vector<double> values_of(const FrozenTrial& trial) {
    std::vector<double> values = trial.values;
    for (const auto& report : trial.intermediate) values.push_back(report.value);
    return values;
  }

  testing::TemporaryFolder home_;
  std::shared_ptr<Storage> storage_ = make_in_memory_storage();
  std::optional<Study> study_;
  RunOptions options_;
  Recorder recorder_;
};

TEST_F(ExecutorCheckpoints, LetAnInterruptedTrialGoOnWhereItStood) {
  run_three_steps();
  const FrozenTrial waiting = study_->trials()[0];
  EXPECT_EQ(waiting.state, TrialState::kWaiting);
  EXPECT_TRUE(waiting.intermediate.empty()) << "kept for whoever goes on from the checkpoint";
  Summing rest;
  EXPECT_EQ(run(rest).n_complete, 2);
  EXPECT_EQ(rest.n_steps, 3 + kSteps);
  EXPECT_EQ(recorder_.resumed, (std::vector<std::pair<TrialNumber, std::int64_t>>{{{0}, 3}}));
  const auto trials = study_->trials();
  EXPECT_EQ(values_of(trials[0]), values_of(trials[1])) << "as if it had never been stopped";
  EXPECT_FALSE(fs::exists(path())) << "nothing unfinished is left";
}

TEST_F(ExecutorCheckpoints, AreOffWithoutAFolder) {
  options_.checkpoints = nullptr;
  run_three_steps();
  EXPECT_TRUE(study_->trials()[0].intermediate.empty());
  Summing rest;
  EXPECT_EQ(run(rest).n_complete, 2);
  EXPECT_EQ(rest.n_steps, 2 * kSteps);
  EXPECT_TRUE(fs::is_empty(home_.path()));
}

TEST_F(ExecutorCheckpoints, AreRefusedWhenTheTrialWouldTrainWithAnotherSeed) {
  run_three_steps();
  options_.training_seed = 5;
  Summing rest;
  EXPECT_EQ(run(rest).n_complete, 2);
  EXPECT_EQ(rest.n_steps, 2 * kSteps);
  EXPECT_EQ(recorder_.refused, std::vector<std::string>{"it was made with other parameters or seeds"});
}

TEST_F(ExecutorCheckpoints, ThatTheObjectiveCannotReadLetTheTrialBeginAnew) {
  run_three_steps();
  struct Choosy final : Objective {
    TrialResult run(TrialContext& trial) override {
      EXPECT_FALSE(trial.checkpoints().resume([](const Checkpoint& checkpoint) {
        ByteReader reader(checkpoint.bytes);
        (void)reader.read_text();
        throw FormatError("another network");
      }));
      TrialResult result;
      result.values = {1.0};
      return result;
    }
  } choosy;
  options_.n_trials = 1;
  EXPECT_EQ(run(choosy).n_complete, 1);
  ASSERT_EQ(recorder_.refused.size(), 1U);
  EXPECT_TRUE(recorder_.resumed.empty());
}

TEST_F(ExecutorCheckpoints, ThatAreDamagedLetTheTrialBeginAnew) {
  run_three_steps();
  for (const auto& entry : fs::directory_iterator(path())) fs::resize_file(entry.path(), 50);
  Summing rest;
  EXPECT_EQ(run(rest).n_complete, 2);
  EXPECT_EQ(rest.n_steps, 2 * kSteps);
  EXPECT_EQ(recorder_.refused.size(), 1U);
  const auto trials = study_->trials();
  EXPECT_EQ(values_of(trials[0]), values_of(trials[1]));
}

TEST_F(ExecutorCheckpoints, ThatCannotBeSavedFailNoTrialAndAreToldOnce) {
  std::ofstream(path()) << "a file where the folder should be";
  Summing objective;
  EXPECT_EQ(run(objective).n_complete, 2);
  EXPECT_EQ(objective.n_not_saved, 2 * kSteps);
  EXPECT_EQ(recorder_.not_saved.size(), 1U);
}

TEST_F(ExecutorCheckpoints, GoWithTrialsThatFailOrArePruned) {
  Summing failing([](TrialContext& trial, std::int64_t step) {
    if (step == 4) throw std::runtime_error(trial.number().value == 0 ? "broken" : "broken again");
  });
  options_.first_failures = 100;
  EXPECT_EQ(run(failing).n_fail, 2);
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(ExecutorCheckpoints, ServeATrialThatABrokenDeviceGaveBack) {
  bool lost = false;
  Summing objective([&](TrialContext&, std::int64_t step) {
    if (step == 4 && !std::exchange(lost, true)) throw DeviceError("lost");
  });
  options_.n_trials = 1;
  EXPECT_EQ(run(objective).n_complete, 1);
  EXPECT_EQ(objective.n_steps, kSteps);
}

TEST_F(ExecutorCheckpoints, LetATrialThatIsTakenFromADeadProcessGoOn) {
  run_three_steps();
  Owner dead = this_process();
  ++dead.start_time;
  const Reservation lost = storage_->reserve(study_->id(), dead);
  storage_->report(lost.claim, {4, 1e6}, {});
  study_->refresh();
  options_.n_trials = 1;
  Summing rest;
  EXPECT_EQ(run(rest).n_complete, 1);
  EXPECT_EQ(rest.n_steps, kSteps - 3);
  EXPECT_EQ(study_->trials()[0].intermediate.size(), static_cast<std::size_t>(kSteps));
  EXPECT_LT(study_->trials()[0].intermediate[3].value, 1e6) << "what was reported after the checkpoint is gone";
}

TEST_F(ExecutorCheckpoints, LeaveAPrunedTrialTheValueOfItsLastReportThoughItMadeNoneSince) {
  run_three_steps();
  struct Diverging final : Objective {
    TrialResult run(TrialContext&) override {
      TrialResult result;
      result.end = TrialResult::End::kPruned;
      return result;
    }
  } diverging;
  options_.n_trials = 1;
  EXPECT_EQ(run(diverging).n_pruned, 1);
  const FrozenTrial pruned = study_->trials()[0];
  ASSERT_EQ(pruned.intermediate.size(), 3U);
  EXPECT_EQ(pruned.values, std::vector<double>{pruned.intermediate.back().value});
}

TEST_F(ExecutorCheckpoints, CountTheTimeBeforeThemTowardsTheLimitOfATrial) {
  run_three_steps();
  options_.n_trials = 1;
  options_.max_trial_time = std::chrono::duration<double>(kSeconds + 1800.0);
  Summing rest([&](TrialContext& trial, std::int64_t) { EXPECT_EQ(trial.stop_reason(), StopReason::kNone); });
  EXPECT_EQ(run(rest).n_complete, 1);

  options_.n_trials = 2;
  options_.max_trial_time.reset();
  run_three_steps();
  options_.max_trial_time = std::chrono::duration<double>(kSeconds - 1800.0);
  Summing late;
  EXPECT_EQ(run(late).n_pruned, 1);
  EXPECT_EQ(late.n_steps, 0);
}

TEST_F(ExecutorCheckpoints, OfATrialThatAnotherProcessTookOverAreNotSaved) {
  bool taken = false;
  Summing objective([&](TrialContext& trial, std::int64_t step) {
    if (step != 4 || std::exchange(taken, true)) return;
    EXPECT_EQ(
        storage_->requeue_dead(study_->id(), {.is_dead = [](const Holder&) { return true; }}).requeued.size(),
        1U);
    options_.checkpoints->remove({0});
    while (trial.stop_reason() == StopReason::kNone) std::this_thread::yield();
    EXPECT_FALSE(trial.checkpoints().save({4, kSeconds, {}}));
    EXPECT_FALSE(fs::exists(path()));
  });
  options_.heartbeat_interval = std::chrono::milliseconds(1);
  options_.n_trials = 1;
  EXPECT_EQ(run(objective).n_complete, 1);
}

TEST_F(ExecutorCheckpoints, BringBackReportsThatThePowerCutTook) {
  run_three_steps();
  // What a power cut leaves: the checkpoint, which was made durable, without the last reports, which were not.
  const Reservation again = storage_->reserve(study_->id(), this_process());
  storage_->requeue(again.claim, 1);
  study_->refresh();
  Summing rest;
  EXPECT_EQ(run(rest).n_complete, 2);
  EXPECT_EQ(rest.n_steps, 3 + kSteps);
  const auto trials = study_->trials();
  EXPECT_EQ(values_of(trials[0]), values_of(trials[1]));
}

}  // namespace
}  // namespace tune
