#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/storages/storage.hpp"

namespace tune {

struct StudySummary {
  StudyRecord study;
  std::int64_t n_running = 0;
  std::int64_t n_waiting = 0;
  std::int64_t n_complete = 0;
  std::int64_t n_pruned = 0;
  std::int64_t n_fail = 0;
  std::optional<double> best_value;         ///< Of a study with one objective.
  std::optional<Timestamp> datetime_start;  ///< Of the first trial.
  std::optional<Timestamp> datetime_last;   ///< The last start or completion.
};

struct TrialFilter {
  std::optional<TrialState> state{};
  std::optional<TrialNumber> number{};
  std::optional<std::int64_t> last{};  ///< Only the last so many, by number.
  bool with_intermediate = false;      ///< Read the intermediate values too.
};

/// Answers questions about a file by SQL, without loading the history, without writing and without the
/// module that trains. Works on files by this program and by Optuna, also while a study runs in them, also
/// on read-only files and folders.
///
/// Throws StorageError with path and reason for what is not such a file. Not thread-safe.
class SqliteReader {
 public:
  explicit SqliteReader(const std::filesystem::path& path);
  ~SqliteReader();
  SqliteReader(SqliteReader&&) noexcept;
  SqliteReader& operator=(SqliteReader&&) noexcept;

  /// In order of creation.
  [[nodiscard]] std::vector<StudySummary> studies();
  /// The same without counting trials.
  [[nodiscard]] std::vector<StudyRecord> study_records();
  [[nodiscard]] std::optional<StudyRecord> find_study(std::string_view name);
  /// The feasible COMPLETE trial with the best value, lowest number on ties, infinities ordered; nothing
  /// when there is none or the study has several objectives. Cost: one pass over the values.
  [[nodiscard]] std::optional<FrozenTrial> best_trial(StudyId study);
  [[nodiscard]] std::vector<FrozenTrial> trials(StudyId study, const TrialFilter& filter = {});

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tune
