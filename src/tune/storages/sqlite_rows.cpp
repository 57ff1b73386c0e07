#include "tune/storages/sqlite_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "tune/format/python_json.hpp"
#include "tune/storages/sqlite_schema.hpp"

namespace tune::storages {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A number beside its type: what is not finite has an empty value.
struct Encoded {
  std::optional<double> value;
  std::string_view type;
};

Encoded encode(double value) {
  if (std::isnan(value)) {
    return {std::nullopt, "NAN"};
  }
  if (std::isinf(value)) {
    return {std::nullopt, value > 0 ? "INF_POS" : "INF_NEG"};
  }
  return {value, "FINITE"};
}

enum class NaNs : std::uint8_t { kAllowed, kRefused };

/// What is not finite has no number beside its type, as Optuna insists.
double decode(const SqliteQuery& row, int value_column, int type_column, NaNs nans) {
  const std::string_view type = row.text(type_column);
  const bool is_null = row.is_null(value_column);
  if (type == "INF_POS" && is_null) {
    return kInfinity;
  }
  if (type == "INF_NEG" && is_null) {
    return -kInfinity;
  }
  if (type == "NAN" && is_null && nans == NaNs::kAllowed) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (type != "FINITE" || is_null) {
    throw FormatError(fmt::format("a stored value has the type \"{}\" without a number that fits", type));
  }
  return row.real(value_column);
}

/// Attributes are JSON as Python writes it.
std::string json_of(const SqliteQuery& row, int key_column) {
  std::string text(row.text(key_column + 1));
  if (!nlohmann::json::accept(text) && format::parse_python_json(text).is_discarded()) {
    throw FormatError(
        fmt::format("attribute \"{}\" is not JSON; restore a copy of the file, or keep it as a text "
                    "with `fmnist-tune check --repair`",
                    row.text(key_column)));
  }
  return text;
}

void check_choice(const Param& param) {
  const auto* categorical = std::get_if<CategoricalDistribution>(&param.distribution);
  if (categorical == nullptr) {
    return;
  }
  const auto n_choices = static_cast<double>(categorical->choices.size());
  if (!(param.value >= 0.0 && param.value < n_choices && param.value == std::floor(param.value))) {
    throw FormatError(fmt::format("parameter \"{}\" has choice {} of {}", param.name, param.value, n_choices));
  }
}

std::optional<Timestamp> time_of(const SqliteQuery& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(timestamp_from_string(row.text(column)));
}

/// Says in which trial the file is not as it should be.
template <typename Body>
void naming_trial(const FrozenTrial& trial, Body&& body) {
  try {
    body();
  } catch (const FormatError& error) {
    throw FormatError(fmt::format("trial {}: {}", trial.number.value, error.what()));
  }
}

/// Columns: trial_id, number, state, datetime_start, datetime_complete.
FrozenTrial head_of(const SqliteQuery& row) {
  if (row.is_null(1)) {
    throw FormatError(fmt::format("the trial with id {} has no number", row.integer(0)));
  }
  FrozenTrial trial;
  trial.id = TrialId{row.integer(0)};
  trial.number = TrialNumber{row.integer(1)};
  naming_trial(trial, [&] {
    trial.state = trial_state_from_string(row.text(2));
    trial.datetime_start = time_of(row, 3);
    trial.datetime_complete = time_of(row, 4);
  });
  return trial;
}

Attributes read_study_attributes(SqliteConnection& connection, const char* sql, StudyId study) {
  Attributes attributes;
  SqliteQuery rows = connection.query(sql);
  rows.bind(study.value);
  while (rows.next()) {
    attributes.insert_or_assign(std::string(rows.text(0)), json_of(rows, 0));
  }
  return attributes;
}

StudyRecord study_of(SqliteConnection& connection, StudyId id, std::string name) {
  StudyRecord study{id, std::move(name), {}, {}, {}};
  try {
    study.directions = read_directions(connection, id);
    if (study.directions.empty()) throw FormatError("it has no objective");
    study.user_attrs = read_study_attributes(
        connection, "SELECT \"key\", value_json FROM study_user_attributes WHERE study_id = ?", id);
    study.system_attrs = read_study_attributes(
        connection, "SELECT \"key\", value_json FROM study_system_attributes WHERE study_id = ?", id);
  } catch (const FormatError& error) {
    throw FormatError(fmt::format("study \"{}\": {}", study.name, error.what()));
  }
  return study;
}

void write_attributes(SqliteConnection& connection, const char* sql, std::int64_t id,
                      const Attributes& attributes) {
  SqliteQuery insert = connection.query(sql);
  for (const auto& [key, value] : attributes) {
    insert.bind(id).bind(std::string_view(key)).bind(std::string_view(value)).run();
  }
}

}  // namespace

std::optional<std::string> to_column(const std::optional<Timestamp>& time) {
  return time ? std::optional(to_string(*time)) : std::nullopt;
}

std::vector<Direction> read_directions(SqliteConnection& connection, StudyId study) {
  std::vector<Direction> directions;
  SqliteQuery rows =
      connection.query("SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective");
  rows.bind(study.value);
  while (rows.next()) {
    directions.push_back(direction_from_string(rows.text(0)));
    if (to_string(directions.back()) != rows.text(0)) {
      throw FormatError(fmt::format("not a stored direction: \"{}\"", rows.text(0)));
    }
  }
  return directions;
}

std::optional<StudyRecord> read_study(SqliteConnection& connection, std::string_view name) {
  StudyId id;
  {
    SqliteQuery row = connection.query("SELECT study_id FROM studies WHERE study_name = ?");
    row.bind(name);
    if (!row.next()) {
      return std::nullopt;
    }
    id.value = row.integer(0);
  }
  return study_of(connection, id, std::string(name));
}

std::vector<StudyRecord> read_studies(SqliteConnection& connection) {
  std::vector<StudyRecord> studies;
  SqliteQuery rows = connection.query("SELECT study_id, study_name FROM studies ORDER BY study_id");
  while (rows.next()) {
    studies.push_back(study_of(connection, StudyId{rows.integer(0)}, std::string(rows.text(1))));
  }
  return studies;
}

std::vector<FrozenTrial> TrialReader::read(SqliteQuery& heads, bool with_intermediate, std::int64_t n_trials) {
  std::vector<FrozenTrial> trials;
  trials.reserve(static_cast<std::size_t>(n_trials));
  while (heads.next()) {
    trials.push_back(head_of(heads));
  }
  complete(trials, with_intermediate);
  return trials;
}

std::vector<FrozenTrial> TrialReader::read_range(StudyId study, const TrialRange& range) {
  const bool by_scan = faster_walk(*connection_, range.n_trials) == RowWalk::kScan;
  SqliteQuery heads = connection_->query(
      by_scan ? "SELECT " TUNE_TRIAL_COLUMNS
                " FROM trials NOT INDEXED WHERE study_id = ? AND trial_id BETWEEN ? AND ? ORDER BY trial_id"
              : "SELECT " TUNE_TRIAL_COLUMNS
                " FROM trials WHERE study_id = ? AND trial_id BETWEEN ? AND ? ORDER BY trial_id");
  heads.bind(study.value).bind(range.first.value).bind(range.last.value);
  return read(heads, true, range.n_trials);
}

std::optional<FrozenTrial> TrialReader::read_one(TrialId trial) {
  SqliteQuery heads = connection_->query("SELECT " TUNE_TRIAL_COLUMNS " FROM trials WHERE trial_id = ?");
  heads.bind(trial.value);
  std::vector<FrozenTrial> trials = read(heads);
  return trials.empty() ? std::nullopt : std::optional(std::move(trials.front()));
}

std::vector<Param> TrialReader::read_params(TrialId trial) {
  FrozenTrial holder;
  holder.id = trial;
  read_params_of({&holder, 1}, RowWalk::kIndex);
  return std::move(holder.params);
}

auto TrialReader::known(std::string_view json) -> const Distributions::value_type& {
  const auto found = distributions_.find(json);
  return found != distributions_.end() ? *found
                                       : *distributions_.emplace(json, distribution_from_json(json)).first;
}

const Distribution& TrialReader::distribution(std::string_view json) {
  return known(json).second;
}

const Distribution& TrialReader::distribution(std::string_view json, std::size_t place) {
  if (place >= last_met_.size()) {
    last_met_.resize(place + 1, nullptr);
  }
  if (last_met_[place] == nullptr || last_met_[place]->first != json) {
    last_met_[place] = &known(json);
  }
  return last_met_[place]->second;
}

/// How to read rows of a table that belong to trials.
struct TrialReader::RowsOf {
  /// `id` is the table's primary key, `order` the column that puts the rows of one trial in order.
  RowsOf(const char* columns, const char* table, const char* id, const char* order)
      : by_index(fmt::format("SELECT trial_id, {} FROM {} WHERE trial_id BETWEEN ? AND ? ORDER BY trial_id, {}",
                             columns, table, order)),
        by_scan(fmt::format("SELECT trial_id, {} FROM {} NOT INDEXED ORDER BY {}", columns, table, id)) {}

  std::string by_index;  ///< Those of trials ?1 … ?2, trial after trial, through the index.
  std::string by_scan;   ///< All, in the order they were written: several times faster where most are wanted.
};

/// Walks over the rows of all trials between the lowest and the highest id, and hands on those that belong to
/// one of `trials`; the first column is the trial's id.
template <typename Add>
void TrialReader::for_each_row(std::span<FrozenTrial> trials, RowWalk walk, const RowsOf& rows_of, Add&& add) {
  const auto by_id = [](const FrozenTrial& a, const FrozenTrial& b) { return a.id < b.id; };
  const auto [lowest, highest] = std::minmax_element(trials.begin(), trials.end(), by_id);
  const std::int64_t first = lowest->id.value;
  std::vector<FrozenTrial*> place(static_cast<std::size_t>(highest->id.value - first) + 1, nullptr);
  for (FrozenTrial& trial : trials) {
    place[static_cast<std::size_t>(trial.id.value - first)] = &trial;
  }
  SqliteQuery rows = connection_->query((walk == RowWalk::kScan ? rows_of.by_scan : rows_of.by_index).c_str());
  if (walk == RowWalk::kIndex) {
    rows.bind(first).bind(highest->id.value);
  }
  while (rows.next()) {
    // A damaged table also gives rows that were not asked for.
    const std::uint64_t offset =
        static_cast<std::uint64_t>(rows.integer(0)) - static_cast<std::uint64_t>(first);
    FrozenTrial* trial = offset < place.size() ? place[offset] : nullptr;
    if (trial != nullptr) {
      naming_trial(*trial, [&] { add(*trial, rows); });
    }
  }
}

/// How to walk over all rows of these trials.
RowWalk TrialReader::walk_for(std::span<const FrozenTrial> trials) {
  const auto by_id = [](const FrozenTrial& a, const FrozenTrial& b) { return a.id < b.id; };
  const auto [lowest, highest] = std::minmax_element(trials.begin(), trials.end(), by_id);
  return faster_walk(*connection_, highest->id.value - lowest->id.value + 1);
}

void TrialReader::complete(std::span<FrozenTrial> trials, bool with_intermediate) {
  if (trials.empty()) {
    return;
  }
  const auto by_id = [](const FrozenTrial& a, const FrozenTrial& b) { return a.id < b.id; };
  const auto [lowest, highest] = std::minmax_element(trials.begin(), trials.end(), by_id);
  // Unsigned, because a damaged file may hold any two ids.
  const std::uint64_t width =
      static_cast<std::uint64_t>(highest->id.value) - static_cast<std::uint64_t>(lowest->id.value);
  constexpr std::uint64_t kRowsWorthOneQuery = 64;
  if (width / kRowsWorthOneQuery < trials.size()) {
    complete_block(trials, with_intermediate);
    return;
  }
  for (std::size_t i = 0; i < trials.size(); ++i) {
    complete_block(trials.subspan(i, 1), with_intermediate);
  }
}

void TrialReader::read_values_of(std::span<FrozenTrial> trials, RowWalk walk) {
  static const RowsOf kValues("value, value_type, objective", "trial_values", "trial_value_id", "objective");
  const FrozenTrial* last = nullptr;
  std::int64_t last_objective = 0;
  bool are_in_order = true;
  for_each_row(trials, walk, kValues, [&](FrozenTrial& trial, SqliteQuery& row) {
    const std::int64_t objective = row.integer(3);
    are_in_order = are_in_order && (trial.values.empty() || (&trial == last && objective > last_objective));
    last = &trial;
    last_objective = objective;
    trial.values.push_back(decode(row, 1, 2, NaNs::kRefused));
  });
  if (are_in_order || walk == RowWalk::kIndex) {
    return;
  }
  // Another program wrote the objectives in an order of its own.
  for (FrozenTrial& trial : trials) {
    trial.values.clear();
  }
  read_values_of(trials, RowWalk::kIndex);
}

void TrialReader::read_params_of(std::span<FrozenTrial> trials, RowWalk walk) {
  static const RowsOf kParams("param_name, param_value, distribution_json", "trial_params", "param_id",
                              "param_id");
  std::size_t most = 0;
  for_each_row(trials, walk, kParams, [this, &most](FrozenTrial& trial, SqliteQuery& row) {
    if (trial.params.empty()) {
      trial.params.reserve(most);  // Trials of a study are alike.
    }
    trial.params.push_back(
        Param{std::string(row.text(1)), row.real(2), distribution(row.text(3), trial.params.size())});
    check_choice(trial.params.back());
    most = std::max(most, trial.params.size());
  });
}

void TrialReader::complete_block(std::span<FrozenTrial> trials, bool with_intermediate) {
  static const RowsOf kUserAttributes("\"key\", value_json", "trial_user_attributes", "trial_user_attribute_id",
                                      "trial_user_attribute_id");
  static const RowsOf kSystemAttributes("\"key\", value_json", "trial_system_attributes",
                                        "trial_system_attribute_id", "trial_system_attribute_id");
  static const RowsOf kIntermediate("step, intermediate_value, intermediate_value_type",
                                    "trial_intermediate_values", "trial_intermediate_value_id",
                                    "trial_intermediate_value_id");
  const RowWalk walk = walk_for(trials);
  read_values_of(trials, walk);
  read_params_of(trials, walk);
  for_each_row(trials, walk, kUserAttributes, [](FrozenTrial& trial, SqliteQuery& row) {
    trial.user_attrs.insert_or_assign(std::string(row.text(1)), json_of(row, 1));
  });
  for_each_row(trials, walk, kSystemAttributes, [](FrozenTrial& trial, SqliteQuery& row) {
    trial.system_attrs.insert_or_assign(std::string(row.text(1)), json_of(row, 1));
  });
  for (const FrozenTrial& trial : trials) {
    // Looked at here, because later nobody knows which file they came from.
    naming_trial(trial, [&] {
      (void)trial.constraints();
      if (trial.state == TrialState::kComplete && trial.values.empty()) {
        throw FormatError("it is COMPLETE without a value");
      }
    });
  }
  if (with_intermediate) {
    for_each_row(trials, walk, kIntermediate, [](FrozenTrial& trial, SqliteQuery& row) {
      trial.intermediate.push_back({row.integer(1), decode(row, 2, 3, NaNs::kAllowed)});
    });
  }
}

void write_directions(SqliteConnection& connection, StudyId study, const std::vector<Direction>& directions) {
  SqliteQuery insert =
      connection.query("INSERT INTO study_directions (direction, study_id, objective) VALUES (?, ?, ?)");
  std::int64_t objective = 0;
  for (const Direction direction : directions) {
    insert.bind(to_string(direction)).bind(study.value).bind(objective++).run();
  }
}

void write_study_attributes(SqliteConnection& connection, StudyId study, AttributeKind kind,
                            const Attributes& attributes) {
  write_attributes(connection,
                   kind == AttributeKind::kUser
                       ? "INSERT INTO study_user_attributes (study_id, \"key\", value_json) VALUES (?, ?, ?) "
                         "ON CONFLICT (study_id, \"key\") DO UPDATE SET value_json = excluded.value_json"
                       : "INSERT INTO study_system_attributes (study_id, \"key\", value_json) VALUES (?, ?, ?) "
                         "ON CONFLICT (study_id, \"key\") DO UPDATE SET value_json = excluded.value_json",
                   study.value, attributes);
}

void write_trial_attributes(SqliteConnection& connection, TrialId trial, AttributeKind kind,
                            const Attributes& attributes) {
  write_attributes(connection,
                   kind == AttributeKind::kUser
                       ? "INSERT INTO trial_user_attributes (trial_id, \"key\", value_json) VALUES (?, ?, ?) "
                         "ON CONFLICT (trial_id, \"key\") DO UPDATE SET value_json = excluded.value_json"
                       : "INSERT INTO trial_system_attributes (trial_id, \"key\", value_json) VALUES (?, ?, ?) "
                         "ON CONFLICT (trial_id, \"key\") DO UPDATE SET value_json = excluded.value_json",
                   trial.value, attributes);
}

void write_difference(SqliteConnection& connection, const FrozenTrial& before, const FrozenTrial& after) {
  for (const Param& param : before.params) {
    if (after.find_param(param.name) == nullptr) {
      connection.query("DELETE FROM trial_params WHERE trial_id = ? AND param_name = ?")
          .bind(before.id.value)
          .bind(std::string_view(param.name))
          .run();
    }
  }
  const auto has_step = [](const FrozenTrial& trial, std::int64_t step) {
    return std::any_of(trial.intermediate.begin(), trial.intermediate.end(),
                       [&](const IntermediateValue& report) { return report.step == step; });
  };
  for (const IntermediateValue& report : before.intermediate) {
    if (!has_step(after, report.step)) {
      connection.query("DELETE FROM trial_intermediate_values WHERE trial_id = ? AND step = ?")
          .bind(before.id.value)
          .bind(report.step)
          .run();
    }
  }
  for (const IntermediateValue& report : after.intermediate) {
    if (!has_step(before, report.step)) {
      write_intermediate(connection, before.id, report);
    }
  }
  for (const auto& [key, value] : before.system_attrs) {
    if (!after.system_attrs.contains(key)) {
      erase_system_attribute(connection, before.id, key);
    }
  }
  Attributes changed;
  for (const auto& [key, value] : after.system_attrs) {
    const auto old = before.system_attrs.find(key);
    if (old == before.system_attrs.end() || old->second != value) {
      changed.emplace(key, value);
    }
  }
  write_trial_attributes(connection, before.id, AttributeKind::kSystem, changed);
}

void erase_system_attribute(SqliteConnection& connection, TrialId trial, std::string_view key) {
  connection.query("DELETE FROM trial_system_attributes WHERE trial_id = ? AND \"key\" = ?")
      .bind(trial.value)
      .bind(key)
      .run();
}

void erase_optunas_heartbeat(SqliteConnection& connection, TrialId trial) {
  connection.query("DELETE FROM trial_heartbeats WHERE trial_id = ?").bind(trial.value).run();
}

void write_param(SqliteConnection& connection, TrialId trial, const Param& param) {
  connection
      .query(
          "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) "
          "VALUES (?, ?, ?, ?)")
      .bind(trial.value)
      .bind(std::string_view(param.name))
      .bind(param.value)
      .bind(std::string_view(tune::to_json(param.distribution)))
      .run();
}

bool write_intermediate(SqliteConnection& connection, TrialId trial, const IntermediateValue& report) {
  const Encoded encoded = encode(report.value);
  connection
      .query(
          "INSERT OR IGNORE INTO trial_intermediate_values "
          "(trial_id, step, intermediate_value, intermediate_value_type) VALUES (?, ?, ?, ?)")
      .bind(trial.value)
      .bind(report.step)
      .bind(encoded.value)
      .bind(encoded.type)
      .run();
  return connection.changed_rows() > 0;
}

void write_values(SqliteConnection& connection, TrialId trial, const std::vector<double>& values) {
  SqliteQuery insert =
      connection.query("INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, ?, ?, ?)");
  std::int64_t objective = 0;
  for (const double value : values) {
    const Encoded encoded = encode(value);
    insert.bind(trial.value).bind(objective++).bind(encoded.value).bind(encoded.type).run();
  }
}

void write_trial(SqliteConnection& connection, StudyId study, FrozenTrial& trial) {
  connection
      .query(
          "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete) "
          "VALUES (?, ?, ?, ?, ?)")
      .bind(trial.number.value)
      .bind(study.value)
      .bind(to_string(trial.state))
      .bind(to_column(trial.datetime_start))
      .bind(to_column(trial.datetime_complete))
      .run();
  trial.id = TrialId{connection.last_insert_id()};
  write_values(connection, trial.id, trial.values);
  for (const Param& param : trial.params) {
    write_param(connection, trial.id, param);
  }
  for (const IntermediateValue& report : trial.intermediate) {
    write_intermediate(connection, trial.id, report);
  }
  write_trial_attributes(connection, trial.id, AttributeKind::kUser, trial.user_attrs);
  write_trial_attributes(connection, trial.id, AttributeKind::kSystem, trial.system_attrs);
}

void erase_study(SqliteConnection& connection, StudyId study) {
  constexpr std::array kOfTrials = {
      "DELETE FROM trial_values WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?)",
      "DELETE FROM trial_params WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?)",
      "DELETE FROM trial_intermediate_values WHERE trial_id IN "
      "(SELECT trial_id FROM trials WHERE study_id = ?)",
      "DELETE FROM trial_user_attributes WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?)",
      "DELETE FROM trial_system_attributes WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?)",
      "DELETE FROM trial_heartbeats WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?)",
      "DELETE FROM trials WHERE study_id = ?",
      "DELETE FROM study_user_attributes WHERE study_id = ?",
      "DELETE FROM study_system_attributes WHERE study_id = ?",
      "DELETE FROM study_directions WHERE study_id = ?",
      "DELETE FROM studies WHERE study_id = ?"};
  for (const char* sql : kOfTrials) {
    connection.query(sql).bind(study.value).run();
  }
}

}  // namespace tune::storages
