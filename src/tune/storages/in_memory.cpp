#include "tune/storages/in_memory.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "tune/name_map.hpp"
#include "tune/storages/claims.hpp"
#include "tune/storages/trial_rules.hpp"

namespace tune {
namespace {

using namespace storages;

/// A study with its trials by number, and when each of them changed last.
struct StoredStudy {
  StudyRecord record;
  std::vector<FrozenTrial> trials;
  std::vector<std::int64_t> changed_at;
  std::vector<Claim> claims;  ///< By trial, the last under which it was handed out.
  std::set<std::size_t> waiting;
  StudyLoad load;
  NameMap<Distribution> distributions;
};

class InMemoryStorage final : public Storage {
 public:
  StudyId create_study(const NewStudy& study) override {
    check_new_study(study);
    const std::scoped_lock lock(mutex_);
    if (find(study.name) != nullptr) {
      throw StudyExists("a study named \"" + study.name + "\" is there already");
    }
    StoredStudy fresh;
    for (const FrozenTrial& trial : study.trials) {
      if (!check_distributions(fresh, trial.params)) {
        remember_distributions(fresh, trial.params);
      }
    }
    const StudyId id{++last_study_id_};
    StoredStudy& stored = studies_[id];
    stored = std::move(fresh);
    stored.record = {id, study.name, study.directions, study.user_attrs, study.system_attrs};
    for (const FrozenTrial& trial : study.trials) {
      append(stored, completed_for_adding(trial, now()));
    }
    for (const NewTrial& trial : study.queue) {
      append(stored, queued(trial));
    }
    return id;
  }

  std::optional<StudyRecord> find_study(std::string_view name) override {
    const std::scoped_lock lock(mutex_);
    const StoredStudy* study = find(name);
    return study == nullptr ? std::nullopt : std::optional(study->record);
  }

  std::vector<StudyRecord> studies() override {
    const std::scoped_lock lock(mutex_);
    std::vector<StudyRecord> result;
    for (const auto& [id, study] : studies_) {
      result.push_back(study.record);
    }
    return result;
  }

  void set_study_attributes(StudyId study, AttributeKind kind, const Attributes& attributes) override {
    check_attributes(attributes);
    const std::scoped_lock lock(mutex_);
    StudyRecord& record = get(study).record;
    merge_attributes(kind == AttributeKind::kUser ? record.user_attrs : record.system_attrs, attributes);
  }

  void delete_study(StudyId study, std::string_view name) override {
    const std::scoped_lock lock(mutex_);
    if (!name.empty() && get(study).record.name != name) {
      throw_no_study(study);
    }
    for (const FrozenTrial& trial : get(study).trials) {
      places_[position_of(trial.id)] = {};
    }
    studies_.erase(study);
  }

  std::vector<TrialNumber> enqueue(StudyId study, std::span<const NewTrial> trials) override {
    std::for_each(trials.begin(), trials.end(), check_new_trial);
    const std::scoped_lock lock(mutex_);
    StoredStudy& stored = get(study);
    std::vector<TrialNumber> numbers;
    for (const NewTrial& trial : trials) {
      numbers.push_back(append(stored, queued(trial)).number);
    }
    return numbers;
  }

  TrialNumber add_trial(StudyId study, const FrozenTrial& trial) override {
    const std::scoped_lock lock(mutex_);
    StoredStudy& stored = get(study);
    check_added_trial(trial, stored.record.directions.size());
    if (!check_distributions(stored, trial.params)) {
      remember_distributions(stored, trial.params);
    }
    return append(stored, completed_for_adding(trial, now())).number;
  }

  Reservation reserve(StudyId study, const Owner& owner, std::optional<std::int64_t> max_trials,
                      std::optional<std::int64_t> max_size) override {
    const std::scoped_lock lock(mutex_);
    StoredStudy& stored = get(study);
    stored.load.has_waiting = !stored.waiting.empty();
    stored.load.size = static_cast<std::int64_t>(stored.trials.size());
    Reservation reservation{may_reserve(stored.load, max_trials, max_size), {}, {}};
    if (reservation.status != ReserveStatus::kReserved) {
      return reservation;
    }
    FrozenTrial fresh;
    fresh.state = TrialState::kWaiting;
    FrozenTrial& trial =
        stored.waiting.empty() ? append(stored, std::move(fresh)) : stored.trials[*stored.waiting.begin()];
    reservation.claim = hand_out(trial, owner, now());
    stored.claims.resize(stored.trials.size());
    stored.claims[index_of(trial)] = reservation.claim;
    stored.waiting.erase(index_of(trial));
    if (!is_nobody(owner)) {
      ++stored.load.running;
    }
    touch(stored, trial);
    reservation.trial = trial;
    return reservation;
  }

  void start(const Claim& claim, std::span<const Param> params, const Attributes& system_attrs,
             bool /*durable*/) override {
    std::for_each(params.begin(), params.end(), check_param);
    check_attributes(system_attrs);
    const std::scoped_lock lock(mutex_);
    const auto [study, trial] = held(claim);
    const bool are_known = check_distributions(*study, params);
    add_params(*trial, params);
    if (!are_known) {
      remember_distributions(*study, params);
    }
    merge_attributes(trial->system_attrs, system_attrs);
    touch(*study, *trial);
  }

  void report(const Claim& claim, IntermediateValue report, const Attributes& system_attrs) override {
    check_report(report);
    check_attributes(system_attrs);
    const std::scoped_lock lock(mutex_);
    const auto [study, trial] = held(claim);
    const auto same_step = [&](const auto& stored) { return stored.step == report.step; };
    if (std::any_of(trial->intermediate.begin(), trial->intermediate.end(), same_step)) {
      return;
    }
    trial->intermediate.push_back(report);
    merge_attributes(trial->system_attrs, system_attrs);
    touch(*study, *trial);
  }

  void set_trial_attributes(const Claim& claim, AttributeKind kind, const Attributes& attributes) override {
    check_attributes(attributes);
    const std::scoped_lock lock(mutex_);
    const auto [study, trial] = held(claim);
    merge_attributes(kind == AttributeKind::kUser ? trial->user_attrs : trial->system_attrs, attributes);
    touch(*study, *trial);
  }

  Timestamp tell(const Claim& claim, const Outcome& outcome) override {
    const std::scoped_lock lock(mutex_);
    const auto [study, trial] = held(claim);
    check_outcome(outcome, study->record.directions.size());
    const Timestamp time = now();
    finish_held(*study, *trial, outcome, time);
    return time;
  }

  void requeue(const Claim& claim, std::optional<std::int64_t> keep_through_step) override {
    const std::scoped_lock lock(mutex_);
    const auto [study, trial] = held(claim);
    requeue_held(*study, *trial, keep_through_step);
  }

  std::vector<TrialNumber> heartbeat(std::span<const Claim> claims) override {
    const std::scoped_lock lock(mutex_);
    std::vector<TrialNumber> lost;
    for (const Claim& claim : claims) {
      try {
        FrozenTrial& trial = *held(claim).trial;
        if (!is_nobody(claim.owner)) {
          trial.system_attrs[std::string(kHeartbeatKey)] = heartbeat_json(now());
        }
      } catch (const StaleClaim&) {
        lost.push_back(claim.number);
      }
    }
    return lost;
  }

  TakenOver requeue_dead(StudyId study, const Takeover& takeover) override {
    const std::vector<DeadClaim> dead = dead_among(holders_in(study), takeover);
    const std::scoped_lock lock(mutex_);
    StoredStudy& stored = get(study);
    TakenOver taken;
    for (const DeadClaim& one : dead) {
      FrozenTrial& trial = stored.trials.at(static_cast<std::size_t>(one.claim.number.value));
      const auto claim = claim_of(trial);
      if (!claim || expected_mark(*claim) != expected_mark(one.claim)) {
        continue;
      }
      const std::int64_t n_deaths = count_death(trial, one.keep_through_step);
      if (n_deaths >= takeover.max_deaths) {
        finish_held(stored, trial, death_of(trial, n_deaths), now());
        taken.failed.push_back(trial.number);
      } else {
        requeue_held(stored, trial, one.keep_through_step);
        taken.requeued.push_back(trial.number);
      }
    }
    return taken;
  }

  Changes changes_since(StudyId study, const Cursor& cursor, std::span<const TrialNumber> except) override {
    const std::scoped_lock lock(mutex_);
    const StoredStudy& stored = get(study);
    if (cursor.version == version_) {
      return {{}, cursor};
    }
    Changes changes;
    changes.cursor.version = version_;
    changes.cursor.known = static_cast<std::int64_t>(stored.trials.size());
    const auto look_at = [&](std::int64_t number) {
      const auto index = static_cast<std::size_t>(number);
      const bool is_wanted = std::find(except.begin(), except.end(), TrialNumber{number}) == except.end();
      if (is_wanted && stored.changed_at[index] > cursor.version) {
        changes.trials.push_back(stored.trials[index]);
      }
      if (!is_finished(stored.trials[index].state)) {
        changes.cursor.unfinished.push_back(stored.trials[index].number);
      }
    };
    for (const TrialNumber number : cursor.unfinished) {
      look_at(number.value);
    }
    for (std::int64_t number = cursor.known; number < changes.cursor.known; ++number) {
      look_at(number);
    }
    return changes;
  }

 private:
  struct Place {
    StudyId study;
    std::size_t index = 0;
  };
  struct Held {
    StoredStudy* study = nullptr;
    FrozenTrial* trial = nullptr;
  };

  static std::size_t position_of(TrialId trial) { return static_cast<std::size_t>(trial.value) - 1; }
  static std::size_t index_of(const FrozenTrial& trial) { return static_cast<std::size_t>(trial.number.value); }

  StoredStudy* find(std::string_view name) {
    for (auto& [id, study] : studies_) {
      if (study.record.name == name) {
        return &study;
      }
    }
    return nullptr;
  }

  StoredStudy& get(StudyId study) {
    const auto found = studies_.find(study);
    if (found == studies_.end()) {
      throw_no_study(study);
    }
    return found->second;
  }

  Held held(const Claim& claim) {
    const std::size_t position = position_of(claim.trial);
    const auto found = studies_.find(position < places_.size() ? places_[position].study : StudyId{});
    if (found == studies_.end()) {
      throw_stale(claim, "it was deleted");
    }
    StoredStudy& study = found->second;
    FrozenTrial& trial = study.trials[places_[position].index];
    if (trial.state != TrialState::kRunning || !is_last_claim(study, claim)) {
      require_claim(trial, claim);
    }
    return {&study, &trial};
  }

  /// All of them or, when one is refused, none.
  static void add_params(FrozenTrial& trial, std::span<const Param> params) {
    const std::size_t n_before = trial.params.size();
    trial.params.reserve(n_before + params.size());
    try {
      for (const Param& param : params) {
        if (is_new_param(trial, param)) {
          trial.params.push_back(param);
        }
      }
    } catch (...) {
      trial.params.resize(n_before);
      throw;
    }
  }

  /// What the trial's mark says too, only that reading it costs more.
  static bool is_last_claim(const StoredStudy& study, const Claim& claim) {
    const auto index = static_cast<std::size_t>(claim.number.value);
    if (index >= study.claims.size()) {
      return false;
    }
    const Claim& last = study.claims[index];
    return last.trial == claim.trial && last.epoch == claim.epoch && last.owner == claim.owner;
  }

  std::vector<Holder> holders_in(StudyId study) {
    const std::scoped_lock lock(mutex_);
    std::vector<Holder> holders;
    for (const FrozenTrial& trial : get(study).trials) {
      if (const auto holder = holder_of(trial)) {
        holders.push_back(*holder);
      }
    }
    return holders;
  }

  /// Takes a trial in any state but RUNNING.
  FrozenTrial& append(StoredStudy& study, FrozenTrial trial) {
    places_.push_back({study.record.id, study.trials.size()});
    trial.id = TrialId{static_cast<std::int64_t>(places_.size())};
    trial.number = TrialNumber{static_cast<std::int64_t>(study.trials.size())};
    study.trials.push_back(std::move(trial));
    study.changed_at.push_back(0);
    FrozenTrial& stored = study.trials.back();
    if (stored.state == TrialState::kWaiting) {
      study.waiting.insert(index_of(stored));
    } else {
      ++study.load.finished;
    }
    touch(study, stored);
    return stored;
  }

  void requeue_held(StoredStudy& study, FrozenTrial& trial, std::optional<std::int64_t> keep_through_step) {
    const std::vector<Param> given_up = trial.params;
    put_back(trial, keep_through_step);
    for (const Param& param : given_up) {
      forget_distribution(study, param.name);
    }
    study.waiting.insert(index_of(trial));
    uncount_running(study, trial);
    touch(study, trial);
  }

  void finish_held(StoredStudy& study, FrozenTrial& trial, const Outcome& outcome, Timestamp time) {
    finish(trial, outcome, time);
    uncount_running(study, trial);
    ++study.load.finished;
    touch(study, trial);
  }

  /// The trial was RUNNING under its last claim.
  static void uncount_running(StoredStudy& study, const FrozenTrial& trial) {
    if (!is_nobody(study.claims[index_of(trial)].owner)) {
      --study.load.running;
    }
  }

  void touch(StoredStudy& study, const FrozenTrial& trial) { study.changed_at[index_of(trial)] = ++version_; }

  /// True when all of the parameters have occurred in the study.
  static bool check_distributions(const StoredStudy& study, std::span<const Param> params) {
    bool are_known = true;
    for (const Param& param : params) {
      const auto stored = study.distributions.find(param.name);
      if (stored != study.distributions.end()) {
        check_compatible(param.name, stored->second, param.distribution);
      } else {
        are_known = false;
      }
    }
    return are_known;
  }

  static void remember_distributions(StoredStudy& study, std::span<const Param> params) {
    for (const Param& param : params) {
      study.distributions.try_emplace(param.name, param.distribution);
    }
  }

  /// Unless another trial still has a parameter of that name.
  static void forget_distribution(StoredStudy& study, const std::string& name) {
    const auto has_param = [&](const FrozenTrial& trial) { return trial.find_param(name) != nullptr; };
    if (std::none_of(study.trials.begin(), study.trials.end(), has_param)) {
      study.distributions.erase(name);
    }
  }

  std::mutex mutex_;
  std::map<StudyId, StoredStudy> studies_;
  std::vector<Place> places_;  ///< By trial id, of which the first is 1; without a study once it is deleted.
  std::int64_t last_study_id_ = 0;
  std::int64_t version_ = 0;
};

}  // namespace

std::shared_ptr<Storage> make_in_memory_storage() {
  return std::make_shared<InMemoryStorage>();
}

}  // namespace tune
