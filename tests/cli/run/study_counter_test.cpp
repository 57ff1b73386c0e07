#include "cli/run/study_counter.hpp"

#include <gtest/gtest.h>

#include "tune/storages/in_memory.hpp"

namespace fmnist_tune {
namespace {

tune::Study study_of(std::vector<tune::Direction> directions, std::shared_ptr<tune::Storage> storage = {}) {
  tune::StudyOptions options;
  options.study_name = "s";
  options.directions = std::move(directions);
  options.storage = std::move(storage);
  options.load_if_exists = true;
  return tune::Study::create(std::move(options));
}

TEST(StudyCounter, OfANewStudyCountsNothing) {
  const auto study = study_of({tune::Direction::kMinimize});
  StudyCounter counter(study, 7);
  const StudyTally tally = counter.count();
  EXPECT_EQ(tally.study_name, "s");
  EXPECT_EQ(tally.n_trials, 7);
  EXPECT_EQ(tally.finished() + tally.n_running, 0);
  EXPECT_FALSE(tally.best_value);
}

TEST(StudyCounter, FollowsATrialFromStateToState) {
  auto study = study_of({tune::Direction::kMinimize});
  StudyCounter counter(study, std::nullopt);
  auto first = study.ask();
  auto second = study.ask();
  EXPECT_EQ(counter.count().n_running, 2);
  study.requeue(std::move(second));
  EXPECT_EQ(counter.count().n_running, 1);
  study.tell(std::move(first), tune::TrialState::kPruned);
  study.tell(study.ask(), tune::TrialState::kFail);
  const StudyTally tally = counter.count();
  EXPECT_EQ(tally.n_running, 0);
  EXPECT_EQ(tally.n_pruned, 1);
  EXPECT_EQ(tally.n_fail, 1);
  EXPECT_EQ(counter.count().finished(), 2);
}

TEST(StudyCounter, CountsWhatAnotherProcessFinishes) {
  const auto storage = tune::make_in_memory_storage();
  auto here = study_of({tune::Direction::kMinimize}, storage);
  auto elsewhere = study_of({tune::Direction::kMinimize}, storage);
  StudyCounter counter(here, std::nullopt);
  here.tell(here.ask(), 2.0);
  EXPECT_EQ(counter.count().best_value, 2.0);
  elsewhere.tell(elsewhere.ask(), 1.0);
  elsewhere.tell(elsewhere.ask(), 3.0);
  const StudyTally tally = counter.count();
  EXPECT_EQ(tally.n_complete, 3);
  EXPECT_EQ(tally.best_value, 1.0);
  EXPECT_EQ(tally.best_number, 1);
}

TEST(StudyCounter, NamesTheBestTrialThatTheStudyNames) {
  auto study = study_of({tune::Direction::kMaximize});
  StudyCounter counter(study, std::nullopt);
  auto late = study.ask();
  study.tell(study.ask(), 1.0);
  auto infeasible = study.ask();
  infeasible.set_constraints({1.0});
  study.tell(std::move(infeasible), 9.0);
  EXPECT_EQ(counter.count().best_number, 1);
  // Equal to the best and told later, but with a lower number.
  study.tell(std::move(late), 1.0);
  EXPECT_EQ(counter.count().best_number, study.best_trial().number.value);
  EXPECT_EQ(counter.count().best_number, 0);
}

TEST(StudyCounter, OfSeveralObjectivesKnowsNoBestTrial) {
  auto study = study_of({tune::Direction::kMinimize, tune::Direction::kMaximize});
  study.tell(study.ask(), {3.0, 4.0});
  StudyCounter counter(study, std::nullopt);
  const StudyTally tally = counter.count();
  EXPECT_EQ(tally.n_complete, 1);
  EXPECT_EQ(tally.direction, tune::Direction::kNotSet);
  EXPECT_FALSE(tally.best_value);
}

}  // namespace
}  // namespace fmnist_tune
