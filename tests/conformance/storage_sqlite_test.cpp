#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_reader.hpp"

namespace tune::testing {
namespace {

namespace fs = std::filesystem;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Rows of a query, columns joined with '|'.
std::vector<std::string> rows_of(const fs::path& path, const std::string& sql) {
  SQLite::Database database(path, SQLite::OPEN_READONLY);
  SQLite::Statement statement(database, sql);
  std::vector<std::string> rows;
  while (statement.executeStep()) {
    std::string row;
    for (int i = 0; i < statement.getColumnCount(); ++i) {
      row += (i == 0 ? "" : "|") + (statement.isColumnNull(i) ? "NULL" : statement.getColumn(i).getString());
    }
    rows.push_back(row);
  }
  return rows;
}

void change(const fs::path& path, const std::string& sql) {
  SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(sql);
}

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

class SqliteFile : public ::testing::Test {
 protected:
  std::shared_ptr<Storage> open() { return open_sqlite_storage(path_); }
  void tell(Storage& storage, StudyId study, double value, const Attributes& system_attrs = {}) {
    storage.tell(take(storage, study).claim, {TrialState::kComplete, {value}, {}, system_attrs});
  }
  void expect_refused_untouched(const std::string& reason) {
    const std::string before = bytes_of(path_);
    for (const bool reading : {false, true}) {
      try {
        if (reading) {
          SqliteReader reader(path_);
        } else {
          (void)open();
        }
        FAIL() << "was opened";
      } catch (const StorageError& error) {
        EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find(path_.string()), std::string::npos) << error.what();
      }
    }
    EXPECT_EQ(bytes_of(path_), before);
    EXPECT_FALSE(fs::exists(path_.string() + "-wal"));
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "study ä %3F?.db";
};

// --- the layout ---

TEST_F(SqliteFile, HasTheTablesThatOptunaMakes) {
  open().reset();
  const auto made = rows_of(path_,
                            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type <> 'view' "
                            "ORDER BY name");
  EXPECT_EQ(made, rows_of(fs::path(TUNE_TEST_DATA_DIR) / "db" / "single.db",
                          "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type <> 'view' "
                          "ORDER BY name"));
  EXPECT_EQ(rows_of(path_, "SELECT * FROM version_info"), std::vector<std::string>{"1|12|5.0.0"});
  EXPECT_EQ(rows_of(path_, "SELECT * FROM alembic_version"), std::vector<std::string>{"v3.2.0.a"});
}

TEST_F(SqliteFile, EncodesARowAsOptunaDoes) {
  {
    const auto storage = open();
    const StudyId study = make_study(*storage, "s", {Direction::kMaximize});
    const Claim claim = take(*storage, study).claim;
    storage->start(claim,
                   std::vector{Param{"c", 1, CategoricalDistribution{{std::string("ü"), true}}},
                               Param{"n", 3, IntDistribution{1, 8}}},
                   {});
    storage->report(claim, {0, -kInfinity}, {});
    storage->report(claim, {1, std::numeric_limits<double>::quiet_NaN()}, {});
    storage->report(claim, {2, 0.5}, {});
    storage->tell(claim, {TrialState::kComplete, {kInfinity}, {}, {}});
  }
  EXPECT_EQ(rows_of(path_, "SELECT direction, objective FROM study_directions"),
            std::vector<std::string>{"MAXIMIZE|0"});
  EXPECT_EQ(rows_of(path_, "SELECT value, value_type FROM trial_values"),
            std::vector<std::string>{"NULL|INF_POS"});
  EXPECT_EQ(rows_of(path_,
                    "SELECT step, intermediate_value, intermediate_value_type "
                    "FROM trial_intermediate_values"),
            (std::vector<std::string>{"0|NULL|INF_NEG", "1|NULL|NAN", "2|0.5|FINITE"}));
  EXPECT_EQ(
      rows_of(path_,
              "SELECT param_name, param_value, typeof(param_value), distribution_json "
              "FROM trial_params"),
      (std::vector<std::string>{
          R"(c|1.0|real|{"name": "CategoricalDistribution", "attributes": {"choices": ["\u00fc", true]}})",
          R"(n|3.0|real|{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 8}})"}));
  const std::string time = "____-__-__ __:__:__.______";
  EXPECT_EQ(rows_of(path_, "SELECT state FROM trials WHERE datetime_start LIKE '" + time +
                               "' AND datetime_complete LIKE '" + time + "'"),
            std::vector<std::string>{"COMPLETE"});
}

TEST_F(SqliteFile, MarksTheOwnerOnlyWhileATrialRuns) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  const Claim claim = take(*storage, study, {"ho\"st", "b", 7, 99}).claim;
  const std::string owner = "SELECT value_json FROM trial_system_attributes WHERE \"key\" = 'tune:owner'";
  EXPECT_EQ(rows_of(path_, owner),
            std::vector<std::string>{
                R"({"host": "ho\"st", "boot_id": "b", "pid": 7, "start_time": 99, "epoch": 0})"});
  storage->requeue(claim);
  EXPECT_EQ(rows_of(path_, owner), std::vector<std::string>{R"({"epoch": 0})"});
  storage->tell(take(*storage, study).claim, {TrialState::kFail, {}, {}, {}});
  EXPECT_TRUE(rows_of(path_, owner).empty());
}

TEST_F(SqliteFile, LeavesNothingBehindWhenADeletedStudyGoes) {
  {
    const auto storage = open();
    const StudyId study = storage->create_study({"s", {Direction::kMinimize}, {{"a", "1"}}, {{"b", "2"}}, {}});
    const Claim claim = take(*storage, study).claim;
    storage->start(claim, std::vector{Param{"x", 0.5, FloatDistribution{}}}, {{"c", "3"}});
    storage->report(claim, {0, 1.0}, {});
    storage->tell(claim, {TrialState::kComplete, {1.0}, {{"u", "1"}}, {}});
    storage->delete_study(study);
  }
  for (const std::string& table :
       rows_of(path_, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%version%'")) {
    EXPECT_TRUE(rows_of(path_, "SELECT 1 FROM " + table).empty()) << table;
  }
}

// --- opening and closing ---

TEST_F(SqliteFile, FoldsTheLogInWhenTheLastOneLeaves) {
  auto first = open();
  auto second = open();
  make_study(*first);
  EXPECT_TRUE(fs::exists(path_.string() + "-wal"));
  first.reset();
  EXPECT_TRUE(second->find_study("study"));
  second.reset();
  EXPECT_FALSE(fs::exists(path_.string() + "-wal"));
  const std::string header = bytes_of(path_);
  EXPECT_EQ(header.substr(18, 2), std::string("\1\1")) << "versions of a file without WAL";
  EXPECT_EQ(rows_of(path_, "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
}

TEST_F(SqliteFile, FillsAnEmptyFile) {
  std::ofstream(path_).close();
  make_study(*open());
  EXPECT_TRUE(open()->find_study("study"));
}

TEST_F(SqliteFile, FinishesACreationThatWasCutShort) {
  change(path_, "PRAGMA journal_mode=WAL; VACUUM");
  make_study(*open());
  EXPECT_TRUE(open()->find_study("study"));
}

TEST_F(SqliteFile, ReplacesViewsOfAnotherVersionAndKeepsForeignTables) {
  open().reset();
  change(path_,
         "DROP VIEW best_trial; CREATE VIEW best_trial AS SELECT 1 AS old;"
         "DROP VIEW trial_table; CREATE TABLE trial_table (mine);");
  open().reset();
  EXPECT_TRUE(rows_of(path_, "SELECT trial_id FROM best_trial").empty());
  EXPECT_EQ(rows_of(path_, "SELECT type FROM sqlite_master WHERE name = 'trial_table'"),
            std::vector<std::string>{"table"});
}

TEST_F(SqliteFile, RefusesAFileThatIsNotSqlite) {
  std::ofstream(path_) << "lr,accuracy\n0.1,0.9\n" << std::string(200, 'x');
  expect_refused_untouched("not a SQLite file");
}

TEST_F(SqliteFile, RefusesAShortFileThatIsNotSqlite) {
  std::ofstream(path_) << "SQLite format 3";
  expect_refused_untouched("not a SQLite file");
}

TEST_F(SqliteFile, RefusesAFileWhoseEndIsMissing) {
  make_study(*open());
  fs::resize_file(path_, fs::file_size(path_) - 4096);
  expect_refused_untouched("its end is missing");
}

TEST_F(SqliteFile, RefusesTheDatabaseOfAnotherProgram) {
  change(path_,
         "CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url TEXT); "
         "INSERT INTO moz_places VALUES (1, 'https://example.org')");
  expect_refused_untouched("no table");
}

TEST_F(SqliteFile, RefusesAnotherSchemaVersion) {
  open().reset();
  change(path_, "UPDATE version_info SET schema_version = 11");
  expect_refused_untouched("schema version 12");
}

TEST_F(SqliteFile, RefusesAnotherRevision) {
  open().reset();
  change(path_, "UPDATE alembic_version SET version_num = 'v9.0.0'");
  expect_refused_untouched("v9.0.0");
}

TEST_F(SqliteFile, RefusesAFileWithoutOneOfTheTables) {
  open().reset();
  change(path_, "DROP TABLE trial_heartbeats");
  expect_refused_untouched("trial_heartbeats");
}

TEST_F(SqliteFile, OpensAFileWithoutTheRevisionTable) {
  make_study(*open());
  change(path_, "DROP TABLE alembic_version");
  EXPECT_TRUE(open()->find_study("study"));
}

TEST_F(SqliteFile, RefusesAFolderAndAMissingFolder) {
  EXPECT_THROW((void)open_sqlite_storage(folder_.path()), StorageError);
  EXPECT_THROW((void)open_sqlite_storage(folder_ / "no/where.db"), StorageError);
  EXPECT_FALSE(fs::exists(folder_ / "no"));
  EXPECT_THROW(SqliteReader(folder_.path()), StorageError);
  EXPECT_THROW(SqliteReader(folder_ / "missing.db"), StorageError);
  EXPECT_FALSE(fs::exists(folder_ / "missing.db"));
}

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

TEST_F(SqliteFile, DoesNotWaitForRunningTrialsThatNobodyOwns) {
  const auto storage = open();
  const StudyId study = make_study(*storage);
  change(path_, "INSERT INTO trials VALUES (1, 0, 1, 'RUNNING', '2026-01-01 00:00:00.000000', NULL)");
  const Reservation ours = storage->reserve(study, owner_named("here"), 1);
  ASSERT_EQ(ours.status, ReserveStatus::kReserved);
  EXPECT_EQ(ours.trial.number.value, 1);
  EXPECT_EQ(storage->reserve(study, owner_named("here"), 1).status, ReserveStatus::kOthersRunning);
  EXPECT_TRUE(storage->requeue_dead(study, [](const Owner& owner) { return owner.host != "here"; }).empty());
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

// --- the best trial ---

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
