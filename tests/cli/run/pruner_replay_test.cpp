#include "cli/run/pruner_replay.hpp"

#include <gtest/gtest.h>

#include "tune/pruners/registry.hpp"

namespace fmnist_tune {
namespace {

using tune::FrozenTrial;
using tune::TrialState;

/// Reports the value in each of four steps, from one second to another.
FrozenTrial trial_of(std::int64_t number, double value, int start, int end) {
  FrozenTrial trial;
  trial.number = tune::TrialNumber{number};
  trial.state = TrialState::kComplete;
  trial.values = {value};
  for (std::int64_t step = 1; step <= 4; ++step) trial.intermediate.push_back({step, value});
  trial.datetime_start = tune::Timestamp(std::chrono::seconds(start));
  trial.datetime_complete = tune::Timestamp(std::chrono::seconds(end));
  return trial;
}

/// Stops what is worse than the median of at least one COMPLETE trial.
std::shared_ptr<const tune::Pruner> median() {
  return tune::make_pruner("median", {{"n_startup_trials", std::int64_t{1}}});
}

std::vector<std::optional<std::int64_t>> stops(const ReplaySubject& subject) {
  std::vector<std::optional<std::int64_t>> steps;
  for (const ReplayedTrial& trial : replay_pruner(subject, *median()).trials) steps.push_back(trial.stopped_at);
  return steps;
}
using Stops = std::vector<std::optional<std::int64_t>>;

TEST(PrunerReplay, JudgesAReportByWhatWasThereAtItsTime) {
  const FrozenTrial good = trial_of(0, 0.1, 0, 100);
  EXPECT_EQ(stops({{good, trial_of(1, 0.9, 10, 20)}}), (Stops{{}, {}})) << "the good one was not complete yet";
  EXPECT_EQ(stops({{good, trial_of(1, 0.9, 100, 104)}}), (Stops{{}, 1}));
  EXPECT_EQ(stops({{good, trial_of(1, 0.9, 97, 105)}}), (Stops{{}, 2})) << "its second report came at 101 s";
}

TEST(PrunerReplay, TakesTrialsByNumberWhereNothingSaysWhenTheyRan) {
  std::vector<FrozenTrial> trials = {trial_of(0, 0.1, 0, 100), trial_of(1, 0.9, 10, 20)};
  trials[1].datetime_start.reset();
  EXPECT_EQ(stops({trials}), (Stops{{}, 1}));
}

TEST(PrunerReplay, KeepsToTheWindowOfAReproducibleStudy) {
  const std::vector<FrozenTrial> trials = {trial_of(0, 0.1, 0, 100), trial_of(1, 0.9, 10, 20),
                                           trial_of(2, 0.9, 10, 20)};
  ReplaySubject subject{trials};
  subject.window = 2;
  EXPECT_EQ(stops(subject), (Stops{{}, {}, 1})) << "trial 1 does not see trial 0, trial 2 does";
}

TEST(PrunerReplay, ShowsWhatItStoppedAsPrunedToAllThatFollow) {
  std::vector<FrozenTrial> trials = {trial_of(0, 0.5, 0, 10), trial_of(1, 0.9, 10, 20),
                                     trial_of(2, 0.1, 20, 30), trial_of(3, 0.4, 30, 40)};
  // Were trial 1 complete, the median would be 0.5; without it, it is 0.3.
  EXPECT_EQ(stops({trials}), (Stops{{}, 1, {}, 1}));
}

TEST(PrunerReplay, StopsNobodyAtTheLastReport) {
  FrozenTrial late = trial_of(1, 0.9, 10, 20);
  for (std::size_t i = 0; i < 3; ++i) late.intermediate[i].value = 0.0;
  late.intermediate[3].value = 5.0;
  std::vector<FrozenTrial> trials = {trial_of(0, -1.0, 0, 10), late};
  EXPECT_EQ(stops({trials, tune::Direction::kMaximize}), (Stops{{}, {}}));
}

TEST(PrunerReplay, LeavesOutTrialsThatReportedNothingOrStillRun) {
  FrozenTrial silent = trial_of(1, 0.9, 10, 20);
  silent.intermediate.clear();
  FrozenTrial running = trial_of(2, 0.9, 10, 20);
  running.state = TrialState::kRunning;
  EXPECT_EQ(stops({{trial_of(0, 0.1, 0, 10), silent, running}}).size(), 1U);
  EXPECT_TRUE(stops({}).empty());
}

TEST(PrunerReplay, CountsCompleteTrialsThatReportedNothing) {
  FrozenTrial silent = trial_of(1, 0.5, 10, 20);
  silent.intermediate.clear();
  const auto pruner = tune::make_pruner("median", {{"n_startup_trials", std::int64_t{2}}});
  const ReplaySubject subject{{trial_of(0, 0.1, 0, 10), silent, trial_of(2, 0.9, 20, 30)}};
  const PrunerReplay replay = replay_pruner(subject, *pruner);
  ASSERT_EQ(replay.trials.size(), 2U);
  EXPECT_EQ(replay.trials[1].stopped_at, 1);
}

TEST(PrunerReplay, SurvivesATrialThatEndedBeforeItStarted) {
  EXPECT_EQ(stops({{trial_of(0, 0.1, 50, 10), trial_of(1, 0.9, 60, 70)}}), (Stops{{}, 1}));
}

}  // namespace
}  // namespace fmnist_tune
