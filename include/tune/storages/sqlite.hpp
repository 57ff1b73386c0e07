#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "tune/storages/storage.hpp"

namespace tune {

struct SqliteOptions {
  /// How long to wait for other writers before StorageBusy.
  std::chrono::milliseconds busy_timeout = std::chrono::minutes(2);
};

/// Opens or creates a SQLite file in Optuna's schema (version 12, alembic v3.2.0.a), with two views for
/// people: `best_trial` and `trial_table`.
///
/// WAL while open; the last one to leave folds the log in and sets the journal mode back, so that the file
/// alone is the study. `tell` and the other durable calls commit with synchronous=FULL, the rest with
/// NORMAL. Safe from any thread (one connection, one lock) and for any number of processes of one host. A file
/// on a network file system that a process of another host works on is refused: the log does not reach across
/// hosts. Throws StorageError, with the path and a reason, for a file that is not SQLite, not Optuna's, of
/// another schema version, damaged, a directory, or not writable; such a file is left untouched.
[[nodiscard]] std::shared_ptr<Storage> open_sqlite_storage(const std::filesystem::path& path,
                                                           const SqliteOptions& options = {});

/// `PATH`, or `sqlite:///PATH` (three slashes: relative, four: absolute). Throws InvalidArgument for another
/// scheme, with what is supported.
[[nodiscard]] std::filesystem::path sqlite_path_from_url(std::string_view url);

}  // namespace tune
