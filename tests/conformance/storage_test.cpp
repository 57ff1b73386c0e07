#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/storages/storage.hpp"

namespace tune::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class StorageConformance : public ::testing::TestWithParam<StorageKind> {
 protected:
  TemporaryFolder folder_;
  std::shared_ptr<Storage> storage_ = GetParam().open(folder_.path());

  Storage& storage() { return *storage_; }

  static Outcome complete(double value) { return {TrialState::kComplete, {value}, {}, {}}; }
  static Param x(double value) { return {"x", value, FloatDistribution{0.0, 1.0, false, {}}}; }
};

INSTANTIATE_TEST_SUITE_P(Storages, StorageConformance, ::testing::ValuesIn(all_storage_kinds()),
                         [](const auto& tested) { return tested.param.name; });

/// Deltas that tell no more than they must: only one opening knows which writes were its own.
class StorageDeltas : public StorageConformance {};

INSTANTIATE_TEST_SUITE_P(Storages, StorageDeltas, ::testing::ValuesIn(storage_kinds()),
                         [](const auto& tested) { return tested.param.name; });

// --- studies ---

TEST_P(StorageConformance, GivesBackAStudyAsItWasCreated) {
  const NewStudy wanted{"Größe \"1\"; drop table studies; -- 鍵",
                        {Direction::kMaximize, Direction::kMinimize},
                        {{"ключ \" '", R"({"a": [1, null, "☃"]})"}},
                        {{"study:metric_names", R"(["accuracy", "seconds"])"}},
                        {}};
  const StudyId id = storage().create_study(wanted);
  const auto found = storage().find_study(wanted.name);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, id);
  EXPECT_EQ(found->name, wanted.name);
  EXPECT_EQ(found->directions, wanted.directions);
  EXPECT_EQ(found->user_attrs, wanted.user_attrs);
  EXPECT_EQ(found->system_attrs, wanted.system_attrs);
}

TEST_P(StorageConformance, CreatesAStudyTogetherWithItsQueue) {
  const NewStudy wanted{"queued", {Direction::kMinimize}, {}, {}, {{R"({"x": 1})", {}, {}}, {}}};
  const StudyId study = storage().create_study(wanted);
  EXPECT_EQ(all_trials(storage(), study).size(), 2U);
  EXPECT_EQ(take(storage(), study).trial.system_attrs.at("fixed_params"), R"({"x": 1})");

  NewStudy broken = wanted;
  broken.name = "broken";
  broken.queue.push_back({"no object", {}, {}});
  EXPECT_THROW((void)storage().create_study(broken), InvalidArgument);
  EXPECT_FALSE(storage().find_study("broken"));
}

TEST_P(StorageConformance, ListsStudiesInOrderOfCreation) {
  make_study(storage(), "zebra");
  make_study(storage(), "ant");
  const auto studies = storage().studies();
  ASSERT_EQ(studies.size(), 2U);
  EXPECT_EQ(studies[0].name, "zebra");
  EXPECT_EQ(studies[1].name, "ant");
}

TEST_P(StorageConformance, FindsNoStudyThatWasNeverCreated) {
  EXPECT_FALSE(storage().find_study("nothing"));
}

TEST_P(StorageConformance, RefusesASecondStudyOfOneName) {
  make_study(storage(), "one");
  EXPECT_THROW(make_study(storage(), "one"), StudyExists);
  EXPECT_EQ(storage().studies().size(), 1U);
}

TEST_P(StorageConformance, RefusesAStudyWithoutNameOrDirection) {
  EXPECT_THROW(make_study(storage(), ""), InvalidArgument);
  EXPECT_THROW(make_study(storage(), "a", {}), InvalidArgument);
  EXPECT_THROW(make_study(storage(), "a", {Direction::kNotSet}), InvalidArgument);
  EXPECT_TRUE(storage().studies().empty());
}

TEST_P(StorageConformance, SetsAndReplacesAttributesOfAStudy) {
  const StudyId study = make_study(storage());
  storage().set_study_attributes(study, AttributeKind::kUser, {{"a", "1"}, {"b", "2"}});
  storage().set_study_attributes(study, AttributeKind::kUser, {{"b", "[3]"}});
  storage().set_study_attributes(study, AttributeKind::kSystem, {{"a", "\"other\""}});
  const auto found = storage().find_study("study");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user_attrs, (Attributes{{"a", "1"}, {"b", "[3]"}}));
  EXPECT_EQ(found->system_attrs, (Attributes{{"a", "\"other\""}}));
}

TEST_P(StorageConformance, RefusesAnAttributeThatIsNotJson) {
  const StudyId study = make_study(storage());
  EXPECT_THROW(storage().set_study_attributes(study, AttributeKind::kUser, {{"a", "{"}}), InvalidArgument);
  EXPECT_THROW(storage().set_study_attributes(study, AttributeKind::kUser, {{"a", ""}}), InvalidArgument);
  EXPECT_NO_THROW(storage().set_study_attributes(study, AttributeKind::kUser, {{"a", "[NaN, -Infinity]"}}))
      << "Python writes these words";
}

TEST_P(StorageConformance, DeletesAStudyAndLeavesTheOthers) {
  const StudyId gone = make_study(storage(), "gone");
  const StudyId kept = make_study(storage(), "kept");
  const Claim claim = take(storage(), gone).claim;
  (void)take(storage(), kept);
  storage().delete_study(gone);
  EXPECT_FALSE(storage().find_study("gone"));
  EXPECT_EQ(all_trials(storage(), kept).size(), 1U);
  EXPECT_THROW((void)storage().changes_since(gone, {}), StudyNotFound);
  EXPECT_THROW(storage().tell(claim, complete(1)), StaleClaim);
}

TEST_P(StorageConformance, StartsAStudyOfADeletedNameFromNothing) {
  const StudyId first = make_study(storage());
  storage().tell(take(storage(), first).claim, complete(1));
  storage().delete_study(first);
  const StudyId second = make_study(storage());
  EXPECT_TRUE(all_trials(storage(), second).empty());
  EXPECT_EQ(take(storage(), second).trial.number.value, 0);
}

TEST_P(StorageConformance, SaysThatAnUnknownStudyIsUnknown) {
  const StudyId unknown{12345};
  EXPECT_THROW((void)storage().reserve(unknown, owner_named("here")), StudyNotFound);
  EXPECT_THROW((void)storage().changes_since(unknown, {}), StudyNotFound);
  EXPECT_THROW((void)storage().enqueue(unknown, std::vector<NewTrial>(1)), StudyNotFound);
  EXPECT_THROW(storage().set_study_attributes(unknown, AttributeKind::kUser, {}), StudyNotFound);
  EXPECT_THROW(storage().delete_study(unknown), StudyNotFound);
  EXPECT_THROW((void)storage().requeue_dead(unknown, takeover_from("dead")), StudyNotFound);
}

// --- reserving ---

TEST_P(StorageConformance, NumbersTrialsOfEachStudyFromZeroWithoutGaps) {
  const StudyId a = make_study(storage(), "a");
  const StudyId b = make_study(storage(), "b");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(take(storage(), a).trial.number.value, i);
    EXPECT_EQ(take(storage(), b).trial.number.value, i);
  }
}

TEST_P(StorageConformance, HandsOutANewTrialAsRunning) {
  const StudyId study = make_study(storage());
  const Reservation reservation = take(storage(), study);
  EXPECT_EQ(reservation.trial.state, TrialState::kRunning);
  EXPECT_TRUE(reservation.trial.datetime_start);
  EXPECT_FALSE(reservation.trial.datetime_complete);
  EXPECT_EQ(reservation.claim.trial, reservation.trial.id);
  EXPECT_EQ(reservation.claim.epoch, 0);
  EXPECT_EQ(describe(trial_of(storage(), study, {0})), describe(reservation.trial));
}

TEST_P(StorageConformance, HandsOutEnqueuedTrialsFirstInOrder) {
  const StudyId study = make_study(storage());
  const auto numbers = storage().enqueue(
      study,
      std::vector<NewTrial>{{R"({"x": 0.5, "name": "ü"})", {{"why", "\"baseline\""}}, {{"tag", "1"}}}, {}});
  EXPECT_EQ(numbers, (std::vector<TrialNumber>{{0}, {1}}));
  EXPECT_EQ(trial_of(storage(), study, {0}).state, TrialState::kWaiting);
  EXPECT_FALSE(trial_of(storage(), study, {0}).datetime_start);

  const FrozenTrial first = take(storage(), study).trial;
  EXPECT_EQ(first.number.value, 0);
  EXPECT_EQ(first.system_attrs.at("fixed_params"), R"({"x": 0.5, "name": "ü"})");
  EXPECT_EQ(first.system_attrs.at("tag"), "1");
  EXPECT_EQ(first.user_attrs.at("why"), "\"baseline\"");
  EXPECT_EQ(take(storage(), study).trial.system_attrs.at("fixed_params"), "{}");
  EXPECT_FALSE(take(storage(), study).trial.system_attrs.contains("fixed_params"));
}

TEST_P(StorageConformance, RefusesFixedParametersThatAreNoObject) {
  const StudyId study = make_study(storage());
  EXPECT_THROW((void)storage().enqueue(study, std::vector<NewTrial>{{}, {"[1]", {}, {}}}), InvalidArgument);
  EXPECT_THROW((void)storage().enqueue(study, std::vector<NewTrial>{{"{\"x\": }", {}, {}}}), InvalidArgument);
  EXPECT_TRUE(all_trials(storage(), study).empty()) << "all of them or none";
}

TEST_P(StorageConformance, ReservesNoMoreThanAsked) {
  const StudyId study = make_study(storage());
  const Owner owner = owner_named("here");
  const Claim first = storage().reserve(study, owner, 2).claim;
  const Claim second = storage().reserve(study, owner, 2).claim;
  EXPECT_EQ(storage().reserve(study, owner, 2).status, ReserveStatus::kOthersRunning);
  storage().tell(first, {TrialState::kFail, {}, {}, {}});
  EXPECT_EQ(storage().reserve(study, owner, 2).status, ReserveStatus::kOthersRunning);
  storage().tell(second, {TrialState::kPruned, {}, {}, {}});
  EXPECT_EQ(storage().reserve(study, owner, 2).status, ReserveStatus::kAllFinished);
  EXPECT_EQ(storage().reserve(study, owner, 3).status, ReserveStatus::kReserved);
}

TEST_P(StorageConformance, LeavesEnqueuedTrialsBeyondTheLimitInTheQueue) {
  const StudyId study = make_study(storage());
  (void)storage().enqueue(study, std::vector<NewTrial>(2));
  storage().tell(storage().reserve(study, owner_named("here"), 1).claim, complete(1));
  EXPECT_EQ(storage().reserve(study, owner_named("here"), 1).status, ReserveStatus::kAllFinished);
  EXPECT_EQ(trial_of(storage(), study, {1}).state, TrialState::kWaiting);
}

TEST_P(StorageConformance, TakesOnlyWaitingTrialsOnceTheStudyHasItsSize) {
  const StudyId study = make_study(storage());
  (void)storage().enqueue(study, std::vector<NewTrial>(1));
  const Owner owner = owner_named("here");
  const Reservation taken = storage().reserve(study, owner, std::nullopt, 1);
  EXPECT_EQ(taken.status, ReserveStatus::kReserved);
  // It may still come back into the queue.
  EXPECT_EQ(storage().reserve(study, owner, std::nullopt, 1).status, ReserveStatus::kOthersRunning);
  storage().tell(taken.claim, complete(1));
  EXPECT_EQ(storage().reserve(study, owner, std::nullopt, 1).status, ReserveStatus::kAllFinished);
  EXPECT_EQ(all_trials(storage(), study).size(), 1U);
  EXPECT_EQ(storage().reserve(study, owner, std::nullopt, 2).trial.number.value, 1);
}

// --- a running trial ---

TEST_P(StorageConformance, StoresParametersInTheOrderOfSuggestion) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  const std::vector<Param> params = {
      {"zebra", 1e-5, FloatDistribution{1e-5, 1e-1, true, {}}},
      {"depth", 3, IntDistribution{1, 9, false, 2}},
      {"choice", 2, CategoricalDistribution{{ParamValue(), true, std::string("tänh"), 1.5}}}};
  storage().start(claim, std::span(params).first(1), {{"tpe:cursor", "7"}});
  storage().start(claim, std::span(params).last(2), {});
  const FrozenTrial trial = trial_of(storage(), study, claim.number);
  EXPECT_EQ(trial.params, params);
  EXPECT_EQ(trial.system_attrs.at("tpe:cursor"), "7");
}

TEST_P(StorageConformance, AcceptsTheSameParameterAgainButNoOtherValue) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  storage().start(claim, std::vector{x(0.25)}, {});
  EXPECT_NO_THROW(storage().start(claim, std::vector{x(0.25)}, {}));
  EXPECT_THROW(storage().start(claim, std::vector{x(0.5)}, {{"a", "1"}}), InvalidArgument);
  const FrozenTrial trial = trial_of(storage(), study, claim.number);
  EXPECT_EQ(trial.params, std::vector{x(0.25)});
  EXPECT_FALSE(trial.system_attrs.contains("a"));
}

TEST_P(StorageConformance, RefusesAParameterThatDoesNotFitTheStudy) {
  const StudyId study = make_study(storage());
  storage().start(take(storage(), study).claim, std::vector{x(0.25)}, {});
  const Claim claim = take(storage(), study).claim;
  const Param other_kind{"x", 1, IntDistribution{0, 1}};
  const Param other_log{"x", 0.5, FloatDistribution{0.1, 1.0, true, {}}};
  const Param other_range{"x", 7.0, FloatDistribution{0.0, 8.0, false, {}}};
  const Param fresh{"y", 0.5, FloatDistribution{}};
  EXPECT_THROW(storage().start(claim, std::vector{fresh, other_kind}, {}), InvalidArgument);
  EXPECT_THROW(storage().start(claim, std::vector{other_log}, {}), InvalidArgument);
  EXPECT_TRUE(trial_of(storage(), study, claim.number).params.empty()) << "all of them or none";
  EXPECT_NO_THROW(storage().start(claim, std::vector{other_range}, {}));
}

TEST_P(StorageConformance, ForgetsTheDistributionOfARequeuedTrialThatAloneHadIt) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  storage().start(claim, std::vector{x(0.25)}, {});
  storage().requeue(claim);
  const Claim again = take(storage(), study).claim;
  EXPECT_NO_THROW(storage().start(again, std::vector{Param{"x", 1, IntDistribution{0, 1}}}, {}));
}

TEST_P(StorageConformance, RefusesValuesThatNoReaderCouldUse) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  const CategoricalDistribution choices{{std::string("a"), std::string("b")}};
  for (const Param& param :
       {x(kNaN), x(kInfinity), Param{"c", 2, choices}, Param{"c", -1, choices}, Param{"c", 0.5, choices}}) {
    EXPECT_THROW(storage().start(claim, std::vector{param}, {}), InvalidArgument) << param.value;
  }
}

TEST_P(StorageConformance, KeepsTheFirstReportOfAStep) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  storage().report(claim, {10, 1.0}, {{"completed_rung_0", "1.0"}});
  storage().report(claim, {5, 2.0}, {});
  storage().report(claim, {10, 3.0}, {{"completed_rung_0", "3.0"}});
  const FrozenTrial trial = trial_of(storage(), study, claim.number);
  ASSERT_EQ(trial.intermediate.size(), 2U);
  EXPECT_EQ(trial.intermediate[0].step, 10);
  EXPECT_EQ(trial.intermediate[0].value, 1.0);
  EXPECT_EQ(trial.intermediate[1].step, 5);
  EXPECT_EQ(trial.system_attrs.at("completed_rung_0"), "1.0");
}

TEST_P(StorageConformance, KeepsNaNAndInfinityAmongReports) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  storage().report(claim, {0, kNaN}, {});
  storage().report(claim, {1, kInfinity}, {});
  storage().report(claim, {2, -kInfinity}, {});
  const auto reports = trial_of(storage(), study, claim.number).intermediate;
  ASSERT_EQ(reports.size(), 3U);
  EXPECT_TRUE(std::isnan(reports[0].value));
  EXPECT_EQ(reports[1].value, kInfinity);
  EXPECT_EQ(reports[2].value, -kInfinity);
  EXPECT_THROW(storage().report(claim, {-1, 0.0}, {}), InvalidArgument);
}

TEST_P(StorageConformance, SetsAttributesOfARunningTrial) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  storage().set_trial_attributes(claim, AttributeKind::kUser, {{"ключ", "1"}, {"b", "2"}});
  storage().set_trial_attributes(claim, AttributeKind::kUser, {{"b", "\"it's\""}});
  storage().set_trial_attributes(claim, AttributeKind::kSystem, {{"s", "null"}});
  const FrozenTrial trial = trial_of(storage(), study, claim.number);
  EXPECT_EQ(trial.user_attrs, (Attributes{{"b", "\"it's\""}, {"ключ", "1"}}));
  EXPECT_EQ(trial.system_attrs.at("s"), "null");
}

// --- the end of a trial ---

TEST_P(StorageConformance, FinishesATrialWithEverythingTold) {
  const StudyId study = make_study(storage(), "two", {Direction::kMinimize, Direction::kMaximize});
  const Claim claim = take(storage(), study).claim;
  const Timestamp told =
      storage().tell(claim, {TrialState::kComplete, {-kInfinity, 0.1}, {{"u", "1"}}, {{"s", "2"}}});
  const FrozenTrial trial = trial_of(storage(), study, claim.number);
  EXPECT_EQ(trial.state, TrialState::kComplete);
  EXPECT_EQ(trial.values, (std::vector{-kInfinity, 0.1}));
  EXPECT_EQ(trial.user_attrs, (Attributes{{"u", "1"}}));
  EXPECT_EQ(trial.system_attrs, (Attributes{{"s", "2"}})) << "without the mark of its owner";
  ASSERT_TRUE(trial.datetime_start && trial.datetime_complete);
  EXPECT_LE(*trial.datetime_start, *trial.datetime_complete);
  EXPECT_EQ(trial.datetime_complete, told);
}

TEST_P(StorageConformance, RefusesAnOutcomeOutsideTheContract) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  for (const Outcome& wrong :
       {Outcome{TrialState::kComplete, {}, {}, {}}, Outcome{TrialState::kComplete, {1, 2}, {}, {}},
        Outcome{TrialState::kComplete, {kNaN}, {}, {}}, Outcome{TrialState::kPruned, {kNaN}, {}, {}},
        Outcome{TrialState::kRunning, {1}, {}, {}}, Outcome{TrialState::kWaiting, {}, {}, {}},
        Outcome{TrialState::kComplete, {1}, {{"a", "no json"}}, {}}}) {
    EXPECT_THROW(storage().tell(claim, wrong), InvalidArgument);
  }
  EXPECT_EQ(trial_of(storage(), study, claim.number).state, TrialState::kRunning);
  EXPECT_NO_THROW(storage().tell(claim, complete(1)));
}

TEST_P(StorageConformance, RefusesEveryWriteToAFinishedTrial) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  storage().tell(claim, complete(1));
  const std::string before = describe(all_trials(storage(), study));
  EXPECT_THROW(storage().tell(claim, complete(2)), StaleClaim);
  EXPECT_THROW(storage().report(claim, {0, 1.0}, {}), StaleClaim);
  EXPECT_THROW(storage().start(claim, std::vector{x(0.5)}, {}), StaleClaim);
  EXPECT_THROW(storage().set_trial_attributes(claim, AttributeKind::kUser, {{"a", "1"}}), StaleClaim);
  EXPECT_THROW(storage().requeue(claim), StaleClaim);
  EXPECT_EQ(describe(all_trials(storage(), study)), before);
}

TEST_P(StorageConformance, RefusesAClaimOfAnotherOwnerOrEpoch) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study, owner_named("here", 7)).claim;
  Claim other = claim;
  other.owner.pid = 8;
  EXPECT_THROW(storage().tell(other, complete(1)), StaleClaim);
  other = claim;
  other.epoch = 1;
  EXPECT_THROW(storage().tell(other, complete(1)), StaleClaim);
  other = claim;
  other.number = {5};
  EXPECT_THROW(storage().tell(other, complete(1)), StaleClaim);
  other = claim;
  other.trial = {999};
  EXPECT_THROW(storage().tell(other, complete(1)), StaleClaim);
  EXPECT_NO_THROW(storage().tell(claim, complete(1)));
}

// --- back to the queue ---

TEST_P(StorageConformance, RequeuesATrialWithItsParametersFixed) {
  const StudyId study = make_study(storage());
  (void)storage().enqueue(study,
                          std::vector<NewTrial>{{R"({"x": 0.25, "later": 12345678901234567890})", {}, {}}});
  const Claim claim = take(storage(), study).claim;
  const CategoricalDistribution choices{{std::string("relu"), ParamValue(), true}};
  storage().start(claim, std::vector{x(0.25), Param{"n", 4, IntDistribution{1, 8}}, Param{"act", 1, choices}},
                  {{"tpe:cursor", "7"}});
  storage().report(claim, {0, 1.0}, {{"completed_rung_0", "1.0"}});
  storage().requeue(claim);

  const FrozenTrial trial = trial_of(storage(), study, claim.number);
  EXPECT_EQ(trial.state, TrialState::kWaiting);
  EXPECT_TRUE(trial.params.empty());
  EXPECT_TRUE(trial.intermediate.empty());
  EXPECT_FALSE(trial.datetime_start);
  EXPECT_EQ(trial.system_attrs.at("fixed_params"),
            R"({"x": 0.25, "later": 12345678901234567890, "n": 4, "act": null})");
  EXPECT_EQ(trial.system_attrs.at("tpe:cursor"), "7");
  EXPECT_FALSE(trial.system_attrs.contains("completed_rung_0"));
}

TEST_P(StorageConformance, HandsARequeuedTrialOutUnderANewEpoch) {
  const StudyId study = make_study(storage());
  const Claim old = take(storage(), study).claim;
  storage().requeue(old);
  EXPECT_THROW(storage().tell(old, complete(1)), StaleClaim);
  const Claim fresh = take(storage(), study).claim;
  EXPECT_EQ(fresh.trial, old.trial);
  EXPECT_EQ(fresh.epoch, old.epoch + 1);
  EXPECT_THROW(storage().report(old, {0, 1.0}, {}), StaleClaim) << "back from the dead";
  storage().requeue(fresh);
  EXPECT_EQ(take(storage(), study).claim.epoch, old.epoch + 2);
}

TEST_P(StorageConformance, KeepsReportsAndRungsUpToTheCheckpoint) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  storage().report(claim, {1, 0.5}, {{"completed_rung_0", "0.5"}});
  storage().report(claim, {2, 0.25}, {{"completed_rung_1", "0.25"}});
  storage().report(claim, {3, 0.3}, {});
  storage().report(claim, {4, 0.5}, {{"completed_rung_2", "0.5"}});
  storage().requeue(claim, 3);
  const FrozenTrial waiting = trial_of(storage(), study, claim.number);
  EXPECT_TRUE(waiting.intermediate.empty()) << "another program may take it, and begins with the first step";
  EXPECT_FALSE(waiting.system_attrs.contains("completed_rung_0"));

  const Reservation again = take(storage(), study);
  const FrozenTrial trial = trial_of(storage(), study, claim.number);
  EXPECT_EQ(describe({again.trial}), describe({trial}));
  ASSERT_EQ(trial.intermediate.size(), 3U);
  EXPECT_EQ(trial.intermediate[1].value, 0.25);
  EXPECT_EQ(trial.intermediate.back().step, 3);
  EXPECT_EQ(trial.system_attrs.at("completed_rung_0"), "0.5");
  EXPECT_EQ(trial.system_attrs.at("completed_rung_1"), "0.25");
  EXPECT_FALSE(trial.system_attrs.contains("completed_rung_2")) << "its value equals that of an older report";
  EXPECT_FALSE(trial.system_attrs.contains("tune:kept"));

  storage().report(again.claim, {4, 0.75}, {});
  EXPECT_EQ(trial_of(storage(), study, claim.number).intermediate.back().value, 0.75);
}

TEST_P(StorageConformance, KeepsReportsThatAreNoFiniteNumbersAndTheirOrder) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  storage().report(claim, {3, -std::numeric_limits<double>::infinity()}, {});
  storage().report(claim, {1, std::numeric_limits<double>::quiet_NaN()}, {});
  storage().report(claim, {2, 0.1}, {});
  storage().requeue(claim, 3);
  const FrozenTrial trial = take(storage(), study).trial;
  ASSERT_EQ(trial.intermediate.size(), 3U);
  EXPECT_EQ(trial.intermediate[0].step, 3);
  EXPECT_EQ(trial.intermediate[0].value, -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(trial.intermediate[1].value));
  EXPECT_EQ(trial.intermediate[2].value, 0.1);
}

TEST_P(StorageConformance, DropsReportsKeptForAnotherTrial) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  storage().report(claim, {1, 0.5}, {});
  storage().requeue(claim, 1);
  // Optuna tries a failed trial again in a new one that has its attributes.
  std::vector<NewTrial> retries(2);
  retries[0].system_attrs["tune:kept"] = trial_of(storage(), study, claim.number).system_attrs.at("tune:kept");
  retries[1].system_attrs["tune:kept"] = "[1]";
  (void)storage().enqueue(study, retries);
  EXPECT_EQ(take(storage(), study).trial.intermediate.size(), 1U);
  for (int i = 0; i < 2; ++i) {
    const FrozenTrial other = take(storage(), study).trial;
    EXPECT_TRUE(other.intermediate.empty());
    EXPECT_FALSE(other.system_attrs.contains("tune:kept"));
  }
}

TEST_P(StorageConformance, RequeuesOnlyTrialsOfDeadOwners) {
  const StudyId study = make_study(storage());
  const Claim dead = take(storage(), study, owner_named("dead")).claim;
  const Claim alive = take(storage(), study, owner_named("alive")).claim;
  storage().report(dead, {0, 1.0}, {});
  storage().report(dead, {1, 2.0}, {});
  Takeover takeover = takeover_from("dead");
  takeover.kept_step = [](TrialNumber) { return std::optional<std::int64_t>(0); };
  EXPECT_EQ(storage().requeue_dead(study, takeover).requeued, std::vector{dead.number});
  EXPECT_EQ(trial_of(storage(), study, dead.number).state, TrialState::kWaiting);
  EXPECT_TRUE(trial_of(storage(), study, dead.number).intermediate.empty());
  EXPECT_THROW(storage().tell(dead, complete(1)), StaleClaim);
  EXPECT_NO_THROW(storage().tell(alive, complete(1)));
  EXPECT_TRUE(storage().requeue_dead(study, takeover).requeued.empty());
  EXPECT_EQ(take(storage(), study).trial.intermediate.size(), 1U);
}

TEST_P(StorageConformance, GivesUpATrialThatHasLostTooManyOwners) {
  const StudyId study = make_study(storage());
  Takeover takeover = takeover_from("dead");
  takeover.max_deaths = 3;
  for (int deaths = 1; deaths < 3; ++deaths) {
    const Claim claim = take(storage(), study, owner_named("dead")).claim;
    storage().start(claim, std::vector{Param{"x", 0.5, FloatDistribution{}}}, {});
    EXPECT_EQ(storage().requeue_dead(study, takeover).requeued, std::vector{claim.number});
    EXPECT_EQ(trial_of(storage(), study, claim.number).system_attrs.at("tune:deaths"),
              "{\"count\": " + std::to_string(deaths) + "}");
  }
  // To be put back in order is no death.
  storage().requeue(take(storage(), study, owner_named("alive")).claim);
  const Claim last = take(storage(), study, owner_named("dead")).claim;
  storage().report(last, {4, 0.25}, {});
  const TakenOver taken = storage().requeue_dead(study, takeover);
  EXPECT_TRUE(taken.requeued.empty());
  EXPECT_EQ(taken.failed, std::vector{last.number});
  const FrozenTrial trial = trial_of(storage(), study, last.number);
  EXPECT_EQ(trial.state, TrialState::kFail);
  EXPECT_TRUE(trial.datetime_complete.has_value());
  EXPECT_EQ(trial.intermediate.size(), 1U);
  EXPECT_FALSE(trial.system_attrs.contains("tune:owner"));
  EXPECT_NE(trial.system_attrs.at("tune:reason").find("3 processes"), std::string::npos);
  EXPECT_EQ(take(storage(), study).trial.number.value, 1);
}

TEST_P(StorageConformance, NeverGivesUpATrialThatComesFurtherEachTime) {
  const StudyId study = make_study(storage());
  Takeover takeover = takeover_from("dead");
  takeover.max_deaths = 2;
  std::int64_t step = 0;
  takeover.kept_step = [&](TrialNumber) { return std::optional(step); };
  for (step = 1; step <= 5; ++step) {
    storage().report(take(storage(), study, owner_named("dead")).claim, {step, 0.5}, {});
    EXPECT_EQ(storage().requeue_dead(study, takeover).requeued.size(), 1U);
  }
  (void)take(storage(), study, owner_named("dead"));
  --step;
  EXPECT_EQ(storage().requeue_dead(study, takeover).failed.size(), 1U);
}

TEST_P(StorageConformance, ForgetsKeptReportsWhenNobodyTakesTheTrial) {
  const StudyId study = make_study(storage());
  const Claim interrupted = take(storage(), study).claim;
  storage().report(interrupted, {1, 0.25}, {{"completed_rung_0", "0.25"}});
  storage().requeue(interrupted, 1);
  const Claim outside = take(storage(), study, Owner{}).claim;
  storage().report(outside, {1, 0.75}, {});
  const FrozenTrial trial = trial_of(storage(), study, outside.number);
  ASSERT_EQ(trial.intermediate.size(), 1U);
  EXPECT_EQ(trial.intermediate[0].value, 0.75);
  EXPECT_FALSE(trial.system_attrs.contains("completed_rung_0"));
  EXPECT_FALSE(trial.system_attrs.contains("tune:kept"));
}

TEST_P(StorageConformance, DeletesAStudyOnlyUnderTheNameThatWasMeant) {
  const StudyId study = make_study(storage(), "precious");
  EXPECT_THROW(storage().delete_study(study, "another"), StudyNotFound);
  EXPECT_TRUE(storage().find_study("precious"));
  storage().delete_study(study, "precious");
  EXPECT_FALSE(storage().find_study("precious"));
}

TEST_P(StorageConformance, TellsWhenAnOwnerWasLastHeardOf) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  std::vector<Holder> seen;
  const Takeover look{[&](const Holder& holder) {
    seen.push_back(holder);
    return false;
  }};
  (void)storage().requeue_dead(study, look);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].last_seen, trial_of(storage(), study, claim.number).datetime_start);
  EXPECT_TRUE(storage().heartbeat(std::vector{claim}).empty());
  (void)storage().requeue_dead(study, look);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_GT(seen[1].last_seen, seen[0].last_seen);
  EXPECT_LE(seen[1].last_seen, now());
  storage().tell(claim, complete(1));
  EXPECT_FALSE(trial_of(storage(), study, claim.number).system_attrs.contains("tune:heartbeat"));
}

TEST_P(StorageConformance, NamesTheTrialsThatAHeartbeatComesTooLateFor) {
  const StudyId study = make_study(storage());
  const Claim kept = take(storage(), study).claim;
  const Claim requeued = take(storage(), study).claim;
  const Claim told = take(storage(), study).claim;
  storage().tell(told, complete(1));
  storage().requeue(requeued);
  const Claim again = take(storage(), study).claim;
  EXPECT_EQ(again.number, requeued.number);
  EXPECT_EQ(storage().heartbeat(std::vector{kept, requeued, told}),
            (std::vector{requeued.number, told.number}));
  EXPECT_FALSE(trial_of(storage(), study, again.number).system_attrs.contains("tune:heartbeat"));
}

TEST_P(StorageConformance, KeepsNoMarkOnATrialOfNobody) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study, Owner{}).claim;
  EXPECT_TRUE(storage().heartbeat(std::vector{claim}).empty());
  EXPECT_TRUE(trial_of(storage(), study, claim.number).system_attrs.empty());
  EXPECT_TRUE(storage().requeue_dead(study, {[](const Holder&) { return true; }}).requeued.empty());
  EXPECT_EQ(storage().reserve(study, owner_named("here"), 1).status, ReserveStatus::kReserved)
      << "nobody waits for it";
  // Whoever knows the trial may go on with it.
  const Claim from_elsewhere{claim.trial, claim.number, Owner{}, 0};
  storage().report(from_elsewhere, {1, 2.0}, {});
  storage().tell(from_elsewhere, complete(1));
  EXPECT_THROW(storage().tell(claim, complete(1)), StaleClaim);
}

TEST_P(StorageConformance, LetsNobodyWriteToATrialThatHasAnOwner) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  EXPECT_THROW(storage().tell({claim.trial, claim.number, Owner{}, claim.epoch}, complete(1)), StaleClaim);
  EXPECT_NO_THROW(storage().tell(claim, complete(1)));
}

TEST_P(StorageConformance, RefusesTheFormerOwnerOfATrialOfNobody) {
  const StudyId study = make_study(storage());
  const Claim former = take(storage(), study).claim;
  storage().requeue(former);
  const Claim outside = take(storage(), study, Owner{}).claim;
  EXPECT_EQ(outside.number, former.number);
  EXPECT_THROW(storage().tell(former, complete(1)), StaleClaim);
  storage().requeue(outside);
  const Claim next = take(storage(), study).claim;
  EXPECT_GT(next.epoch, former.epoch);
  EXPECT_THROW(storage().tell(former, complete(1)), StaleClaim);
}

// --- adding ---

FrozenTrial finished_trial() {
  FrozenTrial trial;
  trial.state = TrialState::kComplete;
  trial.values = {kInfinity};
  trial.params = {{"lr", 5e-324, FloatDistribution{0.0, 1.0, false, {}}},
                  {"n", 9007199254740992.0, IntDistribution{0, 9007199254740992, false, 1}}};
  trial.intermediate = {{3, kNaN}, {1, 2.5}};
  trial.user_attrs = {{"u", "{\"a\": 1}"}};
  trial.system_attrs = {{"constraints", "[-1.0, 0.5]"}};
  trial.datetime_start = timestamp_from_string("2020-02-29 23:59:59.000001");
  trial.datetime_complete = timestamp_from_string("2020-03-01 00:00:00.500000");
  return trial;
}

TEST_P(StorageConformance, AddsAFinishedTrialAsGiven) {
  const StudyId study = make_study(storage());
  const FrozenTrial wanted = finished_trial();
  EXPECT_EQ(storage().add_trial(study, wanted).value, 0);
  const FrozenTrial stored = trial_of(storage(), study, {0});
  EXPECT_EQ(describe(stored), describe(wanted));
  EXPECT_EQ(stored.datetime_start, wanted.datetime_start);
  EXPECT_EQ(stored.datetime_complete, wanted.datetime_complete);
  EXPECT_EQ(storage().reserve(study, owner_named("here"), 1).status, ReserveStatus::kAllFinished);
}

TEST_P(StorageConformance, CreatesAStudyTogetherWithTrialsOfElsewhere) {
  FrozenTrial waiting;
  waiting.state = TrialState::kWaiting;
  waiting.system_attrs["fixed_params"] = R"({"lr": 0.5})";
  const StudyId study = storage().create_study({.name = "copy",
                                                .directions = {Direction::kMinimize},
                                                .user_attrs = {},
                                                .system_attrs = {},
                                                .queue = {NewTrial{}},
                                                .trials = {finished_trial(), waiting}});
  const auto trials = all_trials(storage(), study);
  ASSERT_EQ(trials.size(), 3U);
  FrozenTrial wanted = finished_trial();
  EXPECT_EQ(describe(trials[0]), describe(wanted));
  EXPECT_EQ(trials[0].datetime_start, wanted.datetime_start);
  EXPECT_EQ(trials[1].state, TrialState::kWaiting);
  EXPECT_EQ(trials[2].state, TrialState::kWaiting);
  EXPECT_EQ(take(storage(), study).trial.number.value, 1);
}

TEST_P(StorageConformance, CreatesNoStudyWhenOneOfItsTrialsIsRefused) {
  FrozenTrial other = finished_trial();
  other.params[0].distribution = CategoricalDistribution{{true, false}};
  other.params[0].value = 0;
  const NewStudy study{.name = "copy",
                       .directions = {Direction::kMinimize},
                       .user_attrs = {},
                       .system_attrs = {},
                       .trials = {finished_trial(), other}};
  EXPECT_THROW((void)storage().create_study(study), InvalidArgument);
  EXPECT_FALSE(storage().find_study("copy"));
}

TEST_P(StorageConformance, SetsMissingTimesOfAnAddedTrial) {
  const StudyId study = make_study(storage());
  FrozenTrial trial;
  trial.state = TrialState::kFail;
  storage().add_trial(study, trial);
  EXPECT_TRUE(trial_of(storage(), study, {0}).datetime_start);
  EXPECT_TRUE(trial_of(storage(), study, {0}).datetime_complete);
}

TEST_P(StorageConformance, HandsOutAnAddedWaitingTrial) {
  const StudyId study = make_study(storage());
  FrozenTrial trial;
  trial.state = TrialState::kWaiting;
  trial.system_attrs = {{"fixed_params", "{\"x\": 1}"}};
  storage().add_trial(study, trial);
  EXPECT_EQ(take(storage(), study).trial.number.value, 0);
}

TEST_P(StorageConformance, RefusesToAddWhatNobodyCouldRead) {
  const StudyId study = make_study(storage());
  FrozenTrial trial = finished_trial();
  trial.state = TrialState::kRunning;
  EXPECT_THROW(storage().add_trial(study, trial), InvalidArgument);
  trial = finished_trial();
  trial.values = {kNaN};
  EXPECT_THROW(storage().add_trial(study, trial), InvalidArgument);
  trial = finished_trial();
  trial.values = {};
  EXPECT_THROW(storage().add_trial(study, trial), InvalidArgument);
  trial = finished_trial();
  trial.params.push_back(trial.params.front());
  EXPECT_THROW(storage().add_trial(study, trial), InvalidArgument);
  trial = finished_trial();
  trial.intermediate.push_back({3, 1.0});
  EXPECT_THROW(storage().add_trial(study, trial), InvalidArgument);
  EXPECT_TRUE(all_trials(storage(), study).empty());
  storage().add_trial(study, finished_trial());
  trial = finished_trial();
  trial.params[0].distribution = IntDistribution{0, 1};
  EXPECT_THROW(storage().add_trial(study, trial), InvalidArgument);
  EXPECT_EQ(all_trials(storage(), study).size(), 1U);
}

// --- deltas ---

std::vector<std::int64_t> numbers_of(const Changes& changes) {
  std::vector<std::int64_t> numbers;
  for (const FrozenTrial& trial : changes.trials) {
    numbers.push_back(trial.number.value);
  }
  return numbers;
}

TEST_P(StorageDeltas, GivesOnlyWhatChangedSinceTheCursor) {
  const StudyId study = make_study(storage());
  const Claim a = take(storage(), study).claim;
  const Claim b = take(storage(), study).claim;
  storage().tell(a, complete(1));
  Changes changes = storage().changes_since(study, {});
  EXPECT_EQ(numbers_of(changes), (std::vector<std::int64_t>{0, 1}));
  EXPECT_TRUE(storage().changes_since(study, changes.cursor).trials.empty());

  storage().report(b, {0, 1.0}, {});
  (void)storage().enqueue(study, std::vector<NewTrial>(1));
  changes = storage().changes_since(study, changes.cursor);
  EXPECT_EQ(numbers_of(changes), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(changes.trials[0].intermediate.size(), 1U);

  storage().tell(b, complete(2));
  changes = storage().changes_since(study, changes.cursor);
  EXPECT_EQ(numbers_of(changes), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(changes.trials[0].state, TrialState::kComplete);
  EXPECT_TRUE(storage().changes_since(study, changes.cursor).trials.empty());
}

TEST_P(StorageDeltas, TellsOfOtherTrialsThanThoseTheCallerKnowsBetter) {
  const StudyId study = make_study(storage());
  const Claim own = take(storage(), study).claim;
  const Claim other = take(storage(), study).claim;
  const Cursor before = storage().changes_since(study, {}).cursor;
  storage().report(own, {0, 1.0}, {});
  EXPECT_TRUE(storage().changes_since(study, before, std::vector{own.number}).trials.empty());
  storage().report(other, {0, 2.0}, {});
  const Changes changes = storage().changes_since(study, before, std::vector{own.number});
  ASSERT_EQ(changes.trials.size(), 1U);
  EXPECT_EQ(changes.trials[0].number, other.number);
  // What happens to it once it is in nobody's hands is told.
  storage().tell(own, complete(1));
  EXPECT_EQ(storage().changes_since(study, changes.cursor).trials.size(), 1U);
}

TEST_P(StorageConformance, KeepsStudiesApartInDeltas) {
  const StudyId a = make_study(storage(), "a");
  const StudyId b = make_study(storage(), "b");
  (void)take(storage(), a);
  Changes changes = storage().changes_since(b, {});
  EXPECT_TRUE(changes.trials.empty());
  (void)take(storage(), a);
  (void)take(storage(), b);
  EXPECT_EQ(numbers_of(storage().changes_since(b, changes.cursor)), (std::vector<std::int64_t>{0}));
}

TEST_P(StorageConformance, ShowsNothingOfACallThatFailed) {
  const StudyId study = make_study(storage());
  const Claim claim = take(storage(), study).claim;
  storage().start(claim, std::vector{x(0.5)}, {});
  Changes changes = storage().changes_since(study, {});
  const std::string before = describe(all_trials(storage(), study));
  EXPECT_THROW(storage().start(claim, std::vector{Param{"y", 0.5, FloatDistribution{}}, x(0.75)}, {}),
               InvalidArgument);
  EXPECT_EQ(describe(all_trials(storage(), study)), before);
  storage().tell(claim, complete(1));
  changes = storage().changes_since(study, changes.cursor);
  ASSERT_EQ(changes.trials.size(), 1U);
  EXPECT_EQ(changes.trials[0].params.size(), 1U);
}

}  // namespace
}  // namespace tune::testing
