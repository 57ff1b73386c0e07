#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "tune/error.hpp"
#include "tune/storages/check/checks.hpp"

// A trial's own row: its number, its state, its times.
namespace tune::storages::check {
namespace {

constexpr const char* kNoNumber = R"sql(
SELECT s.study_name, NULL,
  printf('the trial with id %d has %s for a number', t.trial_id, quote(t.number)), 0
FROM trials t JOIN studies s ON s.study_id = t.study_id WHERE typeof(t.number) <> 'integer')sql";

constexpr const char* kGaps = R"sql(
SELECT s.study_name, NULL,
  printf('its %d trials are numbered from %d to %d with %d different numbers; they must be 0, 1, 2, … without gaps',
    count(*), min(t.number), max(t.number), count(DISTINCT t.number)), 0
FROM trials t JOIN studies s ON s.study_id = t.study_id WHERE typeof(t.number) = 'integer'
GROUP BY s.study_id
HAVING min(t.number) <> 0 OR max(t.number) <> count(*) - 1 OR count(DISTINCT t.number) <> count(*)
UNION ALL
SELECT study_name, min(number),
  'its number is lower than that of a trial with a lower id; it is the first of its study of which that is true', 0
FROM (
  SELECT s.study_id, s.study_name, t.number,
    max(t.number) OVER (PARTITION BY t.study_id ORDER BY t.trial_id
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS highest
  FROM trials t JOIN studies s ON s.study_id = t.study_id WHERE typeof(t.number) = 'integer')
WHERE number < highest GROUP BY study_id)sql";

constexpr const char* kStates = R"sql(
SELECT s.study_name, t.number, printf('its state is %s', quote(t.state)),
  upper(t.state) IN ('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING')
FROM trials t JOIN studies s ON s.study_id = t.study_id
WHERE t.state NOT IN ('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING'))sql";

/// Optuna reads a trial without times, but its duration then fails, and so does what shows it.
constexpr const char* kMissingTimes = R"sql(
SELECT s.study_name, t.number, printf('it is %s and has no time of %s', t.state,
    CASE WHEN t.datetime_start IS NULL THEN 'start' ELSE 'completion' END), 1
FROM trials t JOIN studies s ON s.study_id = t.study_id
WHERE (t.datetime_start IS NULL AND t.state IN ('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL'))
   OR (t.datetime_complete IS NULL AND t.state IN ('COMPLETE', 'PRUNED', 'FAIL')))sql";

std::vector<const char*> set_missing_times() {
  return {
      "UPDATE trials SET datetime_start = coalesce(datetime_complete, strftime('%Y-%m-%d %H:%M:%f000', 'now')) "
      "WHERE datetime_start IS NULL AND state IN ('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL')",
      "UPDATE trials SET datetime_complete = datetime_start "
      "WHERE datetime_complete IS NULL AND state IN ('COMPLETE', 'PRUNED', 'FAIL')"};
}

/// Where times stand.
struct TimeColumn {
  const char* name;
  const char* find;  ///< Study, number, id, time.
  const char* mend;  ///< Time, id.
};

constexpr TimeColumn kTimeColumns[] = {
    {"datetime_start",
     "SELECT s.study_name, t.number, t.trial_id, t.datetime_start FROM trials t "
     "JOIN studies s ON s.study_id = t.study_id WHERE t.datetime_start IS NOT NULL",
     "UPDATE trials SET datetime_start = ? WHERE trial_id = ?"},
    {"datetime_complete",
     "SELECT s.study_name, t.number, t.trial_id, t.datetime_complete FROM trials t "
     "JOIN studies s ON s.study_id = t.study_id WHERE t.datetime_complete IS NOT NULL",
     "UPDATE trials SET datetime_complete = ? WHERE trial_id = ?"},
    {"heartbeat",
     "SELECT s.study_name, t.number, h.trial_id, h.heartbeat FROM trial_heartbeats h "
     "JOIN trials t ON t.trial_id = h.trial_id JOIN studies s ON s.study_id = t.study_id",
     "UPDATE trial_heartbeats SET heartbeat = ? WHERE trial_id = ?"}};

bool is_time(std::string_view text) {
  try {
    (void)timestamp_from_string(text);
    return true;
  } catch (const FormatError&) {
    return false;
  }
}

/// ISO 8601's form of the same time is what other programs write.
std::string in_our_form(std::string_view text) {
  std::string time(text);
  std::replace(time.begin(), time.end(), 'T', ' ');
  if (time.ends_with('Z')) time.pop_back();
  return time;
}

struct BadTime {
  Finding finding;
  std::int64_t id = 0;
  std::string mended;
};

std::vector<BadTime> bad_times(SqliteConnection& connection, const TimeColumn& column) {
  std::vector<BadTime> found;
  SqliteQuery rows = connection.query(column.find);
  while (rows.next()) {
    const std::string_view text = rows.text(3);
    if (is_time(text)) continue;
    std::string mended = in_our_form(text);
    const bool can_mend = is_time(mended);
    found.push_back(
        {finding_of("times", rows,
                    fmt::format("its {} is '{}', not as YYYY-MM-DD HH:MM:SS.ffffff", column.name, text),
                    can_mend),
         rows.integer(2), std::move(mended)});
  }
  return found;
}

Findings find_bad_times(SqliteConnection& connection, const CheckOptions&) {
  Findings findings;
  for (const TimeColumn& column : kTimeColumns) {
    for (BadTime& bad : bad_times(connection, column)) findings.push_back(std::move(bad.finding));
  }
  return findings;
}

void mend_bad_times(SqliteConnection& connection, const CheckOptions&) {
  for (const TimeColumn& column : kTimeColumns) {
    for (const BadTime& bad : bad_times(connection, column)) {
      if (!bad.finding.is_repairable) continue;
      connection.query(column.mend).bind(std::string_view(bad.mended)).bind(bad.id).run();
    }
  }
}

}  // namespace

std::vector<Check> trial_checks() {
  return {sql_check("no-number", kNoNumber),
          sql_check("numbers", kGaps),
          sql_check("states", kStates,
                    {"UPDATE trials SET state = upper(state) WHERE state NOT IN "
                     "('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING') AND upper(state) IN "
                     "('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING')"}),
          sql_check("missing-times", kMissingTimes, set_missing_times()),
          {"times", find_bad_times, mend_bad_times}};
}

}  // namespace tune::storages::check
