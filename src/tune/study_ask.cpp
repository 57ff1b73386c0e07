#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "tune/affordability.hpp"
#include "tune/error.hpp"
#include "tune/format/param_json.hpp"
#include "tune/history_cursor.hpp"
#include "tune/study_impl.hpp"
#include "tune/suggestion.hpp"
#include "tune/taken_configurations.hpp"

namespace tune {
namespace {

/// Parameters are suggested in milliseconds: whoever takes longer has been stopped, and others go on without
/// it.
constexpr std::chrono::seconds kPatienceWithOpenTrials{2};

/// A trial that was interrupted keeps the record of when it was suggested.
bool needs_record(const FrozenTrial& trial, const Suggestion& suggestion) {
  const ParamValues& forced = suggestion.preset.forced;
  const auto& params = suggestion.configuration.params;
  // What is not declared will be asked for one by one.
  const bool is_decided_elsewhere =
      !params.empty() && std::all_of(params.begin(), params.end(),
                                     [&](const Param& param) { return forced.contains(param.name); });
  return !is_decided_elsewhere && !trial.system_attrs.contains(kSuggestionKey);
}

std::vector<std::string> names_of(const ParamValues& params) {
  std::vector<std::string> names;
  for (const auto& [name, value] : params) names.push_back(name);
  return names;
}

}  // namespace

HistoryView Study::Impl::view_for(TrialNumber number) const {
  if (!options.reproducible_window) return HistoryView(history);
  const std::int64_t n_results = std::max<std::int64_t>(number.value - *options.reproducible_window + 1, 0);
  return HistoryView(history, static_cast<std::size_t>(n_results));
}

bool Study::Impl::must_wait(TrialNumber number) const {
  if (!options.reproducible_window) return false;
  const std::int64_t n_needed = number.value - *options.reproducible_window + 1;
  for (auto before = static_cast<std::int64_t>(history.n_settled()); before < number.value; ++before) {
    const TrialRecord& trial = history.trial(static_cast<std::size_t>(before));
    if (is_finished(trial.state)) continue;
    if (trial.state == TrialState::kRunning && !trial.is_owned && !live.contains({before})) {
      throw InvalidArgument(fmt::format(
          "trial {} is run by another program, for which a reproducible study cannot wait; tell its "
          "result or give it up",
          before));
    }
    if (before < n_needed || trial.state == TrialState::kWaiting || trial.columns.empty()) return true;
  }
  return false;
}

TrialNumber Study::Impl::next_number() const {
  std::size_t number = history.n_settled();
  if (history.count(TrialState::kWaiting) == 0) number = history.size();
  while (number < history.size() && history.state(number) != TrialState::kWaiting) ++number;
  return {static_cast<std::int64_t>(number)};
}

SamplingContext Study::Impl::sampling_context(TrialNumber number) {
  HistoryView view = view_for(number);
  options.pruner->group_trials({view, number, options.seed, record.name}, groups);
  if (const auto& group_of = groups.of_trial; !group_of.empty()) {
    view = view.only(group_of, group_of.at(static_cast<std::size_t>(number.value)));
  }
  return {view, number, options.seed, options.space};
}

ParamValues Study::Impl::forced_params(const FrozenTrial& trial) const {
  ParamValues own = format::queued_params(trial.system_attrs);
  // Optuna's retries wait with their parameters.
  for (const Param& param : trial.params) own.insert_or_assign(param.name, param.external());
  const std::size_t first = original_of(trial.number);
  if (first == static_cast<std::size_t>(trial.number.value)) return own;
  const TrialRecord& original = history.trial(first);
  const ParamValues queued = format::queued_params(original.system_attrs);
  // A trial enqueued with parameters of its own is no replicate, whatever its number.
  if (!own.empty() && own != queued) return own;
  ParamValues values = suggested_params(history, first);
  values.insert(queued.begin(), queued.end());
  return values;
}

bool Study::Impl::avoids_duplicates() const {
  return !options.space.empty() &&
         options.duplicates.value_or(options.sampler->default_duplicates()) == Duplicates::kAvoid;
}

std::optional<std::uint64_t> Study::Impl::n_remaining() const {
  const auto of_plan = options.sampler->n_remaining(HistoryView(history), options.space);
  if (!avoids_duplicates() || !n_configurations) return of_plan;
  const std::uint64_t n_begun = history.size() / static_cast<std::uint64_t>(options.replicates);
  // Before that many trials there is no need to know which configurations they have.
  const std::uint64_t n_taken = n_begun < *n_configurations ? n_begun : count_taken(history, options.space);
  const std::uint64_t n_free = *n_configurations - std::min(*n_configurations, n_taken);
  return of_plan ? std::min(*of_plan, n_free) : n_free;
}

std::optional<std::int64_t> Study::Impl::planned_size() const {
  const auto left = n_remaining();
  if (!left) return std::nullopt;
  const std::int64_t n_begun =
      (static_cast<std::int64_t>(history.size()) + options.replicates - 1) / options.replicates;
  const std::int64_t most = std::numeric_limits<std::int64_t>::max() / options.replicates - n_begun;
  const std::int64_t n_left =
      *left < static_cast<std::uint64_t>(most) ? static_cast<std::int64_t>(*left) : most;
  return (n_begun + n_left) * options.replicates;
}

std::optional<std::int64_t> Study::Impl::largest_size() {
  const auto of_plan = planned_size();
  const auto of_stagnation = stagnation ? stagnation->last_size(history) : std::nullopt;
  return of_plan && of_stagnation ? std::min(*of_plan, *of_stagnation) : of_plan ? of_plan : of_stagnation;
}

std::optional<std::int64_t> Study::Impl::window_size() const {
  if (!options.reproducible_window) return std::nullopt;
  return static_cast<std::int64_t>(history.n_settled()) + *options.reproducible_window;
}

Reservation Study::Impl::reserve_within_plan(std::optional<std::int64_t> max_trials, AskResult& result) {
  std::optional<std::int64_t> max_size = largest_size();
  for (;;) {
    // Another process may have taken the number that was looked at: whether the next one may begin, or the
    // study is complete before it, only results tell that are not known yet.
    const auto of_window = window_size();
    const bool is_window_less = of_window && (!max_size || *of_window < *max_size);
    Reservation reservation =
        options.storage->reserve(record.id, owner, max_trials, is_window_less ? of_window : max_size);
    if (reservation.status != ReserveStatus::kAllFinished || !(max_size || of_window)) return reservation;
    refresh_locked();  // A trial that another process added may have taken nothing of the plan.
    if (max_trials && static_cast<std::int64_t>(history.finished_count()) >= *max_trials) return reservation;
    const auto seen = std::exchange(max_size, largest_size());
    if (max_size != seen || window_size() != of_window) continue;
    if (is_window_less) {
      reservation.status = ReserveStatus::kOthersRunning;
      return reservation;
    }
    result.stagnated = stagnation && stagnation->last_size(history) == max_size;
    result.exhausted = !result.stagnated;
    if (result.stagnated) return reservation;
    const bool has_all = n_configurations && count_taken(history, options.space) >= *n_configurations;
    if (has_all) result.n_possible = n_configurations;
    return reservation;
  }
}

std::size_t Study::Impl::original_of(TrialNumber number) const {
  const auto index = static_cast<std::size_t>(number.value);
  return index - index % static_cast<std::size_t>(options.replicates);
}

bool Study::Impl::original_is_open(TrialNumber number) const {
  const std::size_t first = original_of(number);
  if (first == static_cast<std::size_t>(number.value)) return false;
  const TrialRecord& original = history.trial(first);
  return original.state == TrialState::kRunning && original.columns.empty();
}

bool Study::Impl::may_be_duplicated(TrialNumber number) {
  if (!avoids_duplicates()) return false;
  const auto open = std::find_if(history.running().begin(), history.running().end(), [&](std::uint32_t other) {
    const TrialRecord& trial = history.trial(other);
    return static_cast<std::int64_t>(other) < number.value && trial.columns.empty() && trial.is_owned &&
           !live.contains({static_cast<std::int64_t>(other)});
  });
  if (open == history.running().end()) return false;
  const auto now = std::chrono::steady_clock::now();
  const TrialNumber first{static_cast<std::int64_t>(*open)};
  if (awaited.trial != first) awaited = {first, now};
  return now - awaited.since < kPatienceWithOpenTrials;
}

AskResult Study::ask_within(std::optional<std::int64_t> max_trials) {
  const std::scoped_lock lock(impl_->mutex);
  AskResult result;
  // Also for this: nothing is reserved in another study that has the id of a deleted one.
  impl_->refresh_locked();
  if (impl_->must_wait(impl_->next_number())) {
    result.status = ReserveStatus::kOthersRunning;
    return result;
  }
  Reservation reservation = impl_->reserve_within_plan(max_trials, result);
  result.status = reservation.status;
  if (reservation.status != ReserveStatus::kReserved) return result;

  auto state = std::make_unique<Trial::State>();
  state->study = impl_.get();
  state->claim = reservation.claim;
  state->frozen = std::move(reservation.trial);
  impl_->live.insert_or_assign(state->claim.number, state->claim);
  try {
    if (!give_params(*state, result)) return result;
  } catch (...) {
    abandon(state->claim);
    throw;
  }
  result.trial = Trial(std::move(state));
  return result;
}

bool Study::give_params(Trial::State& trial, AskResult& result) {
  impl_->refresh_locked();
  impl_->history.apply(trial.frozen);
  const TrialNumber number = trial.claim.number;
  if (impl_->must_wait(number) || impl_->original_is_open(number) || impl_->may_be_duplicated(number)) {
    impl_->let_go(trial.claim);
    storage().requeue(trial.claim);
    impl_->refresh_locked();
    result.status = ReserveStatus::kOthersRunning;
    return false;
  }
  try {
    suggest_declared(trial);
  } catch (const InvalidArgument& error) {
    result.error = error.what();
  } catch (const FormatError& error) {
    result.error = error.what();
  }
  trial.store_params(trial.preset.relative.system_attrs);
  // All of it is stored; what is suggested later of an undeclared space is not at once.
  if (impl_->options.asks_for_outsiders && !impl_->options.space.empty()) impl_->let_go(trial.claim);
  return true;
}

void Study::abandon(const Claim& claim) {
  impl_->lose_locked(claim);
  impl_->abandoned.push_back(claim);
  try {
    (void)impl_->requeue_abandoned();
    impl_->refresh_locked();
  } catch (const StorageError&) {
    // The error that led here counts; the trial is requeued later, or when this process has ended.
  }
}

void Study::abandon(Trial&& trial) {
  const Trial given_up = std::move(trial);
  if (!given_up.state_) return;
  const std::scoped_lock lock(impl_->mutex);
  abandon(given_up.state_->claim);
}

std::vector<TrialNumber> Study::Impl::requeue_abandoned() {
  std::vector<TrialNumber> requeued;
  for (; !abandoned.empty(); abandoned.pop_back()) {
    try {
      options.storage->requeue(abandoned.back());
      requeued.push_back(abandoned.back().number);
    } catch (const StaleClaim&) {
      // It was stored after all, or somebody else has it.
    }
  }
  return requeued;
}

void Study::suggest_declared(Trial::State& trial) {
  SamplingContext context = impl_->sampling_context(trial.claim.number);
  const TakenConfigurations taken(impl_->history, trial.claim.number, impl_->options.replicates);
  trial.preset.forced = impl_->forced_params(trial.frozen);
  std::vector<NumberRange> costly;
  const AffordableCheck check = recording_check(impl_->options.is_affordable, costly);
  // What a sampler decides is not the whole configuration of a trial that must take some of its parameters.
  if (impl_->options.is_affordable && trial.preset.forced.empty()) context.is_affordable = &check;
  Suggestion suggestion = suggest(*impl_->options.sampler, context, trial.preset.forced,
                                  impl_->avoids_duplicates() ? &taken : nullptr);
  if (needs_record(trial.frozen, suggestion)) {
    const bool looks_back = impl_->options.sampler->uses_history() || suggestion.n_redraws > 0;
    const SuggestionRecord record{
        looks_back ? cursor_of(impl_->view_for(trial.claim.number), trial.claim.number) : HistoryCursor{},
        names_of(suggestion.preset.forced), suggestion.n_redraws, suggestion.is_moved, std::move(costly)};
    suggestion.preset.relative.system_attrs[std::string(kSuggestionKey)] = to_json(record);
  }
  trial.take(std::move(suggestion));
}

Trial Study::ask() {
  AskResult result = ask_within(std::nullopt);
  if (!result.trial) throw InvalidArgument("the sampler has no further point to suggest");
  if (!result.error.empty()) {
    (void)tell(std::move(*result.trial), TrialState::kFail, result.error);
    throw InvalidArgument("the trial cannot take its parameters: " + result.error);
  }
  return std::move(*result.trial);
}

}  // namespace tune
