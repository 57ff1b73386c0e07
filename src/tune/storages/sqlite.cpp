#include "tune/storages/sqlite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <type_traits>
#include <utility>

#include "tune/storages/claims.hpp"
#include "tune/storages/cursors.hpp"
#include "tune/storages/network_file.hpp"
#include "tune/storages/sqlite_connection.hpp"
#include "tune/storages/sqlite_file.hpp"
#include "tune/storages/sqlite_index.hpp"
#include "tune/storages/sqlite_rows.hpp"
#include "tune/storages/sqlite_schema.hpp"
#include "tune/storages/trial_rules.hpp"

namespace tune {
namespace {

using namespace storages;

class SqliteStorage final : public Storage {
 public:
  SqliteStorage(const std::filesystem::path& path, const SqliteOptions& options)
      : connection_(path, OpenMode::kReadWrite, options.busy_timeout), reader_(connection_) {
    // Until the tables have been looked at, this may be somebody else's file.
    connection_.keep_log_on_close(true);
    const bool empty = connection_.read([&] { return is_empty_database(connection_); });
    if (!empty) {
      connection_.read([&] { check_schema(connection_); });
      if (const auto network = network_file_system_of(path)) refuse_other_hosts(*network);
    }
    connection_.keep_log_on_close(false);
    begin_log();
    if (empty || !has_current_views(connection_)) {
      connection_.write(Durability::kFull, [&] {
        if (is_empty_database(connection_)) {
          create_schema(connection_);
        }
        create_views(connection_);
      });
    }
  }

  ~SqliteStorage() override {
    connection_.finalize_statements();
    connection_.stop_waiting();
    try {
      connection_.execute("PRAGMA synchronous=FULL; PRAGMA journal_mode=DELETE");
    } catch (const StorageError&) {
      // Somebody else is still in, and the last to leave folds the log in. Nothing is lost either way.
    }
  }

  StudyId create_study(const NewStudy& study) override {
    check_new_study(study);
    return write(Durability::kFull, [&] {
      if (find_id(study.name)) {
        throw StudyExists(
            fmt::format("{}: a study named \"{}\" is there already", connection_.path().string(), study.name));
      }
      connection_.query("INSERT INTO studies (study_name) VALUES (?)").bind(std::string_view(study.name)).run();
      const StudyId id{connection_.last_insert_id()};
      index_.begin(id);
      write_directions(connection_, id, study.directions);
      write_study_attributes(connection_, id, AttributeKind::kUser, study.user_attrs);
      write_study_attributes(connection_, id, AttributeKind::kSystem, study.system_attrs);
      add_all(id, study.trials, study.directions.size());
      (void)enqueue_all(id, study.queue);
      return id;
    });
  }

  std::optional<StudyRecord> find_study(std::string_view name) override {
    const std::scoped_lock lock(mutex_);
    return connection_.read([&] { return read_study(connection_, name); });
  }

  std::vector<StudyRecord> studies() override {
    const std::scoped_lock lock(mutex_);
    return connection_.read([&] { return read_studies(connection_); });
  }

  void set_study_attributes(StudyId study, AttributeKind kind, const Attributes& attributes) override {
    check_attributes(attributes);
    write(Durability::kFull, [&] {
      (void)index_.sync(study);
      write_study_attributes(connection_, study, kind, attributes);
    });
  }

  void delete_study(StudyId study, std::string_view name) override {
    write(Durability::kFull, [&] {
      if (!name.empty() && find_id(name) != study) {
        throw_no_study(study);
      }
      (void)index_.sync(study);
      erase_study(connection_, study);
      index_.forget(study);
    });
  }

  std::vector<TrialNumber> enqueue(StudyId study, std::span<const NewTrial> trials) override {
    std::for_each(trials.begin(), trials.end(), check_new_trial);
    return write(Durability::kFull, [&] { return enqueue_all(study, trials); });
  }

  TrialNumber add_trial(StudyId study, const FrozenTrial& trial) override {
    return write(Durability::kFull, [&] {
      return add(study, index_.sync(study), trial, read_directions(connection_, study).size());
    });
  }

  Reservation reserve(StudyId study, const Owner& owner, std::optional<std::int64_t> max_trials,
                      std::optional<std::int64_t> max_size) override {
    return write(Durability::kNormal, [&] {
      StudyIndex& index = index_.sync(study);
      Reservation reservation{may_reserve(index.load(), max_trials, max_size), {}, {}};
      if (reservation.status != ReserveStatus::kReserved) {
        return reservation;
      }
      const std::optional<TrialId> waiting = index.first_waiting();
      if (waiting) {
        const FrozenTrial before = listed_trial(*waiting);
        reservation.trial = before;
        reservation.claim = hand_out(reservation.trial, owner, now());
        write_head(reservation.trial);
        write_difference(connection_, before, reservation.trial);
        erase_optunas_heartbeat(connection_, *waiting);
      } else {
        reservation.claim = append_running(study, index, reservation.trial, owner);
      }
      index_.set(study, reservation.trial);
      return reservation;
    });
  }

  void start(const Claim& claim, std::span<const Param> params, const Attributes& system_attrs,
             bool durable) override {
    std::for_each(params.begin(), params.end(), check_param);
    check_attributes(system_attrs);
    write(durable ? Durability::kFull : Durability::kNormal, [&] {
      const StudyId study = held(claim);
      index_.check_distributions(study, params);
      FrozenTrial stored;
      stored.number = claim.number;
      stored.params = reader_.read_params(claim.trial);
      for (const Param& param : params) {
        if (is_new_param(stored, param)) {
          write_param(connection_, claim.trial, param);
          stored.params.push_back(param);
        }
      }
      write_trial_attributes(connection_, claim.trial, AttributeKind::kSystem, system_attrs);
      index_.touch(study, claim.number);
    });
  }

  void report(const Claim& claim, IntermediateValue report, const Attributes& system_attrs) override {
    check_report(report);
    check_attributes(system_attrs);
    write(Durability::kNormal, [&] {
      const StudyId study = held(claim);
      if (write_intermediate(connection_, claim.trial, report)) {
        write_trial_attributes(connection_, claim.trial, AttributeKind::kSystem, system_attrs);
        index_.touch(study, claim.number);
      }
    });
  }

  void set_trial_attributes(const Claim& claim, AttributeKind kind, const Attributes& attributes) override {
    check_attributes(attributes);
    write(Durability::kNormal, [&] {
      const StudyId study = held(claim);
      write_trial_attributes(connection_, claim.trial, kind, attributes);
      index_.touch(study, claim.number);
    });
  }

  Timestamp tell(const Claim& claim, const Outcome& outcome) override {
    return write(Durability::kFull, [&] {
      const StudyId study = held(claim);
      check_outcome(outcome, read_directions(connection_, study).size());
      return finish_held(study, claim, outcome);
    });
  }

  void requeue(const Claim& claim, std::optional<std::int64_t> keep_through_step) override {
    write(Durability::kNormal, [&] { requeue_held(held(claim), claim, keep_through_step); });
  }

  std::vector<TrialNumber> heartbeat(std::span<const Claim> claims) override {
    return write(Durability::kNormal, [&] {
      std::vector<TrialNumber> lost;
      for (const Claim& claim : claims) {
        if (!find_held(claim)) {
          lost.push_back(claim.number);
        } else if (!is_nobody(claim.owner)) {
          write_trial_attributes(connection_, claim.trial, AttributeKind::kSystem,
                                 {{std::string(kHeartbeatKey), heartbeat_json(now())}});
        }
      }
      return lost;
    });
  }

  TakenOver requeue_dead(StudyId study, const Takeover& takeover) override {
    const std::vector<DeadClaim> dead = dead_among(holders_in(study), takeover);
    TakenOver taken;
    if (dead.empty()) {
      return taken;
    }
    // FULL: some of them may end for good.
    write(Durability::kFull, [&] {
      (void)index_.sync(study);
      for (const DeadClaim& one : dead) {
        if (find_held(one.claim) == study) {
          take_from_dead(study, one, takeover.max_deaths, taken);
        }
      }
    });
    return taken;
  }

  Changes changes_since(StudyId study, const Cursor& cursor, std::span<const TrialNumber> except) override {
    const std::scoped_lock lock(mutex_);
    connection_.refresh_data_version();
    if (index_.is_current(cursor)) {
      return {{}, cursor};
    }
    if (const StudyIndex* index = index_.find_current(study)) {
      index_.remember(study);
      if (index_.changed_since(study, cursor, except).empty()) {
        return {{}, {index_.version(), index->size(), index->unfinished()}};
      }
    }
    return connection_.read([&] {
      if (!storages::read_at(cursor)) {
        index_.meet(study);
      }
      const StudyIndex& index = index_.sync(study);
      index_.remember(study);
      Changes changes;
      for (const TrialRange& range : index_.changed_since(study, cursor, except)) {
        std::vector<FrozenTrial> block = reader_.read_range(study, range);
        if (changes.trials.empty()) {
          changes.trials = std::move(block);
        } else {
          std::move(block.begin(), block.end(), std::back_inserter(changes.trials));
        }
      }
      const auto by_number = [](const FrozenTrial& a, const FrozenTrial& b) { return a.number < b.number; };
      if (!std::is_sorted(changes.trials.begin(), changes.trials.end(), by_number)) {
        std::sort(changes.trials.begin(), changes.trials.end(), by_number);
      }
      changes.cursor = {index_.version(), index.size(), index.unfinished()};
      return changes;
    });
  }

 private:
  /// One write transaction under the lock. When it fails, what was noted in memory about it is forgotten.
  template <typename Body>
  std::invoke_result_t<Body&> write(Durability durability, Body&& body) {
    const std::scoped_lock lock(mutex_);
    try {
      return connection_.write(durability, std::forward<Body>(body));
    } catch (...) {
      index_.forget_all();
      throw;
    }
  }

  std::optional<StudyId> find_id(std::string_view name) {
    SqliteQuery row = connection_.query("SELECT study_id FROM studies WHERE study_name = ?");
    row.bind(name);
    return row.next() ? std::optional(StudyId{row.integer(0)}) : std::nullopt;
  }

  /// One that the index, or a query, has just named.
  FrozenTrial listed_trial(TrialId id) {
    auto trial = reader_.read_one(id);
    if (trial) return *std::move(trial);
    throw FormatError(
        fmt::format("the trial with id {} is listed, but cannot be found: the file is damaged", id.value));
  }

  /// The study of the claimed trial; nothing when the claim does not hold. Reads just what the claim needs.
  std::optional<StudyId> find_held(const Claim& claim, std::string* found = nullptr) {
    SqliteQuery row = connection_.query(
        "SELECT t.study_id, t.number, t.state, a.value_json FROM trials t "
        "LEFT JOIN trial_system_attributes a ON a.trial_id = t.trial_id AND a.\"key\" = 'tune:owner' "
        "WHERE t.trial_id = ?");
    row.bind(claim.trial.value);
    if (!row.next() || row.integer(1) != claim.number.value) {
      return std::nullopt;
    }
    if (found != nullptr) {
      *found = row.text(2);
    }
    const bool is_held = row.text(2) == to_string(TrialState::kRunning) && holds(claim, row.text(3));
    return is_held ? std::optional(StudyId{row.integer(0)}) : std::nullopt;
  }

  StudyId held(const Claim& claim) {
    std::string found = "deleted";
    const std::optional<StudyId> study = find_held(claim, &found);
    if (!study) {
      throw_stale(claim, found);
    }
    (void)index_.sync(*study);
    return *study;
  }

  Timestamp finish_held(StudyId study, const Claim& claim, const Outcome& outcome) {
    FrozenTrial told;
    told.id = claim.trial;
    told.number = claim.number;
    const Timestamp time = now();
    finish(told, outcome, time);
    connection_.query("UPDATE trials SET state = ?, datetime_complete = ? WHERE trial_id = ?")
        .bind(to_string(told.state))
        .bind(to_column(told.datetime_complete))
        .bind(told.id.value)
        .run();
    write_values(connection_, told.id, told.values);
    erase_system_attribute(connection_, told.id, kOwnerKey);
    erase_system_attribute(connection_, told.id, kHeartbeatKey);
    write_trial_attributes(connection_, told.id, AttributeKind::kUser, told.user_attrs);
    write_trial_attributes(connection_, told.id, AttributeKind::kSystem, told.system_attrs);
    index_.set(study, told);
    return time;
  }

  void requeue_held(StudyId study, const Claim& claim, std::optional<std::int64_t> keep_through_step) {
    put_back_from(study, reader_.read_one(claim.trial).value(), keep_through_step);
  }

  /// `deaths` is what the trial's count becomes when it is not empty.
  void put_back_from(StudyId study, const FrozenTrial& before, std::optional<std::int64_t> keep_through_step,
                     const std::string& deaths = {}) {
    FrozenTrial after = before;
    put_back(after, keep_through_step);
    if (!deaths.empty()) {
      after.system_attrs.insert_or_assign(std::string(kDeathsKey), deaths);
    }
    write_head(after);
    write_difference(connection_, before, after);
    erase_optunas_heartbeat(connection_, after.id);
    index_.set(study, after);
  }

  void take_from_dead(StudyId study, const DeadClaim& dead, std::int64_t max_deaths, TakenOver& taken) {
    const FrozenTrial before = listed_trial(dead.claim.trial);
    FrozenTrial counted = before;
    const std::int64_t n_deaths = count_death(counted, dead.keep_through_step);
    if (n_deaths >= max_deaths) {
      (void)finish_held(study, dead.claim, death_of(counted, n_deaths));
      taken.failed.push_back(dead.claim.number);
      return;
    }
    put_back_from(study, before, dead.keep_through_step, counted.system_attrs.at(std::string(kDeathsKey)));
    taken.requeued.push_back(dead.claim.number);
  }

  void begin_log() {
    connection_.execute_patiently("PRAGMA journal_mode=WAL");
    SqliteQuery mode = connection_.query("PRAGMA journal_mode");
    if (mode.next() && mode.text(0) == "wal") return;
    throw StorageError(
        fmt::format("{}: SQLite cannot keep a write-ahead log beside it, for lack of shared memory; put the "
                    "file on another file system",
                    connection_.path().string()));
  }

  /// Before anything is written: later processes see the earlier ones' trials.
  void refuse_other_hosts(std::string_view network) {
    const auto trials = connection_.read([&] {
      SqliteQuery running =
          connection_.query("SELECT " TUNE_TRIAL_COLUMNS " FROM trials WHERE state = 'RUNNING'");
      return reader_.read(running, false);
    });
    std::vector<Holder> holders;
    for (const FrozenTrial& trial : trials) {
      if (auto holder = holder_of(trial)) holders.push_back(std::move(*holder));
    }
    const auto other = other_host_among(holders);
    if (!other) return;
    throw StorageError(
        fmt::format("{}: {}, and on a network file system ({}) SQLite keeps the trials of one host only; wait "
                    "until it has ended, or work on a copy",
                    connection_.path().string(), *other, network));
  }

  std::vector<Holder> holders_in(StudyId study) {
    const std::scoped_lock lock(mutex_);
    return connection_.read([&] {
      std::vector<Holder> holders;
      for (const TrialId trial : index_.sync(study).running()) {
        if (const auto holder = holder_of(reader_.read_one(trial).value())) {
          holders.push_back(*holder);
        }
      }
      return holders;
    });
  }

  TrialNumber add(StudyId study, const StudyIndex& index, const FrozenTrial& trial, std::size_t n_objectives) {
    check_added_trial(trial, n_objectives);
    index_.check_distributions(study, trial.params);
    return append(study, index, completed_for_adding(trial, now())).number;
  }

  void add_all(StudyId study, std::span<const FrozenTrial> trials, std::size_t n_objectives) {
    const StudyIndex& index = index_.sync(study);
    for (const FrozenTrial& trial : trials) {
      (void)add(study, index, trial, n_objectives);
    }
  }

  std::vector<TrialNumber> enqueue_all(StudyId study, std::span<const NewTrial> trials) {
    const StudyIndex& index = index_.sync(study);
    std::vector<TrialNumber> numbers;
    for (const NewTrial& trial : trials) {
      numbers.push_back(append(study, index, queued(trial)).number);
    }
    return numbers;
  }

  FrozenTrial append(StudyId study, const StudyIndex& index, FrozenTrial trial) {
    trial.number = TrialNumber{index.size()};
    write_trial(connection_, study, trial);
    index_.set(study, trial);
    return trial;
  }

  Claim append_running(StudyId study, const StudyIndex& index, FrozenTrial& trial, const Owner& owner) {
    trial.number = TrialNumber{index.size()};
    Claim claim = hand_out(trial, owner, now());
    write_trial(connection_, study, trial);
    claim.trial = trial.id;
    return claim;
  }

  void write_head(const FrozenTrial& trial) {
    connection_
        .query("UPDATE trials SET state = ?, datetime_start = ?, datetime_complete = ? WHERE trial_id = ?")
        .bind(to_string(trial.state))
        .bind(to_column(trial.datetime_start))
        .bind(to_column(trial.datetime_complete))
        .bind(trial.id.value)
        .run();
  }

  std::mutex mutex_;
  SqliteConnection connection_;
  TrialReader reader_;
  StorageIndex index_{connection_, reader_};
};

}  // namespace

std::shared_ptr<Storage> open_sqlite_storage(const std::filesystem::path& path, const SqliteOptions& options) {
  check_writable_file(path);
  return std::make_shared<SqliteStorage>(path, options);
}

}  // namespace tune
