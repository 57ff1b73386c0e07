#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/frozen_trial.hpp"

namespace tune {

/// One thing about a file that Optuna or this library would stumble over.
struct Finding {
  std::string check;                 ///< Name of the check that found it, as in `check_names`.
  std::optional<std::string> study;  ///< Name of the study; nothing: no study in particular.
  std::optional<TrialNumber> trial;
  std::string what;            ///< A part of a sentence: what is wrong.
  bool is_repairable = false;  ///< `repair_sqlite_file` mends it.
  bool is_note = false;        ///< May be as it should be: the file is sound all the same.

  friend bool operator==(const Finding&, const Finding&) = default;
};

struct CheckOptions {
  /// A RUNNING trial that carries no owner mark counts as left behind when its heartbeat, or its start, is
  /// older than that. Nobody can tell whether its worker still lives.
  std::chrono::minutes older_than{60};
  /// Such trials are put back into the queue with their parameters; otherwise they become FAIL.
  bool requeue = false;
};

struct Repair {
  std::filesystem::path backup;  ///< The file as it was; empty when there was nothing to mend.
  std::vector<Finding> mended;
  std::vector<Finding> left;  ///< What cannot be mended, and notes.
};

/// The names of all checks, in the order in which they are made.
[[nodiscard]] std::vector<std::string_view> check_names();

/// Looks at everything in a SQLite file that Optuna's format and its readers rely on. Writes nothing; a study
/// may run meanwhile. Throws StorageError for what is no SQLite file with a study storage in it. Cost: one pass
/// over all rows.
[[nodiscard]] std::vector<Finding> check_sqlite_file(const std::filesystem::path& path,
                                                     const CheckOptions& options = {});

/// Mends what can be mended, each check's findings in one durable transaction, after writing a copy of the file
/// beside it (`PATH.before-repair`, then `PATH.before-repair-2` …). Never deletes the data of a finished trial.
/// Others may have the file open. Throws as check_sqlite_file and whatever writing throws; what was mended
/// until then stays.
[[nodiscard]] Repair repair_sqlite_file(const std::filesystem::path& path, const CheckOptions& options = {});

}  // namespace tune
