#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tune/error.hpp"
#include "tune/format/python_json.hpp"
#include "tune/storages/check/checks.hpp"
#include "tune/storages/claims.hpp"
#include "tune/storages/sqlite_rows.hpp"
#include "tune/storages/trial_rules.hpp"

// RUNNING trials that nobody runs.
namespace tune::storages::check {
namespace {

constexpr const char* kName = "running";
constexpr const char* kLeftBehind = "left behind by a program that did not end it; set to FAIL by a repair";

constexpr const char* kRunning = R"sql(
SELECT s.study_name, t.number, t.trial_id, t.datetime_start, h.heartbeat,
  (SELECT value_json FROM trial_system_attributes a WHERE a.trial_id = t.trial_id AND a."key" = 'tune:owner'),
  (SELECT value_json FROM trial_system_attributes a WHERE a.trial_id = t.trial_id AND a."key" = 'tune:heartbeat')
FROM trials t JOIN studies s ON s.study_id = t.study_id
  LEFT JOIN trial_heartbeats h ON h.trial_id = t.trial_id
WHERE t.state = 'RUNNING' ORDER BY t.trial_id)sql";

/// What is to become of a trial that nobody runs.
enum class Fate : std::uint8_t { kRequeued, kFailed };

struct Abandoned {
  Finding finding;
  TrialId id;
  Fate fate = Fate::kRequeued;
};

std::optional<Timestamp> time_in(std::string_view text) {
  try {
    return timestamp_from_string(text);
  } catch (const FormatError&) {
    return std::nullopt;
  }
}

/// The last moment at which somebody is known to have run the trial.
std::optional<Timestamp> last_sign(const SqliteQuery& row) {
  const auto own = format::parse_python_json(row.text(6));
  std::optional<Timestamp> last = own.is_string() ? time_in(own.get<std::string>()) : std::nullopt;
  for (const int column : {3, 4}) {
    const auto time = time_in(row.text(column));
    if (time && (!last || *time > *last)) last = time;
  }
  return last;
}

bool is_older(const std::optional<Timestamp>& time, std::chrono::minutes age) {
  return !time || now() - *time > age;
}

std::string age_text(const std::optional<Timestamp>& sign) {
  return sign ? fmt::format("its last sign of life is of {} UTC", to_string(*sign))
              : "it never gave a sign of life";
}

Abandoned abandoned(const SqliteQuery& row, std::string what, Fate fate) {
  return {finding_of(kName, row, std::move(what), true), TrialId{row.integer(2)}, fate};
}

/// One of ours is known by its mark; dead for certain, or silent for long where that cannot be told.
std::optional<Abandoned> judge_ours(const SqliteQuery& row, const Owner& owner, const CheckOptions& options) {
  const Liveness life = liveness(owner);
  if (life == Liveness::kDead) {
    return abandoned(row, fmt::format("it is RUNNING, but its process {} has ended", owner.pid),
                     Fate::kRequeued);
  }
  const auto sign = last_sign(row);
  if (life == Liveness::kAlive || !is_older(sign, options.older_than)) return std::nullopt;
  return abandoned(
      row,
      fmt::format("it is RUNNING for process {} of host {}, and {}", owner.pid, owner.host, age_text(sign)),
      Fate::kRequeued);
}

/// Whether a Python worker still runs one of its trials, nobody can tell: that is worth a note.
std::optional<Abandoned> judge_others(const SqliteQuery& row, const CheckOptions& options) {
  const auto sign = last_sign(row);
  if (!is_older(sign, options.older_than)) return std::nullopt;
  auto found = abandoned(row, fmt::format("it is RUNNING for another program, and {}", age_text(sign)),
                         options.requeue ? Fate::kRequeued : Fate::kFailed);
  found.finding.is_note = true;
  return found;
}

std::vector<Abandoned> find_abandoned(SqliteConnection& connection, const CheckOptions& options) {
  std::vector<Abandoned> all;
  SqliteQuery rows = connection.query(kRunning);
  while (rows.next()) {
    const auto mark = owner_mark_from_json(rows.text(5));
    auto found = mark && mark->owner ? judge_ours(rows, *mark->owner, options) : judge_others(rows, options);
    if (found) all.push_back(std::move(*found));
  }
  return all;
}

Findings find_running(SqliteConnection& connection, const CheckOptions& options) {
  Findings findings;
  for (Abandoned& one : find_abandoned(connection, options)) findings.push_back(std::move(one.finding));
  return findings;
}

void requeue(SqliteConnection& connection, TrialId id) {
  TrialReader reader(connection);
  const FrozenTrial before = reader.read_one(id).value();
  FrozenTrial after = before;
  put_back(after, std::nullopt);
  connection.query("UPDATE trials SET state = 'WAITING', datetime_start = NULL WHERE trial_id = ?")
      .bind(id.value)
      .run();
  write_difference(connection, before, after);
}

void fail(SqliteConnection& connection, TrialId id) {
  connection.query("UPDATE trials SET state = 'FAIL', datetime_complete = ? WHERE trial_id = ?")
      .bind(std::string_view(to_string(now())))
      .bind(id.value)
      .run();
  for (const std::string_view key : {kOwnerKey, kHeartbeatKey}) erase_system_attribute(connection, id, key);
  write_trial_attributes(connection, id, AttributeKind::kSystem,
                         {{std::string(kReasonKey), format::python_string(kLeftBehind)}});
}

void mend_running(SqliteConnection& connection, const CheckOptions& options) {
  for (const Abandoned& one : find_abandoned(connection, options)) {
    one.fate == Fate::kRequeued ? requeue(connection, one.id) : fail(connection, one.id);
    connection.query("DELETE FROM trial_heartbeats WHERE trial_id = ?").bind(one.id.value).run();
  }
}

}  // namespace

std::vector<Check> running_checks() {
  return {{kName, find_running, mend_running}};
}

}  // namespace tune::storages::check
