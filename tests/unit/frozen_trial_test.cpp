#include "tune/frozen_trial.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tune/error.hpp"

namespace tune {
namespace {

TEST(Timestamp, IsWrittenWithSixDigitsAndReadBack) {
  const Timestamp time = timestamp_from_string("2026-11-21 09:31:15.000123");
  EXPECT_EQ(to_string(time), "2026-11-21 09:31:15.000123");
  EXPECT_EQ(to_string(timestamp_from_string("2024-02-29 23:59:59")), "2024-02-29 23:59:59.000000");
}

TEST(Timestamp, ReadsAShortFractionAsMicrosecondsLikeOptuna) {
  EXPECT_EQ(to_string(timestamp_from_string("2026-11-21 09:31:15.123")), "2026-11-21 09:31:15.000123");
}

TEST(Timestamp, RefusesOtherForms) {
  for (const char* text :
       {"", "2026-11-21T09:31:15.000000", "2026-13-01 00:00:00", "2026-02-30 00:00:00", "2026-11-21 24:00:00",
        "2026-11-21 09:31:15.1234567", "2026-11-21 09:31:15.", "20261121"}) {
    EXPECT_THROW((void)timestamp_from_string(text), FormatError) << text;
  }
}

TEST(TrialState, HasOptunasNames) {
  for (const char* name : {"RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING"}) {
    EXPECT_EQ(to_string(trial_state_from_string(name)), name);
  }
  EXPECT_THROW((void)trial_state_from_string("running"), FormatError);
}

TEST(Direction, IsReadInEitherCase) {
  EXPECT_EQ(direction_from_string("maximize"), Direction::kMaximize);
  EXPECT_EQ(direction_from_string("MINIMIZE"), Direction::kMinimize);
  EXPECT_THROW((void)direction_from_string("up"), FormatError);
}

TEST(FrozenTrial, MergesBothSpellingsOfConstraints) {
  FrozenTrial trial;
  trial.system_attrs = {{"constraints", "[0.5, -1.0]"},
                        {"constraints:memory", "2.0"},
                        {"constraints_other", "[9]"},
                        {"completed_rung_0", "1.0"}};
  EXPECT_EQ(trial.constraints(), (std::vector<double>{0.5, -1.0, 2.0}));
  EXPECT_DOUBLE_EQ(trial.violation(), 2.5);
}

TEST(FrozenTrial, TakesConstraintsThatAreNoNumbersForNaN) {
  FrozenTrial trial;
  trial.system_attrs = {{"constraints", "[\"x\", true, Infinity, null]"}};
  const auto constraints = trial.constraints();
  ASSERT_EQ(constraints.size(), 3U);
  EXPECT_TRUE(std::isnan(constraints[0]));
  EXPECT_EQ(constraints[1], 1.0);
  EXPECT_EQ(constraints[2], std::numeric_limits<double>::infinity());
}

TEST(FrozenTrial, RefusesConstraintsThatAreNotJson) {
  FrozenTrial trial;
  trial.system_attrs = {{"constraints", "[0.5,"}};
  EXPECT_THROW((void)trial.constraints(), FormatError);
}

TEST(FrozenTrial, LastIntermediateIsTheOneOfTheLargestStep) {
  FrozenTrial trial;
  EXPECT_FALSE(trial.last_intermediate());
  trial.intermediate = {{1, 0.1}, {10, 0.2}, {3, 0.3}};
  EXPECT_EQ(trial.last_intermediate()->step, 10);
}

TEST(FrozenTrial, KnowsItsDurationOnceItIsOver) {
  FrozenTrial trial;
  trial.datetime_start = timestamp_from_string("2026-01-01 00:00:00.000000");
  EXPECT_FALSE(trial.duration());
  trial.datetime_complete = timestamp_from_string("2026-01-01 00:00:01.500000");
  EXPECT_EQ(trial.duration(), std::chrono::microseconds(1'500'000));
}

}  // namespace
}  // namespace tune
