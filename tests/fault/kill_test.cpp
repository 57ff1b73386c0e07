#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/sqlite_file.hpp"
#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/executor.hpp"
#include "tune/pruners/median.hpp"
#include "tune/samplers/random.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/study.hpp"

/// A parallel run in a process of its own, killed at a hundred moments and gone on with.
namespace tune::testing {
namespace {

constexpr int kKills = 100;
constexpr std::size_t kSteps = 4;

/// What the process says, one number each.
enum class Said : std::int64_t { kStarted, kReported, kFinished };
constexpr std::int64_t kKinds = 3;

std::int64_t encode(Said said, TrialNumber number) {
  return number.value * kKinds + static_cast<std::int64_t>(said);
}

class Reporting final : public Objective {
 public:
  TrialResult run(TrialContext& trial) override {
    const double x = std::get<double>(trial.params().at("x"));
    for (std::int64_t step = 1; step <= static_cast<std::int64_t>(kSteps); ++step) {
      // Who is behind differs from step to step.
      trial.report(std::abs(x - 0.25 * static_cast<double>(step)), step);
      if (trial.should_prune()) {
        return {TrialResult::End::kPruned, {}, {}, {}, {}};
      }
    }
    return {TrialResult::End::kComplete, {x}, {}, {}, {}};
  }
};

class Speaker final : public RunObserver {
 public:
  explicit Speaker(const Child::Send& send) : send_(send) {}
  void on_start(TrialNumber number, const ParamValues&, const DeviceSlot&) override {
    send_(encode(Said::kStarted, number));
  }
  void on_report(TrialNumber number, IntermediateValue) override { send_(encode(Said::kReported, number)); }
  void on_finish(const FrozenTrial& trial, const DeviceSlot&) override {
    send_(encode(Said::kFinished, trial.number));
  }

 private:
  const Child::Send& send_;
};

/// The life of a process.
void run_study(const fs::path& path, std::int64_t n_trials, const Child::Send& send) {
  StudyOptions options;
  options.storage = open_sqlite_storage(path);
  options.sampler = std::make_shared<RandomSampler>();
  options.pruner = std::make_shared<MedianPruner>(MedianOptions{.n_warmup_steps = 2});
  options.space.add({"x", FloatDistribution{0.0, 1.0}, {}});
  options.load_if_exists = true;
  Study study = create_study(std::move(options));
  RunOptions run;
  run.slots = make_slots({"cpu"}, 3);
  run.n_trials = n_trials;
  run.parameters = {{.name = "x", .kind = OptionKind::kFloat, .default_value = 0.5}};
  run.takeover.max_deaths = kKills + 1;
  (void)study.requeue_dead_trials(run.takeover);
  Reporting objective;
  Speaker speaker(send);
  const std::atomic<bool> never{false};
  (void)run_trials(study, objective, run, never, speaker);
}

class KilledRun : public SqliteFile {
 protected:
  void hear(std::int64_t said) {
    const std::int64_t number = said / kKinds;
    if (said % kKinds == static_cast<std::int64_t>(Said::kFinished)) {
      finished_.insert(number);
      return;
    }
    EXPECT_FALSE(finished_.contains(number)) << "trial " << number << " is worked on after its end";
    if (said % kKinds == static_cast<std::int64_t>(Said::kReported)) {
      ++n_reported_[number];
    }
  }

  /// Runs until it is killed after so many words, or to the end.
  int run(std::int64_t n_trials, std::int64_t n_words) {
    n_reported_.clear();
    Child child([&](const Child::Send& send) { run_study(path_, n_trials, send); });
    for (std::int64_t said = 0; n_words > 0 && (said = child.receive()) != -1; --n_words) {
      hear(said);
    }
    if (n_words == 0) {
      child.kill_now();
    }
    for (const std::int64_t said : child.receive_rest()) {
      hear(said);
    }
    return n_words == 0 ? 0 : child.wait();
  }

  /// What was finished stays as it was, numbers have no gap, the file is whole.
  void expect_sound() {
    EXPECT_EQ(rows_of(path_, "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
    const auto storage = open();
    const auto study = storage->find_study("study");
    if (!study) {
      EXPECT_TRUE(finished_.empty());
      return;
    }
    const auto trials = all_trials(*storage, study->id);
    for (std::size_t i = 0; i < trials.size(); ++i) {
      EXPECT_EQ(trials[i].number.value, static_cast<std::int64_t>(i));
      expect_reports(trials[i]);
      expect_unchanged(trials[i]);
    }
  }

  void expect_unchanged(const FrozenTrial& trial) {
    const std::int64_t number = trial.number.value;
    if (!is_finished(trial.state)) {
      EXPECT_FALSE(finished_.contains(number)) << "trial " << number << " was told and is lost";
      return;
    }
    finished_.insert(number);  // It may have been stored and not yet told us.
    const auto [known, is_new] = ends_.emplace(number, describe(trial));
    EXPECT_EQ(describe(trial), known->second);
    EXPECT_NE(trial.state, TrialState::kFail);
    EXPECT_TRUE(trial.state == TrialState::kPruned || trial.intermediate.size() == kSteps) << describe(trial);
  }

  /// None that the last process was told to be stored is missing; a finished trial has no further ones.
  void expect_reports(const FrozenTrial& trial) {
    const std::int64_t number = trial.number.value;
    for (std::size_t i = 0; i < trial.intermediate.size(); ++i) {
      EXPECT_EQ(trial.intermediate[i].step, static_cast<std::int64_t>(i) + 1);
    }
    const auto reported = n_reported_.find(number);
    if (reported == n_reported_.end()) {
      return;
    }
    EXPECT_GE(trial.intermediate.size(), reported->second) << describe(trial);
    if (finished_.contains(number)) {
      EXPECT_EQ(trial.intermediate.size(), reported->second) << describe(trial);
    }
  }

  std::map<std::int64_t, std::size_t> n_reported_;  ///< In the last process.
  std::set<std::int64_t> finished_;
  std::map<std::int64_t, std::string> ends_;
};

TEST_F(KilledRun, LosesNothingAndEndsWithTheTrialsAskedFor) {
  std::mt19937_64 random(4);
  constexpr std::int64_t kNeverReached = 100'000;
  for (int i = 0; i < kKills; ++i) {
    SCOPED_TRACE(i);
    (void)run(kNeverReached, 1 + static_cast<std::int64_t>(random() % 60));
    expect_sound();
  }
  constexpr std::int64_t kSome = 50;
  const std::int64_t n_trials = static_cast<std::int64_t>(finished_.size()) + kSome;
  EXPECT_EQ(run(n_trials, kNeverReached), 0);
  expect_sound();
  EXPECT_EQ(static_cast<std::int64_t>(finished_.size()), n_trials);
  EXPECT_EQ(rows_of(path_, "SELECT count(*) FROM trials"), std::vector{std::to_string(n_trials)});
}

}  // namespace
}  // namespace tune::testing
