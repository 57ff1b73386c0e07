#pragma once

#include <string>

#include "tune/frozen_trial.hpp"
#include "tune/storages/sqlite_connection.hpp"

/// The tables of Optuna's storage (schema version 12, alembic v3.2.0.a) as SQLite keeps them, and this
/// project's views on them.
namespace tune::storages {

inline constexpr int kSchemaVersion = 12;
inline constexpr const char* kAlembicVersion = "v3.2.0.a";

/// Whether the database has no table at all: a new file, or one whose creation was cut short.
[[nodiscard]] bool is_empty_database(SqliteConnection& connection);
/// Throws StorageError, with what to do, unless these are the tables of this version.
void check_schema(SqliteConnection& connection);
/// Creates tables and version rows. Must run inside a write transaction.
void create_schema(SqliteConnection& connection);
/// Whether `best_trial` and `trial_table` stand there as this version defines them.
[[nodiscard]] bool has_current_views(SqliteConnection& connection);
/// Puts them there, replacing those of another version. A table of that name is left alone. Must run inside a
/// write transaction.
void create_views(SqliteConnection& connection);

/// How to come to the rows of some trials: each by its index, or all of the file in the order they lie there,
/// which is a few times faster a row.
enum class RowWalk { kIndex, kScan };

/// The faster one for the rows of `n_trials` trials.
[[nodiscard]] RowWalk faster_walk(SqliteConnection& connection, std::int64_t n_trials);
/// The faster one for the rows of all trials of a study.
[[nodiscard]] RowWalk faster_walk(SqliteConnection& connection, StudyId study);

/// Rows (trial_id, …) of one study's COMPLETE trials with a value, best first, lowest number on ties: the
/// order that `best_trial` looks for a feasible one in. ?1 is the study, ?2 how many (-1: all).
[[nodiscard]] const char* ranked_trials_sql(RowWalk walk);
/// One row when the trial ?1 violates a constraint.
[[nodiscard]] const char* violated_sql();

}  // namespace tune::storages
