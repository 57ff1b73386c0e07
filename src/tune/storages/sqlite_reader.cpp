#include "tune/storages/sqlite_reader.hpp"
#include "tune/storages/sqlite.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "tune/storages/sqlite_connection.hpp"
#include "tune/storages/sqlite_file.hpp"
#include "tune/storages/sqlite_rows.hpp"
#include "tune/storages/sqlite_schema.hpp"

namespace tune {

using namespace storages;

namespace {

/// A reader waits only for moments such as the fold of a log.

struct Best {
  TrialId trial;
  double value = 0.0;
};

void count(StudySummary& summary, TrialState state, std::int64_t n) {
  switch (state) {
    case TrialState::kRunning:
      summary.n_running = n;
      break;
    case TrialState::kWaiting:
      summary.n_waiting = n;
      break;
    case TrialState::kComplete:
      summary.n_complete = n;
      break;
    case TrialState::kPruned:
      summary.n_pruned = n;
      break;
    case TrialState::kFail:
      summary.n_fail = n;
      break;
  }
}

/// Takes a time from a row when it is beyond what is there.
template <typename Compare>
void widen(std::optional<Timestamp>& limit, const SqliteQuery& row, int column, Compare beyond) {
  if (row.is_null(column)) {
    return;
  }
  const Timestamp time = timestamp_from_string(row.text(column));
  if (!limit || beyond(time, *limit)) {
    limit = time;
  }
}

}  // namespace

class SqliteReader::Impl {
 public:
  explicit Impl(const std::filesystem::path& path)
      : connection_(path, reading_mode(path), SqliteOptions{}.busy_timeout), reader_(connection_) {
    connection_.read([&] {
      // Another process may be about to create its tables: there is no study yet.
      empty_ = is_empty_database(connection_);
      if (!empty_) check_schema(connection_);
    });
  }

  std::vector<StudySummary> studies() {
    if (empty_) return {};
    return connection_.read([&] {
      std::vector<StudySummary> summaries;
      for (StudyRecord& study : read_studies(connection_)) {
        summaries.push_back(summary_of(std::move(study)));
      }
      return summaries;
    });
  }

  std::vector<StudyRecord> study_records() {
    if (empty_) return {};
    return connection_.read([&] { return read_studies(connection_); });
  }

  std::optional<StudyRecord> find_study(std::string_view name) {
    if (empty_) return std::nullopt;
    return connection_.read([&] { return read_study(connection_, name); });
  }

  std::optional<FrozenTrial> best_trial(StudyId study) {
    return connection_.read([&] {
      const std::optional<Best> best = find_best(study);
      return best ? reader_.read_one(best->trial) : std::nullopt;
    });
  }

  std::vector<FrozenTrial> trials(StudyId study, const TrialFilter& filter) {
    return connection_.read([&] {
      SqliteQuery heads = connection_.query("SELECT " TUNE_TRIAL_COLUMNS
                                            " FROM trials WHERE study_id = ?1 AND (?2 IS NULL OR state = ?2) "
                                            "AND (?3 IS NULL OR number = ?3) ORDER BY number DESC LIMIT ?4");
      constexpr std::int64_t kNoLimit = -1;
      heads.bind(study.value);
      filter.state ? heads.bind(to_string(*filter.state)) : heads.bind_null();
      filter.number ? heads.bind(filter.number->value) : heads.bind_null();
      heads.bind(filter.last ? std::max<std::int64_t>(*filter.last, 0) : kNoLimit);
      std::vector<FrozenTrial> trials = reader_.read(heads, filter.with_intermediate);
      std::reverse(trials.begin(), trials.end());
      return trials;
    });
  }

 private:
  std::optional<Best> find_best(StudyId study) {
    if (read_directions(connection_, study).size() != 1) {
      return std::nullopt;
    }
    // Mostly the very best is feasible, and finding one maximum costs a fraction of sorting all.
    constexpr std::int64_t kAll = -1;
    const std::optional<Best> best = feasible_among(study, 1);
    return best ? best : feasible_among(study, kAll);
  }

  /// Walks from the best value down to the first feasible trial.
  std::optional<Best> feasible_among(StudyId study, std::int64_t limit) {
    const RowWalk walk = faster_walk(connection_, study);
    SqliteQuery ranked = connection_.query(ranked_trials_sql(walk));
    ranked.bind(study.value).bind(limit);
    while (ranked.next()) {
      SqliteQuery violated = connection_.query(violated_sql());
      violated.bind(ranked.integer(0));
      if (!violated.next()) {
        return Best{TrialId{ranked.integer(0)}, ranked.real(1)};
      }
    }
    return std::nullopt;
  }

  StudySummary summary_of(StudyRecord study) {
    StudySummary summary;
    summary.study = std::move(study);
    SqliteQuery rows = connection_.query(
        "SELECT state, count(*), min(datetime_start), max(datetime_start), max(datetime_complete) "
        "FROM trials WHERE study_id = ? GROUP BY state");
    rows.bind(summary.study.id.value);
    while (rows.next()) {
      count(summary, trial_state_from_string(rows.text(0)), rows.integer(1));
      widen(summary.datetime_start, rows, 2, std::less<>());
      widen(summary.datetime_last, rows, 3, std::greater<>());
      widen(summary.datetime_last, rows, 4, std::greater<>());
    }
    if (const std::optional<Best> best = find_best(summary.study.id)) {
      summary.best_value = best->value;
    }
    return summary;
  }

  SqliteConnection connection_;
  bool empty_ = false;  ///< A database without any table.
  TrialReader reader_;
};

SqliteReader::SqliteReader(const std::filesystem::path& path) {
  check_readable_file(path);
  impl_ = std::make_unique<Impl>(path);
}
SqliteReader::~SqliteReader() = default;
SqliteReader::SqliteReader(SqliteReader&&) noexcept = default;
SqliteReader& SqliteReader::operator=(SqliteReader&&) noexcept = default;

std::vector<StudySummary> SqliteReader::studies() {
  return impl_->studies();
}

std::vector<StudyRecord> SqliteReader::study_records() {
  return impl_->study_records();
}

std::optional<StudyRecord> SqliteReader::find_study(std::string_view name) {
  return impl_->find_study(name);
}

std::optional<FrozenTrial> SqliteReader::best_trial(StudyId study) {
  return impl_->best_trial(study);
}

std::vector<FrozenTrial> SqliteReader::trials(StudyId study, const TrialFilter& filter) {
  return impl_->trials(study, filter);
}

}  // namespace tune
