#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_reader.hpp"

/// Files that real Optuna wrote, against what Optuna itself reads from them (tests/data/db).
namespace tune::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Json number_json(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "Infinity" : "-Infinity";
  }
  return value;
}

Json values_json(const FrozenTrial& trial) {
  if (trial.values.empty()) {
    return nullptr;
  }
  Json values = Json::array();
  for (const double value : trial.values) {
    values.push_back(number_json(value));
  }
  return values;
}

Json attributes_json(const Attributes& attributes) {
  Json json = Json::object();
  for (const auto& [key, value] : attributes) {
    json[key] = Json::parse(value);
  }
  return json;
}

Json time_json(const std::optional<Timestamp>& time) {
  return time ? Json(to_string(*time)) : Json();
}

/// The trial in the form of the expected files.
Json trial_json(const FrozenTrial& trial) {
  Json json = {{"number", trial.number.value},
               {"trial_id", trial.id.value},
               {"state", to_string(trial.state)},
               {"values", values_json(trial)},
               {"params", Json::object()},
               {"params_internal", Json::object()},
               {"distributions", Json::object()},
               {"intermediate_values", Json::array()},
               {"user_attrs", attributes_json(trial.user_attrs)},
               {"system_attrs", attributes_json(trial.system_attrs)},
               {"datetime_start_utc", time_json(trial.datetime_start)},
               {"datetime_complete_utc", time_json(trial.datetime_complete)}};
  for (const Param& param : trial.params) {
    json["params"][param.name] = Json::parse(to_json(param.external()));
    json["params_internal"][param.name] = param.value;
    json["distributions"][param.name] = Json::parse(to_json(param.distribution));
  }
  for (const IntermediateValue& report : trial.intermediate) {
    json["intermediate_values"].push_back({report.step, number_json(report.value)});
  }
  return json;
}

void expect_trials(const Json& expected, const std::vector<FrozenTrial>& trials) {
  ASSERT_EQ(trials.size(), expected.size());
  for (std::size_t i = 0; i < trials.size(); ++i) {
    Json wanted = expected[i];
    wanted.erase("constraints");
    wanted.erase("has_heartbeat");
    EXPECT_EQ(trial_json(trials[i]), wanted);
  }
}

std::vector<double> constraint_numbers(const Json& expected) {
  std::vector<double> numbers;
  for (const auto& [name, value] : expected.items()) {
    numbers.push_back(value.get<double>());
  }
  return numbers;
}

/// Null when there is none; studies with several objectives have only `best_trials`.
Json best_number(const Json& study) {
  return study.value("best_trial", Json());
}

class ReferenceFile : public ::testing::TestWithParam<std::string> {
 protected:
  ReferenceFile() {
    const fs::path data = fs::path(TUNE_TEST_DATA_DIR) / "db";
    std::ifstream file(data / (GetParam() + ".expected.json"));
    expected_ = Json::parse(file);
    fs::copy_file(data / (GetParam() + ".db"), path_);
    fs::permissions(path_, fs::perms::owner_write, fs::perm_options::add);
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "copy.db";
  Json expected_;
};

INSTANTIATE_TEST_SUITE_P(Optuna, ReferenceFile,
                         ::testing::Values("single", "heartbeat", "multi", "conditional"),
                         [](const auto& tested) { return tested.param; });

TEST_P(ReferenceFile, ReadsAsOptunaReadsItThroughTheStorage) {
  const auto storage = open_sqlite_storage(path_);
  const auto studies = storage->studies();
  ASSERT_EQ(studies.size(), expected_["studies"].size());
  for (std::size_t i = 0; i < studies.size(); ++i) {
    const Json& wanted = expected_["studies"][i];
    EXPECT_EQ(studies[i].id.value, wanted["study_id"]);
    EXPECT_EQ(studies[i].name, wanted["study_name"]);
    Json directions = Json::array();
    for (const Direction direction : studies[i].directions) {
      directions.push_back(to_string(direction));
    }
    EXPECT_EQ(directions, wanted["directions"]);
    EXPECT_EQ(attributes_json(studies[i].user_attrs), wanted["user_attrs"]);
    EXPECT_EQ(attributes_json(studies[i].system_attrs), wanted["system_attrs"]);
    expect_trials(wanted["trials"], storage->changes_since(studies[i].id, {}).trials);
  }
}

TEST_P(ReferenceFile, ReadsAsOptunaReadsItThroughTheReader) {
  SqliteReader reader(path_);
  for (const Json& wanted : expected_["studies"]) {
    const auto study = reader.find_study(wanted["study_name"].get<std::string>());
    ASSERT_TRUE(study);
    TrialFilter filter;
    filter.with_intermediate = true;
    expect_trials(wanted["trials"], reader.trials(study->id, filter));
  }
}

TEST_P(ReferenceFile, HasTheBestTrialThatOptunaNames) {
  SqliteReader reader(path_);
  for (const Json& wanted : expected_["studies"]) {
    const auto study = reader.find_study(wanted["study_name"].get<std::string>());
    const auto best = reader.best_trial(study->id);
    const Json number = best ? Json(best->number.value) : Json();
    EXPECT_EQ(number, best_number(wanted)) << wanted["study_name"];
  }
}

TEST_P(ReferenceFile, ShowsTheBestTrialsInTheView) {
  open_sqlite_storage(path_).reset();
  SQLite::Database database(path_, SQLite::OPEN_READONLY);
  SQLite::Statement rows(database, "SELECT study_name, number, params FROM best_trial ORDER BY trial_id");
  Json found = Json::object();
  Json wanted = Json::object();
  for (const Json& study : expected_["studies"]) {
    if (!best_number(study).is_null()) {
      const auto number = best_number(study).get<std::size_t>();
      wanted[study["study_name"].get<std::string>()] = {number, study["trials"][number]["params"]};
    }
  }
  while (rows.executeStep()) {
    found[rows.getColumn(0).getString()] = {rows.getColumn(1).getInt64(),
                                            Json::parse(rows.getColumn(2).getString())};
  }
  EXPECT_EQ(found, wanted);
}

TEST_P(ReferenceFile, ShowsEveryTrialInTheTable) {
  open_sqlite_storage(path_).reset();
  SQLite::Database database(path_, SQLite::OPEN_READONLY);
  for (const Json& study : expected_["studies"]) {
    SQLite::Statement rows(database,
                           "SELECT number, state, all_values, params, datetime_start FROM trial_table "
                           "WHERE study_name = ? ORDER BY number");
    rows.bind(1, study["study_name"].get<std::string>());
    for (const Json& trial : study["trials"]) {
      ASSERT_TRUE(rows.executeStep());
      EXPECT_EQ(rows.getColumn(0).getInt64(), trial["number"]);
      EXPECT_EQ(rows.getColumn(1).getString(), trial["state"]);
      const Json values = rows.isColumnNull(2) ? Json() : Json::parse(rows.getColumn(2).getString());
      EXPECT_EQ(values, trial["values"]);
      EXPECT_EQ(Json::parse(rows.getColumn(3).getString()), trial["params"]);
    }
    EXPECT_FALSE(rows.executeStep());
  }
}

TEST_P(ReferenceFile, CountsTrialsByState) {
  SqliteReader reader(path_);
  const auto summaries = reader.studies();
  ASSERT_EQ(summaries.size(), expected_["studies"].size());
  for (std::size_t i = 0; i < summaries.size(); ++i) {
    std::map<std::string, std::int64_t> wanted;
    for (const Json& trial : expected_["studies"][i]["trials"]) {
      ++wanted[trial["state"].get<std::string>()];
    }
    EXPECT_EQ(summaries[i].n_running, wanted["RUNNING"]);
    EXPECT_EQ(summaries[i].n_waiting, wanted["WAITING"]);
    EXPECT_EQ(summaries[i].n_complete, wanted["COMPLETE"]);
    EXPECT_EQ(summaries[i].n_pruned, wanted["PRUNED"]);
    EXPECT_EQ(summaries[i].n_fail, wanted["FAIL"]);
  }
}

TEST_P(ReferenceFile, ReadsConstraintsAsOptunaMergesThem) {
  SqliteReader reader(path_);
  for (const Json& study : expected_["studies"]) {
    const auto record = reader.find_study(study["study_name"].get<std::string>());
    const auto trials = reader.trials(record->id);
    for (std::size_t i = 0; i < trials.size(); ++i) {
      auto wanted = constraint_numbers(study["trials"][i]["constraints"]);
      auto found = trials[i].constraints();
      std::sort(wanted.begin(), wanted.end());
      std::sort(found.begin(), found.end());
      EXPECT_EQ(found, wanted);
    }
  }
}

TEST_P(ReferenceFile, LeavesTrialsOfOthersAloneWhenRequeueing) {
  const auto storage = open_sqlite_storage(path_);
  for (const StudyRecord& study : storage->studies()) {
    const std::string before = describe(all_trials(*storage, study.id));
    EXPECT_TRUE(storage->requeue_dead(study.id, {[](const Holder&) { return true; }}).requeued.empty());
    EXPECT_EQ(describe(all_trials(*storage, study.id)), before);
  }
}

TEST_P(ReferenceFile, GoesOnWhereOptunaStopped) {
  const auto storage = open_sqlite_storage(path_);
  for (const StudyRecord& study : storage->studies()) {
    const auto before = all_trials(*storage, study.id);
    const auto is_waiting = [](const FrozenTrial& trial) { return trial.state == TrialState::kWaiting; };
    const auto waiting = std::find_if(before.begin(), before.end(), is_waiting);
    const auto next = static_cast<std::int64_t>(before.size());
    const Reservation taken = take(*storage, study.id);
    EXPECT_EQ(taken.trial.number.value, waiting == before.end() ? next : waiting->number.value);
    const std::vector<double> values(study.directions.size(), 0.5);
    storage->tell(taken.claim, {TrialState::kComplete, values, {}, {}});
  }
}

}  // namespace
}  // namespace tune::testing
