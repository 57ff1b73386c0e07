#include "tune/storages/sqlite_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "tune/error.hpp"
#include "tune/storages/check/checks.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_connection.hpp"
#include "tune/storages/sqlite_file.hpp"
#include "tune/storages/sqlite_schema.hpp"

namespace tune {
namespace {

using namespace storages;
using check::Check;
using check::Findings;

namespace fs = std::filesystem;

/// Damaged pages stop one question, not the others.
Findings findings_of(const Check& check, SqliteConnection& connection, const CheckOptions& options) {
  try {
    return check.find(connection, options);
  } catch (const StorageBusy&) {
    throw;
  } catch (const StorageError& error) {
    return {{check.name, std::nullopt, std::nullopt, fmt::format("cannot be looked at: {}", error.what()),
             false, false}};
  }
}

Findings all_findings(SqliteConnection& connection, const CheckOptions& options) {
  return connection.read([&] {
    Findings all;
    if (is_empty_database(connection)) return all;
    check_schema(connection);
    for (const Check& check : check::all_checks()) {
      Findings some = findings_of(check, connection, options);
      std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    return all;
  });
}

fs::path free_backup_name(const fs::path& path) {
  std::error_code ignored;
  fs::path backup = path.string() + ".before-repair";
  for (int n = 2; fs::exists(backup, ignored); ++n) {
    backup = fmt::format("{}.before-repair-{}", path.string(), n);
  }
  return backup;
}

bool is_repairable(const Finding& finding) {
  return finding.is_repairable;
}

void mend(const Findings& found, SqliteConnection& connection, const CheckOptions& options) {
  for (const Check& check : check::all_checks()) {
    const bool is_wanted = std::any_of(found.begin(), found.end(), [&](const Finding& finding) {
      return finding.check == check.name && finding.is_repairable;
    });
    if (is_wanted && check.mend) connection.write(Durability::kFull, [&] { check.mend(connection, options); });
  }
}

/// What stood in the first list and is not in the second.
Findings without(const Findings& before, const Findings& after) {
  Findings gone;
  for (const Finding& finding : before) {
    if (std::find(after.begin(), after.end(), finding) == after.end()) gone.push_back(finding);
  }
  return gone;
}

}  // namespace

std::vector<std::string_view> check_names() {
  std::vector<std::string_view> names;
  for (const Check& check : check::all_checks()) names.emplace_back(check.name);
  return names;
}

std::vector<Finding> check_sqlite_file(const fs::path& path, const CheckOptions& options) {
  check_readable_file(path);
  SqliteConnection connection(path, reading_mode(path), SqliteOptions{}.busy_timeout);
  return all_findings(connection, options);
}

Repair repair_sqlite_file(const fs::path& path, const CheckOptions& options) {
  check_readable_file(path);
  check_writable_file(path);
  Repair repair;
  SqliteConnection connection(path, OpenMode::kReadWrite, SqliteOptions{}.busy_timeout);
  Findings before = all_findings(connection, options);
  if (std::none_of(before.begin(), before.end(), is_repairable)) {
    repair.left = std::move(before);
    return repair;
  }
  repair.backup = free_backup_name(path);
  connection.copy_to(repair.backup);
  mend(before, connection, options);
  repair.left = all_findings(connection, options);
  repair.mended = without(before, repair.left);
  return repair;
}

}  // namespace tune
