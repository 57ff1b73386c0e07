#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/sqlite_file.hpp"

namespace tune::testing {
namespace {

class BestTrial : public SqliteFile {
 protected:
  /// Number of the best trial by view and by reader, which must agree; -1 for none.
  std::int64_t best() {
    SqliteReader reader(path_);
    const auto trial = reader.best_trial(reader.find_study("study").value().id);
    const auto rows = rows_of(path_, "SELECT number FROM best_trial");
    EXPECT_EQ(rows, trial ? std::vector{std::to_string(trial->number.value)} : std::vector<std::string>{});
    return trial ? trial->number.value : -1;
  }
};

TEST_F(BestTrial, IsTheLowestNumberAmongEquals) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  for (const double value : {3.0, 1.0, 1.0, 2.0}) {
    tell(*storage, study, value);
  }
  EXPECT_EQ(best(), 1);
}

TEST_F(BestTrial, OrdersInfinitiesInBothDirections) {
  const auto storage = open();
  const StudyId study = make_study(*storage, "study", {Direction::kMaximize});
  tell(*storage, study, -kInfinity);
  EXPECT_EQ(best(), 0);
  tell(*storage, study, -1e300);
  EXPECT_EQ(best(), 1);
  tell(*storage, study, kInfinity);
  EXPECT_EQ(best(), 2);
  EXPECT_EQ(rows_of(path_, "SELECT value FROM best_trial"), std::vector<std::string>{"Inf"});
  SqliteReader reader(path_);
  EXPECT_EQ(reader.studies()[0].best_value, kInfinity);
}

TEST_F(BestTrial, IsFeasible) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  tell(*storage, study, 0.0, {{"constraints", "[0.0, 1e-9]"}});
  EXPECT_EQ(best(), -1);
  tell(*storage, study, 1.0, {{"constraints:memory", "2"}});
  tell(*storage, study, 2.0, {{"constraints", "[Infinity]"}});
  tell(*storage, study, 9.0, {{"constraints", "[0.0, -1.0]"}, {"constraints:memory", "-0.5"}});
  EXPECT_EQ(best(), 3);
  tell(*storage, study, 8.0, {{"constraints", "[5.0, 0.0]"}, {"constraints:0", "-1"}});
  EXPECT_EQ(best(), 4) << "constraints:0 replaces the first of the list";
  tell(*storage, study, 7.0, {{"constraints_of_mine", "[5]"}});
  EXPECT_EQ(best(), 5);
}

TEST_F(BestTrial, IsNeitherPrunedNorFailedNorRunning) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  storage->tell(take(*storage, study).claim, {TrialState::kPruned, {-1.0}, {}, {}});
  storage->tell(take(*storage, study).claim, {TrialState::kFail, {}, {}, {}});
  (void)take(*storage, study);
  EXPECT_EQ(best(), -1);
}

TEST_F(BestTrial, DoesNotExistForSeveralObjectives) {
  const auto storage = open();
  const StudyId study = make_study(*storage, "study", {Direction::kMinimize, Direction::kMinimize});
  storage->tell(take(*storage, study).claim, {TrialState::kComplete, {1.0, 2.0}, {}, {}});
  EXPECT_EQ(best(), -1);
}

TEST_F(BestTrial, ShowsParametersAsAPersonWroteThem) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  const Claim claim = take(*storage, study).claim;
  const CategoricalDistribution choices{{std::string("tänh \"x\""), true, ParamValue(), 2.0}};
  storage->start(claim,
                 std::vector{Param{"z", 0.1, FloatDistribution{}}, Param{"a b", 0, choices},
                             Param{"flag", 1, choices}, Param{"none", 2, choices}, Param{"two", 3, choices},
                             Param{"n", 9007199254740992, IntDistribution{0, 9007199254740992}},
                             Param{"whole", 1.0, FloatDistribution{}}},
                 {});
  storage->tell(claim, {TrialState::kComplete, {0.5}, {}, {}});
  const std::vector<std::string> wanted = {
      R"({"z": 0.10000000000000001, "a b": "t\u00e4nh \"x\"", "flag": true, "none": null, "two": 2.0, )"
      R"("n": 9007199254740992, "whole": 1.0})"};
  EXPECT_EQ(rows_of(path_, "SELECT params FROM best_trial"), wanted);
  EXPECT_EQ(rows_of(path_, "SELECT params FROM trial_table"), wanted);
}

TEST_F(BestTrial, TellsHowLongATrialTook) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  FrozenTrial trial;
  trial.state = TrialState::kComplete;
  trial.values = {1.0};
  trial.datetime_start = timestamp_from_string("2026-02-28 23:59:59.250000");
  trial.datetime_complete = timestamp_from_string("2026-03-01 00:00:01.500000");
  storage->add_trial(study, trial);
  EXPECT_EQ(rows_of(path_, "SELECT duration_seconds, value, all_values FROM trial_table"),
            std::vector<std::string>{"2.25|1.0|[1.0]"});
}

}  // namespace
}  // namespace tune::testing
