#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/sqlite_file.hpp"

namespace tune::testing {
namespace {

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
  const Claim claim = take(*storage, study, {"ho\"st", "b", 7, 99, 5}).claim;
  const std::string owner = "SELECT value_json FROM trial_system_attributes WHERE \"key\" = 'tune:owner'";
  EXPECT_EQ(
      rows_of(path_, owner),
      std::vector<std::string>{
          R"({"host": "ho\"st", "boot_id": "b", "pid": 7, "start_time": 99, "pid_namespace": 5, "epoch": 0})"});
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

TEST_F(SqliteFile, RefusesAFileOfAnyFewBytes) {
  for (const std::size_t size : {1, 2, 99, 511}) {
    std::ofstream(path_) << std::string(size, '\n');
    expect_refused_untouched("not a SQLite file");
  }
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

TEST_F(SqliteFile, RefusesTheDatabaseOfAnotherProgramThatKeepsALog) {
  change(path_, "PRAGMA journal_mode=WAL; CREATE TABLE moz_places (id INTEGER PRIMARY KEY)");
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

// SQLite would delete the file that such a journal names.
TEST_F(SqliteFile, RefusesAJournalThatNamesAnotherFile) {
  make_study(*open());
  const fs::path journal = path_.string() + "-journal";
  std::ofstream(journal, std::ios::binary) << "pages"
                                           << "/some/other/file"
                                           << "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";
  const std::string before = bytes_of(path_) + bytes_of(journal);
  EXPECT_THROW((void)open(), StorageError);
  EXPECT_THROW(SqliteReader{path_}, StorageError);
  EXPECT_EQ(bytes_of(path_) + bytes_of(journal), before);
  // SQLite looks beside the file, not beside the link.
  const fs::path link = folder_ / "link.db";
  fs::create_symlink(path_, link);
  EXPECT_THROW((void)open_sqlite_storage(link), StorageError);
  EXPECT_THROW(SqliteReader{link}, StorageError);
  fs::remove(journal);
  EXPECT_EQ(open()->studies().size(), 1U);
}

TEST_F(SqliteFile, NamesThePathThatCannotBeLookedAt) {
  const fs::path loop = folder_ / "loop";
  fs::create_symlink(loop, loop);
  for (const bool reading : {false, true}) {
    try {
      reading ? (void)SqliteReader(loop / "study.db") : (void)open_sqlite_storage(loop / "study.db");
      FAIL() << "was opened";
    } catch (const StorageError& error) {
      EXPECT_NE(std::string(error.what()).find("study.db"), std::string::npos) << error.what();
    }
  }
}

TEST_F(SqliteFile, RefusesAFolderAndAMissingFolder) {
  EXPECT_THROW((void)open_sqlite_storage(folder_.path()), StorageError);
  EXPECT_THROW((void)open_sqlite_storage(folder_ / "no/where.db"), StorageError);
  EXPECT_FALSE(fs::exists(folder_ / "no"));
  EXPECT_THROW(SqliteReader(folder_.path()), StorageError);
  EXPECT_THROW(SqliteReader(folder_ / "missing.db"), StorageError);
  EXPECT_FALSE(fs::exists(folder_ / "missing.db"));
}

}  // namespace
}  // namespace tune::testing
