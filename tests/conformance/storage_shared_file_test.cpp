#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/sqlite_file.hpp"
#include "tune/samplers/random.hpp"
#include "tune/storages/cursors.hpp"
#include "tune/study.hpp"

namespace tune::testing {
namespace {

/// No file of this process can grow beyond the size: what a full disk looks like to SQLite.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uintmax_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { lift(); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  void lift() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

// --- others at the file ---

TEST_F(SqliteFile, ShowsWhatAnotherConnectionWrote) {
  const auto ours = open();
  const auto theirs = open();
  const StudyId study = make_study(*ours);
  Changes changes = ours->changes_since(study, {});
  const Claim claim = take(*theirs, study).claim;
  changes = ours->changes_since(study, changes.cursor);
  ASSERT_EQ(changes.trials.size(), 1U);
  theirs->report(claim, {0, 1.0}, {});
  changes = ours->changes_since(study, changes.cursor);
  ASSERT_EQ(changes.trials.size(), 1U);
  EXPECT_EQ(changes.trials[0].intermediate.size(), 1U);
  theirs->tell(claim, {TrialState::kComplete, {1}, {}, {}});
  (void)take(*theirs, study);
  changes = ours->changes_since(study, changes.cursor);
  ASSERT_EQ(changes.trials.size(), 2U);
  EXPECT_EQ(changes.trials[0].state, TrialState::kComplete);
  EXPECT_EQ(ours->changes_since(study, changes.cursor).trials.size(), 0U);
  EXPECT_EQ(take(*ours, study).trial.number.value, 2);
}

// A whole study is read table after table, single trials through indices.
TEST_F(SqliteFile, ReadsAWholeStudyAsItReadsSingleTrials) {
  constexpr int kTrials = 1500;
  NewStudy study{.name = "large",
                 .directions = {Direction::kMinimize, Direction::kMaximize},
                 .user_attrs = {},
                 .system_attrs = {}};
  for (int i = 0; i < kTrials; ++i) {
    FrozenTrial trial;
    trial.state = TrialState::kComplete;
    trial.values = {i * 0.5, -i * 1.0};
    trial.params = {{"z", i * 1.0, IntDistribution{0, kTrials + i % 5 / 4}}, {"a", 0.25, FloatDistribution{}}};
    if (i % 7 == 0) std::swap(trial.params[0], trial.params[1]);
    trial.user_attrs = {{"u", std::to_string(i)}};
    trial.system_attrs = {{"s", std::to_string(-i)}, {"constraints", "[-1.0]"}};
    study.trials.push_back(trial);
  }
  const auto storage = open();
  const StudyId other = make_study(*storage, "other");
  tell(*storage, other, 1.0);
  const StudyId id = storage->create_study(study);
  tell(*storage, other, 2.0);
  // Another program may have written the second value of a trial before the first.
  change(path_,
         "UPDATE trial_values SET trial_value_id = -trial_value_id WHERE objective = 1 AND trial_id % 3 = 0");

  const auto whole = open()->changes_since(id, {}).trials;
  ASSERT_EQ(whole.size(), static_cast<std::size_t>(kTrials));
  SqliteReader reader(path_);
  for (const FrozenTrial& trial : whole) {
    const auto single = reader.trials(id, {.number = trial.number});
    ASSERT_EQ(describe(single), describe(std::vector{trial}));
    ASSERT_EQ(trial.values, study.trials[static_cast<std::size_t>(trial.number.value)].values);
  }
  EXPECT_EQ(open()->changes_since(other, {}).trials.size(), 2U);
}

TEST_F(SqliteFile, SeesThatAnotherConnectionMadeTheStudyAnew) {
  const auto ours = open();
  const auto theirs = open();
  const StudyId study = make_study(*ours);
  for (int i = 0; i < 3; ++i) {
    tell(*ours, study, i);
  }
  theirs->delete_study(study);
  EXPECT_THROW((void)ours->reserve(study, owner_named("here")), StudyNotFound);
  const StudyId again = make_study(*theirs);
  EXPECT_EQ(take(*ours, again).trial.number.value, 0);
}

// Ids are given again: the new study has all those of the old one.
TEST_F(SqliteFile, TellsAStudyFromTheOneThatHadItsIdsBefore) {
  const auto ours = open();
  const auto theirs = open();
  const StudyId study = make_study(*ours);
  for (int i = 0; i < 3; ++i) {
    tell(*ours, study, i);
  }
  const Cursor cursor = ours->changes_since(study, {}).cursor;
  theirs->delete_study(study);
  ASSERT_EQ(make_study(*theirs), study);
  for (int i = 0; i < 3; ++i) {
    tell(*theirs, study, 10.0 + i);
  }
  EXPECT_THROW((void)ours->reserve(study, owner_named("here")), StudyNotFound);
  EXPECT_THROW((void)ours->changes_since(study, cursor), StudyNotFound);
  EXPECT_THROW((void)ours->changes_since(study, storages::read_again(cursor)), StudyNotFound);

  const Changes anew = ours->changes_since(study, {});
  ASSERT_EQ(anew.trials.size(), 3U) << "nothing was reserved";
  EXPECT_EQ(anew.trials[2].values, std::vector{12.0});
  EXPECT_TRUE(ours->changes_since(study, anew.cursor).trials.empty());
  EXPECT_EQ(ours->changes_since(study, storages::read_again(anew.cursor)).trials.size(), 3U);
  EXPECT_EQ(take(*ours, study).trial.number.value, 3);
}

TEST_F(SqliteFile, AStudyThatWasMadeAnewIsNotMixedWithWhatIsKnownOfTheOldOne) {
  const auto storage = open();
  StudyOptions options;
  options.storage = storage;
  options.sampler = std::make_shared<RandomSampler>();
  Study old = create_study(options);
  for (const double value : {0.25, 0.5}) {
    (void)old.tell(old.ask(), value);
  }
  Trial held = old.ask();
  {
    const auto theirs = open();
    theirs->delete_study(old.id());
    const StudyId study = make_study(*theirs, "study");
    ASSERT_EQ(study, old.id());
    for (const double value : {1.0, 2.0, 3.0, 4.0}) {
      tell(*theirs, study, value);
    }
  }
  EXPECT_THROW((void)old.tell(std::move(held), 0.75), StaleClaim);
  EXPECT_THROW(old.refresh(), StudyNotFound);
  EXPECT_THROW((void)old.ask(), StudyNotFound);
  EXPECT_THROW((void)old.ask(), StudyNotFound);
  EXPECT_EQ(old.count(TrialState::kComplete), 2U);
  const Study anew = load_study(std::move(options));
  EXPECT_EQ(anew.best_value(), 1.0);
  EXPECT_EQ(anew.trials().size(), 4U) << "the old one has left nothing in it";
}

TEST_F(SqliteFile, AStudyThatWasMadeAnewIsOpenedAtOnceThroughAStorageThatKnewTheOldOne) {
  const auto storage = open();
  StudyOptions options;
  options.storage = storage;
  Study old = create_study(options);
  (void)old.tell(old.ask(), 0.25);
  old.refresh();
  storage->delete_study(old.id());
  {
    const auto theirs = open();
    const StudyId study = make_study(*theirs, "study");
    ASSERT_EQ(study, old.id());
    tell(*theirs, study, 2.0);
    tell(*theirs, study, 1.0);
  }
  EXPECT_EQ(load_study(std::move(options)).best_value(), 1.0);
}

TEST_F(SqliteFile, DoesNotWaitForRunningTrialsThatNobodyOwns) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  change(path_, "INSERT INTO trials VALUES (1, 0, 1, 'RUNNING', '2026-01-01 00:00:00.000000', NULL)");
  const Reservation ours = storage->reserve(study, owner_named("here"), 1);
  ASSERT_EQ(ours.status, ReserveStatus::kReserved);
  EXPECT_EQ(ours.trial.number.value, 1);
  EXPECT_EQ(storage->reserve(study, owner_named("here"), 1).status, ReserveStatus::kOthersRunning);
  EXPECT_TRUE(
      storage->requeue_dead(study, {[](const Holder& holder) { return holder.claim.owner.host != "here"; }})
          .requeued.empty());
}

TEST_F(SqliteFile, SaysBusyAfterTheTimeOutAndWorksWhenTheOtherIsGone) {
  SqliteOptions options;
  options.busy_timeout = std::chrono::milliseconds(20);
  const auto storage = open_sqlite_storage(path_, options);
  SQLite::Database other(path_, SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  try {
    make_study(*storage);
    FAIL() << "was written";
  } catch (const StorageBusy& error) {
    EXPECT_TRUE(error.can_retry());
    EXPECT_EQ(std::string(error.what()).find("database is locked"), std::string::npos);
  }
  EXPECT_TRUE(storage->studies().empty()) << "reading goes on";
  other.exec("ROLLBACK");
  EXPECT_NO_THROW(make_study(*storage));
}

TEST_F(SqliteFile, RollsBackWhatTheDiskHasNoRoomFor) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  const Claim claim = take(*storage, study).claim;
  FileSizeLimit limit(fs::file_size(path_.string() + "-wal") + 8192);
  const Attributes big = {{"big", "\"" + std::string(1 << 20, 'x') + "\""}};
  EXPECT_THROW(storage->set_trial_attributes(claim, AttributeKind::kUser, big), StorageError);
  limit.lift();
  EXPECT_TRUE(trial_of(*storage, study, claim.number).user_attrs.empty());
  EXPECT_NO_THROW(storage->set_trial_attributes(claim, AttributeKind::kUser, big));
  EXPECT_EQ(rows_of(path_, "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
}

TEST_F(SqliteFile, DoesNotWaitForARunningTrialThatLostItsOwner) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  storage->requeue(take(*storage, study).claim);
  change(path_, "UPDATE trials SET state = 'RUNNING'");  // A Python worker leaves our mark as it is.
  EXPECT_EQ(storage->reserve(study, owner_named("here"), 1).status, ReserveStatus::kReserved);
  const auto fresh = open();
  const Reservation last = fresh->reserve(study, owner_named("here"), 2);
  ASSERT_EQ(last.status, ReserveStatus::kReserved);
  EXPECT_EQ(last.trial.number.value, 2);
  EXPECT_EQ(fresh->reserve(study, owner_named("here"), 2).status, ReserveStatus::kOthersRunning);
}

TEST_F(SqliteFile, LoadsConstraintsInThePythonSpelling) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  tell(*storage, study, 0.0, {{"constraints", "[Infinity]"}});
  tell(*storage, study, 1.0, {{"constraints", "[NaN, -Infinity]"}});
  const auto trials = all_trials(*open(), study);
  ASSERT_EQ(trials.size(), 2U);
  EXPECT_EQ(trials[0].violation(), kInfinity);
  EXPECT_EQ(trials[1].violation(), 0.0);
  EXPECT_TRUE(std::isnan(trials[1].constraints().at(0)));
}

/// The storage as somebody opens it afresh, and what it says about the one damaged trial.
class DamagedTrial : public SqliteFile {
 protected:
  void expect_named(const std::string& damage, const std::string& place) {
    {
      const auto storage = open();
      const StudyId study = make_study(*storage);
      for (int i = 0; i < 3; ++i) {
        tell(*storage, study, i, {{"constraints", "[0.0]"}});
      }
    }
    change(path_, damage);
    try {
      (void)all_trials(*open(), StudyId{1});
      FAIL() << "was read";
    } catch (const FormatError& error) {
      EXPECT_NE(std::string(error.what()).find(path_.string()), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find(place), std::string::npos) << error.what();
    }
  }
};

TEST_F(DamagedTrial, IsNamedWithItsFileWhenConstraintsAreNoJson) {
  expect_named("UPDATE trial_system_attributes SET value_json = '[1.0' WHERE trial_id = 2", "trial 1");
}

TEST_F(DamagedTrial, IsNamedWithItsFileWhenATimeIsNone) {
  expect_named("UPDATE trials SET datetime_start = 'yesterday' WHERE trial_id = 3", "trial 2");
}

TEST_F(DamagedTrial, IsNamedWithItsFileWhenNumbersHaveAGap) {
  expect_named("UPDATE trials SET number = 7 WHERE trial_id = 3", "7 stands where");
}

TEST_F(DamagedTrial, DoesNotKeepTheStudyFromLoadingWhenAConstraintIsNoNumber) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  tell(*storage, study, 0.0, {{"constraints", "[\"much\", {\"a\": 1}]"}});
  EXPECT_EQ(all_trials(*open(), study).size(), 1U);
  EXPECT_FALSE(SqliteReader(path_).best_trial(study)) << "nobody can say that it is met";
}

// --- reading only ---

TEST_F(SqliteFile, AnswersWhileAStudyRunsInIt) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  SqliteReader reader(path_);
  tell(*storage, study, 1.0);
  EXPECT_TRUE(reader.best_trial(study));
  tell(*storage, study, 0.5);
  EXPECT_EQ(reader.best_trial(study)->number.value, 1);
  EXPECT_EQ(reader.studies()[0].n_complete, 2);
}

TEST_F(SqliteFile, FiltersTrials) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  tell(*storage, study, 1.0);
  storage->tell(take(*storage, study).claim, {TrialState::kFail, {}, {}, {}});
  tell(*storage, study, 2.0);
  SqliteReader reader(path_);
  TrialFilter filter;
  filter.state = TrialState::kComplete;
  EXPECT_EQ(reader.trials(study, filter).size(), 2U);
  filter.last = 1;
  ASSERT_EQ(reader.trials(study, filter).size(), 1U);
  EXPECT_EQ(reader.trials(study, filter)[0].number.value, 2);
  TrialFilter one;
  one.number = TrialNumber{1};
  ASSERT_EQ(reader.trials(study, one).size(), 1U);
  EXPECT_EQ(reader.trials(study, one)[0].state, TrialState::kFail);
}

TEST_F(SqliteFile, ReadsAReadOnlyFile) {
  {
    const auto storage = open();
    tell(*storage, make_study(*storage), 1.0);
  }
  fs::permissions(path_, fs::perms::owner_read);
  const std::string before = bytes_of(path_);
  EXPECT_EQ(SqliteReader(path_).studies()[0].n_complete, 1);
  EXPECT_EQ(bytes_of(path_), before);
}

}  // namespace
}  // namespace tune::testing
