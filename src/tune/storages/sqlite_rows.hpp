#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tune/storages/sqlite_connection.hpp"
#include "tune/storages/sqlite_schema.hpp"
#include "tune/storages/storage.hpp"

/// Optuna's encoding of studies and trials as rows, in both directions. Knows nothing of claims and states.
namespace tune::storages {

// --- reading ---
[[nodiscard]] std::optional<StudyRecord> read_study(SqliteConnection& connection, std::string_view name);
[[nodiscard]] std::vector<StudyRecord> read_studies(SqliteConnection& connection);
[[nodiscard]] std::vector<Direction> read_directions(SqliteConnection& connection, StudyId study);

/// The columns of a trial's own row, as text to put after SELECT.
#define TUNE_TRIAL_COLUMNS "trial_id, number, state, datetime_start, datetime_complete"

/// Trials of consecutive numbers in one study.
struct TrialRange {
  TrialId first;
  TrialId last;
  std::int64_t n_trials = 0;
};

/// Reads trials. Keeps the distributions it has met, because a study repeats a few texts many times.
class TrialReader {
 public:
  explicit TrialReader(SqliteConnection& connection) : connection_(&connection) {}

  /// `heads` must give rows of TUNE_TRIAL_COLUMNS, about `n_trials`; the rest of each trial is read here.
  [[nodiscard]] std::vector<FrozenTrial> read(SqliteQuery& heads, bool with_intermediate = true,
                                              std::int64_t n_trials = 0);
  /// By id.
  [[nodiscard]] std::vector<FrozenTrial> read_range(StudyId study, const TrialRange& range);
  [[nodiscard]] std::optional<FrozenTrial> read_one(TrialId trial);
  [[nodiscard]] std::vector<Param> read_params(TrialId trial);
  [[nodiscard]] const Distribution& distribution(std::string_view json);

 private:
  /// The same for the parameter at that place of its trial: trials of a study are alike, so mostly it is the
  /// text that was last met there.
  [[nodiscard]] const Distribution& distribution(std::string_view json, std::size_t place);
  /// Fills in what stands in the other tables.
  void complete(std::span<FrozenTrial> trials, bool with_intermediate);
  void read_values_of(std::span<FrozenTrial> trials, RowWalk walk);
  void read_params_of(std::span<FrozenTrial> trials, RowWalk walk);
  void complete_block(std::span<FrozenTrial> trials, bool with_intermediate);
  struct RowsOf;
  template <typename Add>
  void for_each_row(std::span<FrozenTrial> trials, RowWalk walk, const RowsOf& rows_of, Add&& add);
  RowWalk walk_for(std::span<const FrozenTrial> trials);

  /// Finds by std::string_view too.
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  using Distributions = std::unordered_map<std::string, Distribution, TextHash, std::equal_to<>>;
  const Distributions::value_type& known(std::string_view json);

  SqliteConnection* connection_;
  Distributions distributions_;
  std::vector<const Distributions::value_type*> last_met_;  ///< By place.
};

// --- writing; inside a write transaction ---
void write_directions(SqliteConnection& connection, StudyId study, const std::vector<Direction>& directions);
void write_study_attributes(SqliteConnection& connection, StudyId study, AttributeKind kind,
                            const Attributes& attributes);
void write_trial_attributes(SqliteConnection& connection, TrialId trial, AttributeKind kind,
                            const Attributes& attributes);
/// Erases and writes what `after` lacks of or has beyond `before` in parameters, reports and system attributes.
void write_difference(SqliteConnection& connection, const FrozenTrial& before, const FrozenTrial& after);
void erase_system_attribute(SqliteConnection& connection, TrialId trial, std::string_view key);
/// Optuna fails a RUNNING trial whose heartbeat is old: an earlier worker's must not speak for the next one.
void erase_optunas_heartbeat(SqliteConnection& connection, TrialId trial);
void write_param(SqliteConnection& connection, TrialId trial, const Param& param);
/// False when the step was there already; the first value stays.
bool write_intermediate(SqliteConnection& connection, TrialId trial, const IntermediateValue& report);
void write_values(SqliteConnection& connection, TrialId trial, const std::vector<double>& values);
/// Appends the row and everything in it; sets `id`.
void write_trial(SqliteConnection& connection, StudyId study, FrozenTrial& trial);
void erase_study(SqliteConnection& connection, StudyId study);

/// A time as the file holds it.
[[nodiscard]] std::optional<std::string> to_column(const std::optional<Timestamp>& time);

}  // namespace tune::storages
