#include <gtest/gtest.h>

#include "cli/run/progress.hpp"
#include "tune/study.hpp"

namespace fmnist_tune {
namespace {

tune::Study study_of(std::vector<tune::Direction> directions) {
  tune::StudyOptions options;
  options.study_name = "s";
  options.directions = std::move(directions);
  return tune::Study::create(std::move(options));
}

TEST(ProgressStart, OfANewStudyIsEmpty) {
  const auto study = study_of({tune::Direction::kMinimize});
  const ProgressStart start = progress_start(study, 7);
  EXPECT_EQ(start.study_name, "s");
  EXPECT_EQ(start.n_trials, 7);
  EXPECT_EQ(start.n_complete + start.n_pruned + start.n_fail, 0);
  EXPECT_FALSE(start.best_value);
}

TEST(ProgressStart, HasTheCountsAndTheBestTrialOfTheOpenStudyInAnyStorage) {
  auto study = study_of({tune::Direction::kMinimize});
  study.tell(study.ask(), 3.0);
  study.tell(study.ask(), 1.0);
  study.tell(study.ask(), tune::TrialState::kFail);
  const ProgressStart start = progress_start(study, std::nullopt);
  EXPECT_EQ(start.direction, tune::Direction::kMinimize);
  EXPECT_EQ(start.n_complete, 2);
  EXPECT_EQ(start.n_fail, 1);
  EXPECT_EQ(start.best_value, 1.0);
  EXPECT_EQ(start.best_number, 1);
}

TEST(ProgressStart, OfSeveralObjectivesHasNoBestTrial) {
  auto study = study_of({tune::Direction::kMinimize, tune::Direction::kMaximize});
  study.tell(study.ask(), {3.0, 4.0});
  const ProgressStart start = progress_start(study, std::nullopt);
  EXPECT_EQ(start.n_complete, 1);
  EXPECT_EQ(start.direction, tune::Direction::kNotSet);
  EXPECT_FALSE(start.best_value);
}

}  // namespace
}  // namespace fmnist_tune
