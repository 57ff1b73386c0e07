#include "tune/storages/sqlite_schema.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "tune/error.hpp"

namespace tune::storages {
namespace {

/// Character for character what SQLAlchemy makes of Optuna 5.0.0's models.
constexpr const char* kTables = R"sql(
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);

CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);

CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);

CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);

CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);

CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);

CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);

CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);

CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);

CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);

CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);

CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);

CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);

CREATE INDEX ix_trials_study_id ON trials (study_id);
)sql";

/// The library that wrote the file, for `version_info`: the Optuna release whose layout this is.
constexpr const char* kLibraryVersion = "5.0.0";

constexpr std::array kTableNames = {"studies",
                                    "study_directions",
                                    "study_system_attributes",
                                    "study_user_attributes",
                                    "trial_heartbeats",
                                    "trial_intermediate_values",
                                    "trial_params",
                                    "trial_system_attributes",
                                    "trial_user_attributes",
                                    "trial_values",
                                    "trials",
                                    "version_info"};

/// A value as one number. Optuna keeps infinities as a type beside an empty value.
constexpr const char* kNumber =
    "coalesce(v.value, CASE v.value_type WHEN 'INF_POS' THEN 9e999 WHEN 'INF_NEG' THEN -9e999 END)";

/// What makes a trial infeasible: a positive entry of the list `constraints` (unless `constraints:<index>`
/// replaces it) or a positive `constraints:<name>`. Python's bare words are made readable first. {0} is the
/// trial.
constexpr const char* kViolated = R"sql(SELECT 1
  FROM trial_system_attributes a,
       json_each(replace(replace(a.value_json, 'NaN', '1'), 'Infinity', '9e999')) c
  WHERE a.trial_id = {0} AND a."key" >= 'constraints' AND a."key" < 'constraints;'
    AND (a."key" = 'constraints' OR a."key" >= 'constraints:') AND c.value > 0
    AND NOT (a."key" = 'constraints' AND EXISTS (
      SELECT 1 FROM trial_system_attributes o
      WHERE o.trial_id = {0} AND o."key" = 'constraints:' || c.key)))sql";

/// The trials of study {0}, found by its index.
constexpr const char* kTrialsByStudy = R"sql(trials t
    JOIN trial_values v ON v.trial_id = t.trial_id AND v.objective = 0
    JOIN study_directions d ON d.study_id = t.study_id AND d.objective = 0
  WHERE t.study_id = {0})sql";

/// The same, found by walking over all values of the file: half the time where most are the study's. CROSS and
/// the sign keep SQLite to this order.
constexpr const char* kTrialsByScan = R"sql(study_directions d
    CROSS JOIN trial_values v
    CROSS JOIN trials t
  WHERE d.study_id = {0} AND d.objective = 0 AND v.objective = 0 AND t.trial_id = v.trial_id
    AND +t.study_id = {0})sql";

/// Best first. {0} are the trials, {2} a limit, which also keeps SQLite from merging this into the query around
/// it, which would then look at the constraints of every trial.
constexpr const char* kRanked = R"sql(SELECT t.trial_id, {1} AS number_value
  FROM {0} AND t.state = 'COMPLETE'
    AND (v.value IS NOT NULL OR v.value_type <> 'FINITE')
  ORDER BY {1} * (1 - 2 * (d.direction = 'MAXIMIZE')), t.number
  LIMIT {2})sql";

/// All parameters of trial {0} as one JSON object, in the order they were suggested: choices as they were
/// given (cut out of the distribution, because json_extract makes 1 of true), integers without a fraction,
/// numbers with the 17 digits that a double needs.
constexpr const char* kParams = R"sql(SELECT '{{' || coalesce(group_concat(member, ', '), '') || '}}' FROM (
      SELECT json_quote(p.param_name) || ': ' || CASE
          WHEN NOT json_valid(p.distribution_json) THEN printf('%!.17g', p.param_value)
          WHEN p.distribution_json ->> '$.name' = 'CategoricalDistribution'
          THEN p.distribution_json -> ('$.attributes.choices[' || CAST(p.param_value AS INTEGER) || ']')
          WHEN p.distribution_json ->> '$.name' LIKE 'Int%' THEN CAST(CAST(p.param_value AS INTEGER) AS TEXT)
          ELSE printf('%!.17g', p.param_value) END AS member
      FROM trial_params p WHERE p.trial_id = {0} ORDER BY p.param_id LIMIT -1))sql";

std::string best_trial_view() {
  // Mostly the very best is feasible, and finding one maximum costs a fraction of sorting all.
  const auto feasible_among = [](const char* limit) {
    return fmt::format("SELECT r.trial_id FROM ({}) r\n    WHERE NOT EXISTS ({})\n    LIMIT 1",
                       fmt::format(kRanked, fmt::format(kTrialsByStudy, "s.study_id"), kNumber, limit),
                       fmt::format(kViolated, "r.trial_id"));
  };
  return fmt::format(R"sql(CREATE VIEW best_trial AS
SELECT s.study_name, b.number, {number} AS value,
  ({params}) AS params,
  b.datetime_start, b.datetime_complete, b.trial_id
FROM studies s
  JOIN trials b ON b.trial_id = coalesce((
    {best}), (
    {feasible}))
  JOIN trial_values v ON v.trial_id = b.trial_id AND v.objective = 0
WHERE (SELECT count(*) FROM study_directions c WHERE c.study_id = s.study_id) = 1)sql",
                     fmt::arg("number", kNumber), fmt::arg("params", fmt::format(kParams, "b.trial_id")),
                     fmt::arg("best", feasible_among("1")), fmt::arg("feasible", feasible_among("-1")));
}

std::string trial_table_view() {
  return fmt::format(R"sql(CREATE VIEW trial_table AS
SELECT s.study_name, t.number, t.state,
  (SELECT CASE count(*) WHEN 1 THEN max({number}) END
   FROM trial_values v WHERE v.trial_id = t.trial_id) AS value,
  (SELECT '[' || group_concat(shown, ', ') || ']' FROM (
      SELECT CASE v.value_type WHEN 'INF_POS' THEN '"Infinity"' WHEN 'INF_NEG' THEN '"-Infinity"'
        ELSE printf('%!.17g', v.value) END AS shown
      FROM trial_values v WHERE v.trial_id = t.trial_id ORDER BY v.objective LIMIT -1)) AS all_values,
  ({params}) AS params,
  t.datetime_start, t.datetime_complete,
  strftime('%s', t.datetime_complete) - strftime('%s', t.datetime_start)
    + substr(t.datetime_complete, 20) - substr(t.datetime_start, 20) AS duration_seconds,
  t.trial_id
FROM trials t JOIN studies s ON s.study_id = t.study_id
ORDER BY t.study_id, t.number)sql",
                     fmt::arg("number", kNumber), fmt::arg("params", fmt::format(kParams, "t.trial_id")));
}

/// Type of the object of that name ("table", "view"), with its text; empty when there is none.
struct SchemaObject {
  std::string type;
  std::string sql;
};

SchemaObject find_object(SqliteConnection& connection, std::string_view name) {
  SqliteQuery query =
      connection.query("SELECT type, sql FROM sqlite_master WHERE name = ? AND type IN ('table', 'view')");
  query.bind(name);
  return query.next() ? SchemaObject{std::string(query.text(0)), std::string(query.text(1))} : SchemaObject{};
}

struct View {
  const char* name;
  std::string sql;
};

std::array<View, 2> views() {
  return {View{"best_trial", best_trial_view()}, View{"trial_table", trial_table_view()}};
}

bool is_current(const SchemaObject& object, const View& view) {
  return object.type == "table" || object.sql == view.sql;
}

[[noreturn]] void refuse(const SqliteConnection& connection, const std::string& reason) {
  throw StorageError(fmt::format("{}: {}", connection.path().string(), reason));
}

}  // namespace

bool is_empty_database(SqliteConnection& connection) {
  return !connection.query("SELECT 1 FROM sqlite_master LIMIT 1").next();
}

void check_schema(SqliteConnection& connection) {
  for (const char* name : kTableNames) {
    const SchemaObject object = find_object(connection, name);
    if (object.type != "table" || object.sql.starts_with("CREATE VIRTUAL")) {
      refuse(connection, fmt::format("this SQLite file is not a study storage: it has no table \"{}\"; name "
                                     "another file",
                                     name));
    }
  }
  SqliteQuery info = connection.query("SELECT schema_version FROM version_info");
  if (!info.next() || info.integer(0) != kSchemaVersion) {
    refuse(connection, fmt::format("it does not have schema version {} of Optuna; bring it there with "
                                   "`optuna storage upgrade`",
                                   kSchemaVersion));
  }
  const std::string revision_type = find_object(connection, "alembic_version").type;
  if (revision_type.empty()) {
    return;  // Optuna itself puts it back.
  }
  if (revision_type != "table") {
    refuse(connection, "this SQLite file is not a study storage: its alembic_version is not a table");
  }
  SqliteQuery revision = connection.query("SELECT version_num FROM alembic_version");
  if (revision.next() && revision.text(0) != kAlembicVersion) {
    refuse(connection, fmt::format("its schema revision is {}, but {} is needed; bring it there with "
                                   "`optuna storage upgrade`",
                                   revision.text(0), kAlembicVersion));
  }
}

void create_schema(SqliteConnection& connection) {
  connection.execute(kTables);
  connection.query("INSERT INTO version_info VALUES (1, ?, ?)")
      .bind(std::int64_t{kSchemaVersion})
      .bind(std::string_view(kLibraryVersion))
      .run();
  connection.query("INSERT INTO alembic_version VALUES (?)").bind(std::string_view(kAlembicVersion)).run();
}

bool has_current_views(SqliteConnection& connection) {
  for (const View& view : views()) {
    if (!is_current(find_object(connection, view.name), view)) {
      return false;
    }
  }
  return true;
}

void create_views(SqliteConnection& connection) {
  for (const View& view : views()) {
    const SchemaObject stored = find_object(connection, view.name);
    if (is_current(stored, view)) {
      continue;
    }
    if (stored.type == "view") {
      connection.execute(fmt::format("DROP VIEW {}", view.name));
    }
    connection.execute(view.sql);
  }
}

RowWalk faster_walk(SqliteConnection& connection, std::int64_t n_trials) {
  constexpr std::int64_t kFewTrials = 1000;
  constexpr std::int64_t kScanIsSoMuchFaster = 3;
  if (n_trials < kFewTrials) {
    return RowWalk::kIndex;
  }
  SqliteQuery last = connection.query("SELECT max(trial_id) FROM trials");
  const bool are_most = last.next() && last.integer(0) / kScanIsSoMuchFaster <= n_trials;
  return are_most ? RowWalk::kScan : RowWalk::kIndex;
}

RowWalk faster_walk(SqliteConnection& connection, StudyId study) {
  SqliteQuery count = connection.query("SELECT count(*) FROM trials WHERE study_id = ?");
  count.bind(study.value);
  return faster_walk(connection, count.next() ? count.integer(0) : 0);
}

const char* ranked_trials_sql(RowWalk walk) {
  const auto text = [](const char* trials) {
    return fmt::format(kRanked, fmt::format(fmt::runtime(trials), "?1"), kNumber, "?2");
  };
  static const std::string by_index = text(kTrialsByStudy);
  static const std::string by_scan = text(kTrialsByScan);
  return walk == RowWalk::kScan ? by_scan.c_str() : by_index.c_str();
}

const char* violated_sql() {
  static const std::string sql = fmt::format(kViolated, "?1");
  return sql.c_str();
}

}  // namespace tune::storages
