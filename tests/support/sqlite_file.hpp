#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_reader.hpp"

namespace tune::testing {

namespace fs = std::filesystem;
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Rows of a query, columns joined with '|'.
inline std::vector<std::string> rows_of(const fs::path& path, const std::string& sql) {
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

inline void change(const fs::path& path, const std::string& sql) {
  SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(sql);
}

/// One file that a storage keeps, and what stands in it.
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
    for (const char* suffix : {"-wal", "-shm", "-journal"}) {
      EXPECT_FALSE(fs::exists(path_.string() + suffix)) << suffix;
    }
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "study ä %3F?.db";
};

}  // namespace tune::testing
