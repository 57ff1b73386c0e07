#include <SQLiteCpp/Database.h>
#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "fuzz/property.hpp"
#include "fuzz/use_storage.hpp"
#include "support/temporary_folder.hpp"

/// Any SQL done to a study by somebody else: whatever rows, tables, views and triggers come of it, the file is
/// read and gone on with, or refused.
namespace tune::testing {
namespace {

namespace fs = std::filesystem;

void write_study(const fs::path& path) {
  const auto storage = open_sqlite_storage(path);
  const StudyId id = storage->create_study({"study", {Direction::kMinimize}, {{"u", "1"}}, {{"s", "2"}}});
  const StudyRecord study = storage->find_study("study").value();
  for (int i = 0; i < 3; ++i) run_trial(*storage, study);
  (void)storage->enqueue(id, std::vector<NewTrial>(1));
  (void)storage->reserve(id, this_process());
  (void)storage->enqueue(id, std::vector<NewTrial>{{R"({"x": 0.25})", {}, {}}});
}

/// Not what is tested: the stranger keeps to this file and to a short time.
int keep_to_the_file(void*, int action, const char*, const char*, const char*, const char*) {
  return action == SQLITE_ATTACH || action == SQLITE_PRAGMA ? SQLITE_DENY : SQLITE_OK;
}
int end_it(void*) {
  return 1;
}

void let_a_stranger_in(const fs::path& path, const std::string& sql) {
  SQLite::Database database(path, SQLite::OPEN_READWRITE);
  sqlite3_set_authorizer(database.getHandle(), keep_to_the_file, nullptr);
  sqlite3_limit(database.getHandle(), SQLITE_LIMIT_LENGTH, 1 << 20);
  constexpr int kSteps = 1'000'000;
  sqlite3_progress_handler(database.getHandle(), kSteps, end_it, nullptr);
  sqlite3_exec(database.getHandle(), sql.c_str(), nullptr, nullptr, nullptr);
  sqlite3_exec(database.getHandle(), "COMMIT", nullptr, nullptr, nullptr);
}

}  // namespace
}  // namespace tune::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tune::testing;
  static const TemporaryFolder folder;
  static const bool written = (write_study(folder / "original.db"), true);
  const fs::path path = folder / "study.db";
  fs::copy_file(folder / "original.db", path, fs::copy_options::overwrite_existing);
  require(written, "there is a study");
  let_a_stranger_in(path, std::string(reinterpret_cast<const char*>(data), size));
  read_everything(path);
  write_everything(path);
  for (const char* suffix : {"-wal", "-shm", "-journal", ".before-repair"}) fs::remove(path.string() + suffix);
  return 0;
}
