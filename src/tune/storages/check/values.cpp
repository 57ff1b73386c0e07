#include "tune/storages/check/checks.hpp"

// What trials told: final values and intermediate ones.
namespace tune::storages::check {
namespace {

/// Optuna keeps infinities as a type beside an empty value, and a number only beside FINITE.
constexpr const char* kValues = R"sql(
SELECT s.study_name, t.number, printf('its value %s of objective %d has the type %s',
    quote(v.value), v.objective, quote(v.value_type)),
  (upper(v.value_type) = 'FINITE' AND typeof(v.value) IN ('real', 'integer'))
    OR upper(v.value_type) IN ('INF_POS', 'INF_NEG')
FROM trial_values v JOIN trials t ON t.trial_id = v.trial_id JOIN studies s ON s.study_id = t.study_id
WHERE NOT coalesce((v.value_type = 'FINITE' AND typeof(v.value) IN ('real', 'integer')
                    AND abs(v.value) < 9e999)
    OR (v.value_type IN ('INF_POS', 'INF_NEG') AND v.value IS NULL), 0))sql";

std::vector<const char*> mend_values() {
  return {
      "UPDATE trial_values SET value_type = upper(value_type) "
      "WHERE upper(value_type) IN ('FINITE', 'INF_POS', 'INF_NEG')",
      "UPDATE trial_values SET value_type = CASE WHEN value > 0 THEN 'INF_POS' ELSE 'INF_NEG' END "
      "WHERE value_type = 'FINITE' AND typeof(value) = 'real' AND abs(value) = 9e999",
      "UPDATE trial_values SET value = NULL "
      "WHERE value_type IN ('INF_POS', 'INF_NEG') AND value IS NOT NULL"};
}

constexpr const char* kReports = R"sql(
SELECT s.study_name, t.number, printf('its intermediate value %s of step %s has the type %s',
    quote(v.intermediate_value), quote(v.step), quote(v.intermediate_value_type)),
  typeof(v.step) = 'integer' AND
    ((upper(v.intermediate_value_type) = 'FINITE' AND typeof(v.intermediate_value) IN ('real', 'integer'))
     OR upper(v.intermediate_value_type) IN ('INF_POS', 'INF_NEG', 'NAN'))
FROM trial_intermediate_values v JOIN trials t ON t.trial_id = v.trial_id
  JOIN studies s ON s.study_id = t.study_id
WHERE typeof(v.step) <> 'integer' OR NOT coalesce(
    (v.intermediate_value_type = 'FINITE' AND typeof(v.intermediate_value) IN ('real', 'integer')
     AND abs(v.intermediate_value) < 9e999)
    OR (v.intermediate_value_type IN ('INF_POS', 'INF_NEG', 'NAN') AND v.intermediate_value IS NULL), 0))sql";

std::vector<const char*> mend_reports() {
  return {
      "UPDATE trial_intermediate_values SET intermediate_value_type = upper(intermediate_value_type) "
      "WHERE upper(intermediate_value_type) IN ('FINITE', 'INF_POS', 'INF_NEG', 'NAN')",
      "UPDATE trial_intermediate_values SET intermediate_value_type = "
      "CASE WHEN intermediate_value > 0 THEN 'INF_POS' ELSE 'INF_NEG' END "
      "WHERE intermediate_value_type = 'FINITE' AND typeof(intermediate_value) = 'real' "
      "AND abs(intermediate_value) = 9e999",
      "UPDATE trial_intermediate_values SET intermediate_value = NULL "
      "WHERE intermediate_value_type IN ('INF_POS', 'INF_NEG', 'NAN') AND intermediate_value IS NOT NULL"};
}

/// Optuna loads a COMPLETE trial without values, and its sampler then fails.
constexpr const char* kCounts = R"sql(
SELECT study_name, number, printf('it is %s with %d value(s), the study has %d objective(s)', state, n_values,
    n_objectives), 0
FROM (
  SELECT s.study_name, t.number, t.state,
    (SELECT count(*) FROM trial_values v WHERE v.trial_id = t.trial_id) AS n_values,
    (SELECT count(*) FROM trial_values v WHERE v.trial_id = t.trial_id
       AND v.objective >= 0 AND v.objective < d.n_objectives) AS n_known,
    d.n_objectives
  FROM trials t JOIN studies s ON s.study_id = t.study_id
    JOIN (SELECT study_id, count(*) AS n_objectives FROM study_directions GROUP BY study_id) d
      ON d.study_id = t.study_id)
WHERE (state = 'COMPLETE' AND n_known <> n_objectives) OR n_values <> n_known)sql";

}  // namespace

std::vector<Check> value_checks() {
  return {sql_check("values", kValues, mend_values()),
          sql_check("intermediate-values", kReports, mend_reports()), sql_check("value-counts", kCounts)};
}

}  // namespace tune::storages::check
