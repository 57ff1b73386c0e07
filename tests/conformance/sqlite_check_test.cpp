#include "tune/storages/sqlite_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "tune/error.hpp"
#include "tune/storages/check/checks.hpp"
#include "tune/storages/sqlite.hpp"

/// The checks one by one; damaged files and what real Optuna says of them are tested with the program.
namespace tune::testing {
namespace {

namespace fs = std::filesystem;
using storages::Durability;
using storages::OpenMode;
using storages::SqliteConnection;
using storages::check::Check;

std::vector<fs::path> reference_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(TUNE_TEST_DATA_DIR) / "db")) {
    if (entry.path().extension() == ".db") files.push_back(entry.path());
  }
  return files;
}

const Check& check_named(const std::string& name) {
  const auto& all = storages::check::all_checks();
  return *std::find_if(all.begin(), all.end(), [&](const Check& check) { return check.name == name; });
}

/// A copy of a file of Optuna's, open for writing.
class Copy {
 public:
  Copy() : Copy(fs::path(TUNE_TEST_DATA_DIR) / "db" / "single.db") {}
  explicit Copy(const fs::path& file)
      : path_(folder_.path() / file.filename()),
        connection_((fs::copy_file(file, path_), path_), OpenMode::kReadWrite, std::chrono::seconds(1)) {}

  [[nodiscard]] const fs::path& path() const { return path_; }
  SqliteConnection& connection() { return connection_; }
  std::vector<Finding> find(const std::string& name) {
    return connection_.read([&] { return check_named(name).find(connection_, {}); });
  }
  void mend(const std::string& name) {
    connection_.write(Durability::kFull, [&] { check_named(name).mend(connection_, {}); });
  }

 private:
  TemporaryFolder folder_;
  fs::path path_;
  SqliteConnection connection_;
};

TEST(SqliteCheck, NamesAreDifferentAndNamedByFindings) {
  const auto names = check_names();
  EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()).size(), names.size());
  EXPECT_TRUE(std::find(names.begin(), names.end(), "running") != names.end());
}

TEST(SqliteCheck, EachCheckFindsNothingButNotesInFilesOfOptuna) {
  for (const fs::path& file : reference_files()) {
    Copy copy(file);
    for (const Check& check : storages::check::all_checks()) {
      for (const Finding& finding : copy.find(check.name)) {
        EXPECT_TRUE(finding.is_note) << file << ": " << check.name << ": " << finding.what;
        EXPECT_EQ(finding.check, check.name);
      }
    }
  }
}

TEST(SqliteCheck, MendingASoundFileChangesNothingButTrialsLeftBehind) {
  for (const Check& check : storages::check::all_checks()) {
    if (!check.mend || std::string(check.name) == "running") continue;
    Copy copy;
    copy.connection().execute("PRAGMA journal_mode=DELETE");
    copy.mend(check.name);
    const auto found = check_sqlite_file(copy.path());
    EXPECT_TRUE(std::all_of(found.begin(), found.end(), [](const Finding& one) { return one.is_note; }))
        << check.name;
  }
}

TEST(SqliteCheck, AMissingStepBecomesOneAndTheRestOfTheDistributionStays) {
  Copy copy;
  copy.connection().execute(
      "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) SELECT min(trial_id), "
      "'steps', 2, "
      "'{\"name\": \"IntDistribution\", \"attributes\": {\"log\": true, \"step\": null, \"low\": 1, \"high\": "
      "8}}' "
      "FROM trials");
  ASSERT_EQ(copy.find("distributions").size(), 1U);
  copy.mend("distributions");
  EXPECT_TRUE(copy.find("distributions").empty());
  auto row = copy.connection().query("SELECT distribution_json FROM trial_params WHERE param_name = 'steps'");
  ASSERT_TRUE(row.next());
  EXPECT_EQ(distribution_from_json(row.text(0)), Distribution(IntDistribution{1, 8, true, 1}));
}

TEST(SqliteCheck, ANumberInPlaceOfATimeCannotBeMended) {
  Copy copy;
  copy.connection().execute("UPDATE trials SET datetime_complete = 5 WHERE trial_id = 1");
  const auto found = copy.find("times");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FALSE(found[0].is_repairable);
}

TEST(SqliteCheck, ARepairOfASoundFileKeepsNoCopy) {
  TemporaryFolder folder;
  const fs::path path = folder.path() / "new.db";
  { (void)open_sqlite_storage(path); }
  const Repair repair = repair_sqlite_file(path);
  EXPECT_TRUE(repair.backup.empty());
  EXPECT_TRUE(repair.mended.empty());
  EXPECT_TRUE(repair.left.empty());
}

TEST(SqliteCheck, AMissingFileIsNotMade) {
  TemporaryFolder folder;
  EXPECT_THROW((void)check_sqlite_file(folder.path() / "none.db"), StorageError);
  EXPECT_THROW((void)repair_sqlite_file(folder.path() / "none.db"), StorageError);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace tune::testing
