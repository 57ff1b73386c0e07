#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "support/scripted_study.hpp"
#include "support/sqlite_file.hpp"
#include "support/storages.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_reader.hpp"

/// Files that other programs wrote into: what Optuna could not read is never written here, and is named where
/// it is met; what Optuna does not mind nobody minds; and nothing that a file would do is done.
namespace tune::testing {
namespace {

/// A study with one finished trial, and what stands in the file after somebody changed it.
class ForeignFile : public SqliteFile {
 protected:
  void SetUp() override {
    const auto storage = open();
    study_ = storage->create_study({"study", {Direction::kMinimize}, {{"u", "1"}}, {{"s", "2"}}});
    const Claim claim = take(*storage, study_).claim;
    storage->start(claim,
                   std::vector{Param{"x", 0.5, FloatDistribution{}}, Param{"n", 3, IntDistribution{1, 8}},
                               Param{"c", 1, CategoricalDistribution{{std::string("a"), std::string("b")}}}},
                   {});
    storage->report(claim, {0, 1.0}, {});
    storage->tell(claim, {TrialState::kComplete, {0.25}, {{"note", "\"n\""}}, {}});
  }

  StudyId study_;
};

struct Trap {
  std::string name;
  std::string sql;
  std::string reason;  ///< Part of the message.
};

void PrintTo(const Trap& trap, std::ostream* out) {
  *out << trap.name;
}

/// Each one makes real Optuna 5.0.0 throw when it loads the trial.
std::vector<Trap> traps() {
  const auto distribution = [](const std::string& name, const std::string& json) {
    return "UPDATE trial_params SET distribution_json = '" + json + "' WHERE param_name = '" + name + "'";
  };
  return {
      {"ValueMissing", "UPDATE trial_values SET value = NULL", "FINITE"},
      {"ValueBesideInfinity", "UPDATE trial_values SET value_type = 'INF_POS'", "INF_POS"},
      {"ValueNaN", "UPDATE trial_values SET value = NULL, value_type = 'NAN'", "NAN"},
      {"ValueTypeInLowerCase", "UPDATE trial_values SET value_type = 'finite'", "finite"},
      {"ReportMissing", "UPDATE trial_intermediate_values SET intermediate_value = NULL", "FINITE"},
      {"ReportBesideNaN", "UPDATE trial_intermediate_values SET intermediate_value_type = 'NAN'", "NAN"},
      {"TimeWithT", "UPDATE trials SET datetime_start = '2026-01-01T00:00:00.000000'", "T00:00"},
      {"TimeThatIsANumber", "UPDATE trials SET datetime_complete = 17", "17"},
      {"StateInLowerCase", "UPDATE trials SET state = 'complete'", "complete"},
      {"StateThatIsANumber", "UPDATE trials SET state = 1", "1"},
      {"NumberMissing", "UPDATE trials SET number = NULL", "has no number"},
      {"IntWithoutStep",
       distribution(
           "n",
           R"({"name": "IntDistribution", "attributes": {"log": false, "step": null, "low": 1, "high": 8}})"),
       "step"},
      {"DistributionWithMore",
       distribution(
           "x",
           R"({"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false, "mine": 1}})"),
       "mine"},
      {"ChoicesWithMore",
       distribution("c",
                    R"({"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"], "mine": 1}})"),
       "mine"},
      {"DistributionUnknown", distribution("x", R"({"name": "NormalDistribution", "attributes": {}})"),
       "NormalDistribution"},
      {"ChoiceBeyondTheLast", "UPDATE trial_params SET param_value = 2 WHERE param_name = 'c'",
       "choice 2 of 2"},
      {"ChoiceBelowTheFirst", "UPDATE trial_params SET param_value = -1 WHERE param_name = 'c'",
       "choice -1 of 2"},
      {"AttributeThatIsNotJson", "UPDATE trial_user_attributes SET value_json = 'n'", "note"},
      {"SystemAttributeThatIsNotJson",
       "INSERT INTO trial_system_attributes (trial_id, \"key\", value_json) VALUES (1, 'mine', '{')", "mine"},
      {"CompleteWithoutAValue", "DELETE FROM trial_values", "without a value"},
  };
}

class OptunaTrap : public ForeignFile, public ::testing::WithParamInterface<Trap> {
 protected:
  void expect_named(const std::string& text) {
    EXPECT_NE(text.find(path_.string()), std::string::npos) << text;
    EXPECT_NE(text.find(GetParam().reason), std::string::npos) << text;
    const bool names_trial =
        text.find("trial 0") != std::string::npos || text.find("the trial with id 1") != std::string::npos;
    EXPECT_TRUE(names_trial) << text;
  }
};

INSTANTIATE_TEST_SUITE_P(Every, OptunaTrap, ::testing::ValuesIn(traps()),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(OptunaTrap, IsNamedWithItsFileAndTrial) {
  change(path_, GetParam().sql);
  try {
    (void)all_trials(*open(), study_);
    FAIL() << "was read by the storage";
  } catch (const Error& error) {
    expect_named(error.what());
  }
  try {
    TrialFilter filter;
    filter.with_intermediate = true;
    (void)SqliteReader(path_).trials(study_, filter);
    FAIL() << "was read by the reader";
  } catch (const Error& error) {
    expect_named(error.what());
  }
}

TEST_F(ForeignFile, NamesTheFileWhenAStudyCannotBeRead) {
  for (const char* sql :
       {"UPDATE study_directions SET direction = 'minimize'", "DELETE FROM study_directions",
        "INSERT INTO study_directions (direction, study_id, objective) SELECT 'MINIMIZE', study_id, 0"
        " FROM studies; UPDATE study_user_attributes SET value_json = '{'"}) {
    change(path_, sql);
    try {
      (void)SqliteReader(path_).study_records();
      FAIL() << "was read";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(path_.string()), std::string::npos) << error.what();
    }
    EXPECT_THROW((void)open()->studies(), Error);
  }
}

TEST_F(ForeignFile, WhoseTrialIsNotAmongThoseOfItsStudyIsDamaged) {
  const auto storage = open();
  (void)storage->changes_since(study_, {});
  Claim claim = take(*open(), study_).claim;
  // Trials come with rising ids: one below those that are known is never looked for.
  change(path_, fmt::format("UPDATE trial_system_attributes SET trial_id = -5 WHERE trial_id = {0};"
                            "UPDATE trials SET trial_id = -5 WHERE trial_id = {0}",
                            claim.trial.value));
  claim.trial.value = -5;
  try {
    storage->report(claim, {0, 1.0}, {});
    FAIL() << "was taken";
  } catch (const FormatError& error) {
    EXPECT_NE(std::string(error.what()).find("damaged"), std::string::npos) << error.what();
  }
}

TEST_F(ForeignFile, MayHaveTablesViewsAndColumnsOfItsOwnAndALog) {
  change(
      path_,
      "CREATE TABLE mine (a); CREATE VIEW my_view AS SELECT a FROM mine; ALTER TABLE trials ADD COLUMN mine;"
      "ALTER TABLE studies ADD COLUMN mine DEFAULT 7; DROP TABLE alembic_version; PRAGMA journal_mode = WAL");
  const auto storage = open();
  EXPECT_EQ(all_trials(*storage, study_).size(), 1U);
  tell(*storage, study_, 1.0);
  EXPECT_EQ(SqliteReader(path_).trials(study_).size(), 2U);
}

TEST_F(ForeignFile, HoldsNothingOfOursThatOptunaCannotRead) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  {
    const auto storage = open();
    const ScriptedStudy script;
    for (const ScriptedStudy::Step& step : script.steps()) {
      step.call(*storage);
    }
    const Claim claim = take(*storage, study_).claim;
    storage->report(claim, {0, kNaN}, {});
    storage->report(claim, {1, -kInfinity}, {{"rung", "NaN"}});
    EXPECT_THROW((void)storage->tell(claim, {TrialState::kComplete, {kNaN}, {}, {}}), InvalidArgument);
    EXPECT_THROW((void)storage->tell(claim, {TrialState::kComplete, {}, {}, {}}), InvalidArgument);
    storage->tell(claim, {TrialState::kComplete, {kInfinity}, {}, {}});
  }
  const std::string time =
      "GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
      ".[0-9][0-9][0-9][0-9][0-9][0-9]'";
  for (const std::string& violation :
       {std::string("trial_values WHERE (value IS NULL) = (value_type = 'FINITE') OR "
                    "value_type NOT IN ('FINITE', 'INF_POS', 'INF_NEG')"),
        std::string("trial_intermediate_values WHERE (intermediate_value IS NULL) = (intermediate_value_type = "
                    "'FINITE') OR intermediate_value_type NOT IN ('FINITE', 'INF_POS', 'INF_NEG', 'NAN')"),
        "trials WHERE datetime_start IS NOT NULL AND NOT datetime_start " + time,
        "trials WHERE datetime_complete IS NOT NULL AND NOT datetime_complete " + time,
        std::string("trials WHERE number IS NULL OR "
                    "state NOT IN ('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING')"),
        std::string("trials t WHERE state = 'COMPLETE' AND NOT EXISTS "
                    "(SELECT 1 FROM trial_values v WHERE v.trial_id = t.trial_id)"),
        std::string("trials t WHERE number <> (SELECT count(*) FROM trials u WHERE u.study_id = t.study_id AND "
                    "u.trial_id < t.trial_id)"),
        std::string("study_directions WHERE direction NOT IN ('NOT_SET', 'MINIMIZE', 'MAXIMIZE')"),
        std::string("trial_user_attributes WHERE NOT json_valid(value_json)"),
        std::string("trial_system_attributes WHERE NOT json_valid(value_json) AND value_json <> 'NaN'"),
        std::string("trial_params WHERE NOT json_valid(distribution_json) OR typeof(param_value) <> 'real'")}) {
    EXPECT_EQ(rows_of(path_, "SELECT count(*) FROM " + violation), std::vector<std::string>{"0"}) << violation;
  }
}

// --- hostile files ---

TEST_F(ForeignFile, RunsNoTriggerOfTheFile) {
  change(
      path_,
      "CREATE TABLE log (what);"
      "CREATE TRIGGER a AFTER INSERT ON trials BEGIN INSERT INTO log VALUES ('insert'); END;"
      "CREATE TRIGGER b AFTER UPDATE ON trials BEGIN DELETE FROM trial_values; END;"
      "CREATE TRIGGER c AFTER DELETE ON trial_system_attributes BEGIN INSERT INTO log VALUES ('delete'); END");
  tell(*open(), study_, 1.0);
  EXPECT_TRUE(rows_of(path_, "SELECT what FROM log").empty());
  EXPECT_EQ(rows_of(path_, "SELECT count(*) FROM trial_values"), std::vector<std::string>{"2"});
}

TEST_F(ForeignFile, RunsNoViewOfTheFile) {
  change(path_,
         "DROP TABLE alembic_version; CREATE VIEW alembic_version AS WITH RECURSIVE r (n) AS "
         "(SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS version_num FROM r");
  expect_refused_untouched("alembic_version");
}

TEST_F(ForeignFile, IsRefusedWithATableThatIsAProgram) {
  change(path_,
         "DROP TABLE trial_heartbeats; CREATE VIRTUAL TABLE trial_heartbeats USING fts5 (trial_id, heartbeat)");
  expect_refused_untouched("trial_heartbeats");
}

TEST_F(ForeignFile, IsReadWithinItsBoundsWhateverRowsItGives) {
  // Texts compare otherwise than numbers: the last row lies "between" the trials.
  tell(*open(), study_, 0.5);
  change(
      path_,
      "DROP TABLE trial_values; CREATE TABLE trial_values (trial_value_id INTEGER PRIMARY KEY, trial_id TEXT, "
      "objective INTEGER, value FLOAT, value_type TEXT);"
      "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES ('1', 0, 0.25, 'FINITE'), "
      "('2', 0, 0.5, 'FINITE'), ('1000000000000', 0, 0.75, 'FINITE')");
  const auto trials = all_trials(*open(), study_);
  ASSERT_EQ(trials.size(), 2U);
  EXPECT_EQ(trials[0].values, std::vector{0.25});
  EXPECT_EQ(trials[1].values, std::vector{0.5});
}

TEST_F(ForeignFile, CannotAskForGigabytes) {
  change(path_,
         "ALTER TABLE trial_user_attributes RENAME COLUMN value_json TO kept;"
         "ALTER TABLE trial_user_attributes ADD COLUMN value_json AS (hex(zeroblob(400000000)))");
  try {
    (void)SqliteReader(path_).trials(study_);
    FAIL() << "was read";
  } catch (const StorageError& error) {
    EXPECT_NE(std::string(error.what()).find("longer than 256 MiB"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(path_.string()), std::string::npos) << error.what();
  }
}

TEST_F(ForeignFile, TakesTextsThatLookLikeSqlAsTexts) {
  const std::string evil = "x'; DROP TABLE trials; --\" ?1 %s";
  const auto storage = open();
  const StudyId study = storage->create_study({evil, {Direction::kMinimize}, {{evil, "1"}}, {}});
  const Claim claim = take(*storage, study, owner_named(evil)).claim;
  storage->start(claim, std::vector{Param{evil, 0, CategoricalDistribution{{evil, std::string("b")}}}},
                 {{evil, "2"}});
  storage->tell(claim, {TrialState::kComplete, {1.0}, {{evil, "3"}}, {}});
  ASSERT_TRUE(storage->find_study(evil));
  SqliteReader reader(path_);
  const FrozenTrial trial = reader.best_trial(reader.find_study(evil).value().id).value();
  EXPECT_EQ(trial.params.at(0).name, evil);
  EXPECT_EQ(trial.user_attrs.at(evil), "3");
}

}  // namespace
}  // namespace tune::testing
