#include "tune/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "tune/error.hpp"
#include "tune/format/param_json.hpp"
#include "tune/format/python_json.hpp"
#include "tune/pruners/median.hpp"
#include "tune/samplers/gp_tpe.hpp"
#include "tune/storages/claims.hpp"
#include "tune/storages/cursors.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/study_impl.hpp"

namespace tune {
namespace {

/// System attribute with the four numbers of a prune: {"value", "threshold", "step", "n"}.
constexpr const char* kPruneKey = "tune:prune";

}  // namespace

StudyOptions with_default_parts(StudyOptions options) {
  if (!options.storage) options.storage = make_in_memory_storage();
  if (!options.sampler) options.sampler = std::make_shared<GpTpeSampler>();
  if (!options.pruner) options.pruner = std::make_shared<MedianPruner>();
  if (options.replicates < 1) {
    throw InvalidArgument(fmt::format("replicates must be >= 1, found {}", options.replicates));
  }
  if (options.duplicates == Duplicates::kAvoid && options.space.empty()) {
    throw InvalidArgument("duplicates can be avoided only in a declared search space");
  }
  if (options.replicates > 1 && options.space.empty()) {
    throw InvalidArgument("replicates need a declared search space");
  }
  if (options.reproducible_window) {
    if (*options.reproducible_window < 1) {
      throw InvalidArgument(
          fmt::format("reproducible_window must be >= 1, found {}", *options.reproducible_window));
    }
    if (options.space.empty()) throw InvalidArgument("a reproducible window needs a declared search space");
    if (options.asks_for_outsiders) {
      throw InvalidArgument("a study with a reproducible window cannot wait for trials that run outside");
    }
  }
  if (options.is_affordable && options.space.empty()) {
    throw InvalidArgument("what is affordable can be asked only of a declared search space");
  }
  if (options.stagnation && (*options.stagnation < 1 || options.directions.size() != 1)) {
    throw InvalidArgument("stagnation needs a number >= 1 and a study with one objective");
  }
  return options;
}

namespace {

std::string list_text(const std::vector<Direction>& directions) {
  std::string text;
  for (const Direction d : directions) text += (text.empty() ? "" : ", ") + std::string(to_string(d));
  return text;
}

void check_directions(const StudyRecord& stored, const std::vector<Direction>& wanted) {
  if (stored.directions == wanted) return;
  throw InvalidArgument(fmt::format("study '{}' has the directions {}, not {}", stored.name,
                                    list_text(stored.directions), list_text(wanted)));
}

/// A point may name only declared parameters and must lie in their domains; a study without a declared space
/// takes anything.
void check_point(const SearchSpace& space, const ParamValues& point) {
  if (space.empty()) return;
  for (const auto& [name, value] : point) {
    const ParameterDeclaration* declared = space.find(name);
    if (declared == nullptr) {
      throw InvalidArgument(fmt::format("enqueued parameter '{}' is not in the search space", name));
    }
    if (!contains(declared->distribution, to_internal(declared->distribution, value))) {
      throw InvalidArgument(fmt::format("enqueued parameter '{}': {} is outside {}", name, to_json(value),
                                        to_json(declared->distribution)));
    }
  }
}

std::string constraints_json(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : ", ") + format::python_float(value);
  return "[" + text + "]";
}

/// Strict JSON has no NaN and no infinity; they stand as strings.
std::string number_json(double value) {
  const std::string text = format::python_float(value);
  return std::isfinite(value) ? text : '"' + text + '"';
}

std::string prune_json(const PruneReason& reason) {
  return fmt::format(R"({{"value": {}, "threshold": {}, "step": {}, "n": {}}})", number_json(reason.value),
                     number_json(reason.threshold), reason.step, reason.n);
}

/// Why Optuna would not take these values as the result of a trial, or nothing.
std::optional<std::string> objection(const std::vector<double>& values, std::size_t n_objectives) {
  if (values.size() != n_objectives) {
    return fmt::format("the study has {} objective(s), the trial gave {} value(s)", n_objectives,
                       values.size());
  }
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
    return "the value told is NaN";
  }
  return std::nullopt;
}

}  // namespace

Study::Impl::Impl(StudyOptions given, StudyRecord stored)
    : options(std::move(given)),
      record(std::move(stored)),
      n_configurations(options.space.empty() ? std::nullopt : options.space.cardinality()),
      owner(options.asks_for_outsiders ? Owner{} : this_process()),
      history(record.directions) {
  if (options.stagnation) stagnation.emplace(*options.stagnation, options.reproducible_window.value_or(1));
}

void Study::Impl::refresh_locked() {
  std::vector<TrialNumber> known_better = told;
  for (const auto& [number, claim] : live) known_better.push_back(number);
  Changes changes = options.storage->changes_since(record.id, cursor, known_better);
  for (const auto& trial : changes.trials) {
    if (!live.contains(trial.number)) history.apply(trial);
  }
  cursor = std::move(changes.cursor);
  told.clear();
}

void Study::Impl::let_go(const Claim& claim) {
  const auto held = live.find(claim.number);
  if (held != live.end() && held->second.epoch == claim.epoch) live.erase(held);
}

void Study::Impl::lose(const Claim& claim) {
  const std::scoped_lock lock(mutex);
  lose_locked(claim);
}

void Study::Impl::lose_locked(const Claim& claim) {
  let_go(claim);
  cursor = storages::read_again(cursor);
}

std::vector<NewTrial> Study::Impl::queue_entries(const ParamValues& point,
                                                 const Attributes& system_attrs) const {
  check_point(options.space, point);
  NewTrial entry;
  entry.fixed_params = format::params_to_json(point);
  entry.system_attrs = system_attrs;
  return std::vector<NewTrial>(static_cast<std::size_t>(options.replicates), entry);
}

std::vector<NewTrial> Study::Impl::queue_entries(const std::vector<ParamValues>& points) const {
  std::vector<NewTrial> entries;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto replicates = queue_entries(points[i], {{std::string(kPointKey), std::to_string(i)}});
    entries.insert(entries.end(), replicates.begin(), replicates.end());
  }
  return entries;
}

Study::Study(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Study::Study(Study&&) noexcept = default;
Study& Study::operator=(Study&&) noexcept = default;
Study::~Study() = default;

Study Study::create(StudyOptions given) {
  StudyOptions options = with_default_parts(std::move(given));
  if (options.load_if_exists) {
    if (const auto stored = options.storage->find_study(options.study_name)) {
      check_directions(*stored, options.directions);
      return load(std::move(options));
    }
  }
  auto impl = std::make_unique<Impl>(std::move(options), StudyRecord{});
  const StudyOptions& kept = impl->options;
  impl->record = {{}, kept.study_name, kept.directions, kept.user_attrs, kept.system_attrs};
  impl->history = History(kept.directions);
  const NewStudy fresh{kept.study_name, kept.directions, kept.user_attrs, kept.system_attrs,
                       impl->queue_entries(kept.points)};
  try {
    impl->record.id = kept.storage->create_study(fresh);
  } catch (const StudyExists&) {
    if (!kept.load_if_exists) throw;
    return create(impl->options);  // Another process was faster: it is there now.
  }
  impl->refresh_locked();
  return Study(std::move(impl));
}

Study Study::load(StudyOptions given) {
  StudyOptions options = with_default_parts(std::move(given));
  auto stored = options.storage->find_study(options.study_name);
  if (!stored) throw StudyNotFound(fmt::format("there is no study '{}' in the storage", options.study_name));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(*stored));
  impl->refresh_locked();
  return Study(std::move(impl));
}

const std::string& Study::study_name() const {
  return impl_->record.name;
}
const std::vector<Direction>& Study::directions() const {
  return impl_->record.directions;
}
StudyId Study::id() const {
  return impl_->record.id;
}
Storage& Study::storage() const {
  return *impl_->options.storage;
}
std::uint64_t Study::seed() const {
  return impl_->options.seed;
}

FrozenTrial Study::finish(Trial& trial, TrialState state, std::vector<double> values, std::string_view reason) {
  Trial::State& told = *trial.state_;
  if (!reason.empty()) trial.set_system_attr(std::string(kReasonKey), format::python_string(reason));
  if (!told.constraints.empty()) {
    trial.set_system_attr(std::string(kConstraintsKey), constraints_json(told.constraints));
  }
  if (state == TrialState::kPruned && told.last_decision.reason) {
    trial.set_system_attr(kPruneKey, prune_json(*told.last_decision.reason));
  }
  FrozenTrial& frozen = told.frozen;
  frozen.state = state;
  frozen.values = std::move(values);
  try {
    told.store_params();
    frozen.datetime_complete = storage().tell(
        told.claim, {frozen.state, frozen.values, frozen.user_attrs, told.unstored_system_attrs});
  } catch (const StaleClaim&) {
    impl_->lose(told.claim);
    throw;
  }
  frozen.system_attrs.erase(std::string(storages::kOwnerKey));
  const Trial used_up = std::move(trial);
  const std::scoped_lock lock(impl_->mutex);
  impl_->history.apply(frozen);
  // What others reported of an outsider's trial is known to the storage only.
  const auto held = impl_->live.find(told.claim.number);
  if (held != impl_->live.end() && held->second.epoch == told.claim.epoch) impl_->told.push_back(frozen.number);
  impl_->let_go(told.claim);
  return std::move(frozen);
}

FrozenTrial Study::tell(Trial&& trial, double value) {
  return tell(std::move(trial), std::vector<double>{value});
}

FrozenTrial Study::tell(Trial&& trial, const std::vector<double>& values) {
  if (const auto reason = objection(values, directions().size())) {
    return finish(trial, TrialState::kFail, {}, *reason);
  }
  return finish(trial, TrialState::kComplete, values, {});
}

FrozenTrial Study::tell(Trial&& trial, TrialState state, std::string_view reason) {
  if (state != TrialState::kPruned && state != TrialState::kFail) {
    throw InvalidArgument(fmt::format("tell without values needs PRUNED or FAIL, found {}", to_string(state)));
  }
  std::vector<double> values;
  const auto last = trial.state_->frozen.last_intermediate();
  if (state == TrialState::kPruned && last && !std::isnan(last->value)) values = {last->value};
  return finish(trial, state, std::move(values), reason);
}

void Study::requeue(Trial&& trial, std::optional<std::int64_t> keep_through_step) {
  const std::scoped_lock lock(impl_->mutex);
  try {
    trial.state_->store_params();
    storage().requeue(trial.state_->claim, keep_through_step);
  } catch (const StaleClaim&) {
    impl_->lose_locked(trial.state_->claim);
    throw;
  }
  const Trial used_up = std::move(trial);
  impl_->let_go(used_up.state_->claim);
  impl_->refresh_locked();
}

void Study::forget(Trial&& trial) {
  const Trial used_up = std::move(trial);
  const std::scoped_lock lock(impl_->mutex);
  impl_->lose_locked(used_up.state_->claim);
  impl_->refresh_locked();
}

void Study::enqueue_points(const std::vector<ParamValues>& points) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->refresh_locked();
  std::set<std::string> present;
  for (std::size_t number = 0; number < impl_->history.size(); ++number) {
    const Attributes& attributes = impl_->history.trial(number).system_attrs;
    const auto index = attributes.find(kPointKey);
    if (index != attributes.end()) present.insert(index->second);
  }
  auto entries = impl_->queue_entries(points);
  std::erase_if(entries, [&](const NewTrial& entry) {
    return present.contains(entry.system_attrs.at(std::string(kPointKey)));
  });
  if (!entries.empty()) (void)storage().enqueue(id(), entries);
}

TakenOver Study::requeue_dead_trials(const TakeoverRules& rules) {
  const auto is_dead = [&](const Holder& holder) {
    const Liveness found = liveness(holder.claim.owner);
    return found == Liveness::kDead || (found == Liveness::kUnknown && now() - holder.last_seen > rules.lease);
  };
  std::vector<TrialNumber> abandoned;
  {
    const std::scoped_lock lock(impl_->mutex);
    abandoned = impl_->requeue_abandoned();
  }
  TakenOver taken = storage().requeue_dead(id(), {is_dead, rules.kept_step, rules.max_deaths});
  taken.requeued.insert(taken.requeued.end(), abandoned.begin(), abandoned.end());
  return taken;
}

std::vector<TrialNumber> Study::heartbeat() {
  std::vector<Claim> claims;
  {
    const std::scoped_lock lock(impl_->mutex);
    for (const auto& [number, claim] : impl_->live) claims.push_back(claim);
  }
  return claims.empty() ? std::vector<TrialNumber>() : storage().heartbeat(claims);
}

Trial Study::running_trial(TrialNumber number) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->refresh_locked();
  const auto index = static_cast<std::size_t>(number.value);
  if (number.value < 0 || index >= impl_->history.size()) {
    throw InvalidArgument(fmt::format("study '{}' has no trial {}", study_name(), number.value));
  }
  Cursor before_it;
  before_it.known = number.value;
  auto from_it = storage().changes_since(id(), before_it).trials;
  // The history may be that of a study that was deleted since.
  if (from_it.empty() || from_it.front().number != number) {
    throw StorageError(fmt::format("trial {} of study '{}' is gone", number.value, study_name()));
  }
  FrozenTrial stored = std::move(from_it.front());
  if (stored.state != TrialState::kRunning) {
    throw InvalidArgument(fmt::format("trial {} is {}, not RUNNING", number.value, to_string(stored.state)));
  }
  if (const auto claim = storages::claim_of(stored)) {
    throw InvalidArgument(
        fmt::format("trial {} is run by process {} on {}", number.value, claim->owner.pid, claim->owner.host));
  }
  auto state = std::make_unique<Trial::State>();
  state->study = impl_.get();
  state->claim = {stored.id, number, Owner{}, 0};
  state->n_stored_params = stored.params.size();
  for (const Param& param : stored.params) state->decided.emplace(param.name, param.external());
  state->preset.forced = format::queued_params(stored.system_attrs);
  state->frozen = std::move(stored);
  return Trial(std::move(state));
}

FrozenTrial Study::best_trial() const {
  if (directions().size() != 1) throw InvalidArgument("best_trial needs a study with one objective");
  std::optional<TrialNumber> best;
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->refresh_locked();
    best = impl_->history.best_trial();
  }
  if (!best) throw InvalidArgument(fmt::format("study '{}' has no COMPLETE feasible trial yet", study_name()));
  auto all = trials();
  return all.at(static_cast<std::size_t>(best->value));
}

std::vector<FrozenTrial> Study::trials() const {
  return storage().changes_since(id(), {}).trials;
}

std::size_t Study::count(TrialState state) const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->history.count(state);
}

void Study::refresh() {
  const std::scoped_lock lock(impl_->mutex);
  impl_->refresh_locked();
}

}  // namespace tune
