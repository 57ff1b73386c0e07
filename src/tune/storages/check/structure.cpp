#include <fmt/format.h>

#include "tune/error.hpp"
#include "tune/storages/check/checks.hpp"
#include "tune/storages/sqlite_schema.hpp"

// What holds for a file as a whole, before anybody asks what a trial means.
namespace tune::storages::check {
namespace {

/// SQLite stops by itself after a hundred.
Findings find_damage(SqliteConnection& connection, const CheckOptions&) {
  Findings findings;
  SqliteQuery rows = connection.query("SELECT NULL, NULL, integrity_check FROM pragma_integrity_check");
  while (rows.next()) {
    if (rows.text(2) == "ok") continue;
    findings.push_back(finding_of("integrity", rows, fmt::format("SQLite says: {}", rows.text(2)), false));
  }
  return findings;
}

Findings find_old_views(SqliteConnection& connection, const CheckOptions&) {
  const bool has_any =
      connection
          .query("SELECT 1 FROM sqlite_master WHERE type = 'view' AND name IN ('best_trial', 'trial_table')")
          .next();
  if (!has_any || has_current_views(connection)) return {};
  return {{"views", std::nullopt, std::nullopt,
           "the views best_trial and trial_table are missing in part or those of another version", true,
           false}};
}

void renew_views(SqliteConnection& connection, const CheckOptions& options) {
  if (!find_old_views(connection, options).empty()) create_views(connection);
}

/// Rows that belong to nothing: what a program without transactions leaves when it is killed.
constexpr const char* kOrphans = R"sql(
SELECT NULL, NULL, printf('%d row(s) of %s belong to no %s', count(*), source, owner), 1 FROM (
  SELECT 'trial_values' AS source, 'trial' AS owner FROM trial_values
    WHERE trial_id NOT IN (SELECT trial_id FROM trials)
  UNION ALL SELECT 'trial_params', 'trial' FROM trial_params
    WHERE trial_id IS NULL OR trial_id NOT IN (SELECT trial_id FROM trials)
  UNION ALL SELECT 'trial_intermediate_values', 'trial' FROM trial_intermediate_values
    WHERE trial_id NOT IN (SELECT trial_id FROM trials)
  UNION ALL SELECT 'trial_user_attributes', 'trial' FROM trial_user_attributes
    WHERE trial_id IS NULL OR trial_id NOT IN (SELECT trial_id FROM trials)
  UNION ALL SELECT 'trial_system_attributes', 'trial' FROM trial_system_attributes
    WHERE trial_id IS NULL OR trial_id NOT IN (SELECT trial_id FROM trials)
  UNION ALL SELECT 'trial_heartbeats', 'trial' FROM trial_heartbeats
    WHERE trial_id NOT IN (SELECT trial_id FROM trials)
  UNION ALL SELECT 'study_directions', 'study' FROM study_directions
    WHERE study_id NOT IN (SELECT study_id FROM studies)
  UNION ALL SELECT 'study_user_attributes', 'study' FROM study_user_attributes
    WHERE study_id IS NULL OR study_id NOT IN (SELECT study_id FROM studies)
  UNION ALL SELECT 'study_system_attributes', 'study' FROM study_system_attributes
    WHERE study_id IS NULL OR study_id NOT IN (SELECT study_id FROM studies))
GROUP BY source)sql";

constexpr const char* kStrayTrials = R"sql(
SELECT NULL, number, printf('the trial with id %d and state %s belongs to no study%s', trial_id, state,
    CASE WHEN state IN ('COMPLETE', 'PRUNED', 'FAIL') THEN '; it is finished, so it is left where it is' ELSE '' END),
  state NOT IN ('COMPLETE', 'PRUNED', 'FAIL')
FROM trials WHERE study_id IS NULL OR study_id NOT IN (SELECT study_id FROM studies))sql";

constexpr const char* kNoDirection = R"sql(
SELECT s.study_name, NULL, 'the study has no objective', 0 FROM studies s
WHERE NOT EXISTS (SELECT 1 FROM study_directions d WHERE d.study_id = s.study_id)
UNION ALL
SELECT s.study_name, NULL,
  printf('its %d objectives are numbered %d to %d', count(*), min(d.objective), max(d.objective)), 0
FROM studies s JOIN study_directions d ON d.study_id = s.study_id
GROUP BY s.study_id HAVING min(d.objective) <> 0 OR max(d.objective) <> count(*) - 1)sql";

constexpr const char* kDirections = R"sql(
SELECT s.study_name, NULL, printf('objective %d has the direction %s', d.objective, quote(d.direction)),
  upper(d.direction) IN ('NOT_SET', 'MINIMIZE', 'MAXIMIZE')
FROM study_directions d JOIN studies s ON s.study_id = d.study_id
WHERE d.direction NOT IN ('NOT_SET', 'MINIMIZE', 'MAXIMIZE'))sql";

std::vector<const char*> delete_orphans() {
  return {"DELETE FROM trial_values WHERE trial_id NOT IN (SELECT trial_id FROM trials)",
          "DELETE FROM trial_params WHERE trial_id IS NULL OR trial_id NOT IN (SELECT trial_id FROM trials)",
          "DELETE FROM trial_intermediate_values WHERE trial_id NOT IN (SELECT trial_id FROM trials)",
          "DELETE FROM trial_user_attributes WHERE trial_id IS NULL "
          "OR trial_id NOT IN (SELECT trial_id FROM trials)",
          "DELETE FROM trial_system_attributes WHERE trial_id IS NULL "
          "OR trial_id NOT IN (SELECT trial_id FROM trials)",
          "DELETE FROM trial_heartbeats WHERE trial_id NOT IN (SELECT trial_id FROM trials)",
          "DELETE FROM study_directions WHERE study_id NOT IN (SELECT study_id FROM studies)",
          "DELETE FROM study_user_attributes WHERE study_id IS NULL "
          "OR study_id NOT IN (SELECT study_id FROM studies)",
          "DELETE FROM study_system_attributes WHERE study_id IS NULL "
          "OR study_id NOT IN (SELECT study_id FROM studies)"};
}

}  // namespace

std::vector<Check> structure_checks() {
  return {{"integrity", find_damage, {}},
          {"views", find_old_views, renew_views},
          sql_check("stray-trials", kStrayTrials,
                    {"DELETE FROM trials WHERE state NOT IN ('COMPLETE', 'PRUNED', 'FAIL') AND "
                     "(study_id IS NULL OR study_id NOT IN (SELECT study_id FROM studies))"}),
          sql_check("orphans", kOrphans, delete_orphans()),
          sql_check("objectives", kNoDirection),
          sql_check("directions", kDirections,
                    {"UPDATE study_directions SET direction = upper(direction) WHERE direction NOT IN "
                     "('NOT_SET', 'MINIMIZE', 'MAXIMIZE') AND upper(direction) IN "
                     "('NOT_SET', 'MINIMIZE', 'MAXIMIZE')"})};
}

}  // namespace tune::storages::check
