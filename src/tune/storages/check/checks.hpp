#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tune/storages/sqlite_check.hpp"
#include "tune/storages/sqlite_connection.hpp"

/// The single checks of a file. They look at rows as they are, because the readers of the storage refuse what
/// is searched for here.
namespace tune::storages::check {

using Findings = std::vector<Finding>;

/// One thing that must hold.
struct Check {
  const char* name;
  /// Inside a transaction.
  std::function<Findings(SqliteConnection&, const CheckOptions&)> find;
  /// Mends every finding that is repairable; inside a write transaction. Empty when there are none.
  std::function<void(SqliteConnection&, const CheckOptions&)> mend;
};

/// In an order in which each may rely on those before it having been mended.
[[nodiscard]] const std::vector<Check>& all_checks();

// --- the groups that all_checks is made of, a file each ---
[[nodiscard]] std::vector<Check> structure_checks();
[[nodiscard]] std::vector<Check> trial_checks();
[[nodiscard]] std::vector<Check> value_checks();
[[nodiscard]] std::vector<Check> parameter_checks();
[[nodiscard]] std::vector<Check> attribute_checks();
[[nodiscard]] std::vector<Check> running_checks();

/// A check that is a query. `find` gives rows of the study's name, the trial's number, a sentence and whether
/// it can be mended; `mend` are statements without parameters. All texts are literals.
[[nodiscard]] Check sql_check(const char* name, const char* find, std::vector<const char*> mend = {});

/// The finding of a row that begins with the study's name and the trial's number.
[[nodiscard]] Finding finding_of(const char* name, const SqliteQuery& row, std::string what,
                                 bool is_repairable);

}  // namespace tune::storages::check
