#include "tune/trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "tune/error.hpp"
#include "tune/format/constraint_json.hpp"
#include "tune/storages/claims.hpp"
#include "tune/storages/json_text.hpp"
#include "tune/study_impl.hpp"

namespace tune {
namespace {

void check_json(bool is_json, std::string_view key, std::string_view json) {
  if (is_json) return;
  throw InvalidArgument(fmt::format("the value of attribute '{}' is not JSON: {:.200}", key, json));
}

bool has_step(const FrozenTrial& trial, std::int64_t step) {
  return std::any_of(trial.intermediate.begin(), trial.intermediate.end(),
                     [&](const IntermediateValue& report) { return report.step == step; });
}

}  // namespace

ParamValue Trial::State::suggest_locked(std::string_view name, const Distribution& distribution) {
  if (const auto earlier = decided.find(name); earlier != decided.end()) {
    check_compatible(name, frozen.find_param(name)->distribution, distribution);
    return earlier->second;
  }
  const SamplingContext context = study->sampling_context(claim.number);
  check_known(context.history, name, distribution);
  record({std::string(name), decide_param(*study->options.sampler, context, preset, name, distribution),
          distribution});
  return decided.find(name)->second;
}

void Trial::State::record(Param param) {
  study->history.add_params(claim.number, {&param, 1});
  decided.emplace(param.name, param.external());
  frozen.params.push_back(std::move(param));
}

void Trial::State::take(Suggestion suggestion) {
  preset = std::move(suggestion.preset);
  for (const auto& [key, json] : preset.relative.system_attrs) frozen.system_attrs[key] = json;
  study->history.add_system_attrs(claim.number, preset.relative.system_attrs);
  study->history.add_params(claim.number, suggestion.configuration.params);
  const std::vector<Param> stored = std::exchange(frozen.params, std::move(suggestion.configuration.params));
  decided = std::move(suggestion.configuration.values);
  for (const Param& param : stored) {
    if (decided.emplace(param.name, param.external()).second) frozen.params.push_back(param);
  }
}

void Trial::State::store_params(const Attributes& system_attrs) {
  const auto pending = std::span<const Param>(frozen.params).subspan(n_stored_params);
  const bool for_outsider = study->options.asks_for_outsiders;
  if (pending.empty() && system_attrs.empty() && !for_outsider) return;
  study->options.storage->start(claim, pending, system_attrs, for_outsider);
  n_stored_params = frozen.params.size();
}

void Trial::State::require_latest_locked() const {
  const auto held = study->live.find(claim.number);
  if (held == study->live.end() || held->second.epoch == claim.epoch) return;
  storages::throw_stale(claim, "this process was given it anew");
}

void Trial::State::report(double value, std::int64_t step) {
  if (step < 0) throw InvalidArgument(fmt::format("step must be >= 0, found {}", step));
  if (study->record.directions.size() != 1) {
    throw InvalidArgument("intermediate values need a study with one objective");
  }
  store_params();
  {
    const std::scoped_lock lock(study->mutex);
    require_latest_locked();
    // What other processes finished counts from now on.
    if (study->options.pruner->uses_other_trials()) study->refresh_locked();
    if (has_step(frozen, step)) return;
    // A report that the storage refused stays in the history; made again, it is stored as it was.
    study->history.add_report(claim.number, {step, value});
    value = *study->history.trial(static_cast<std::size_t>(claim.number.value)).value_at(step);
    last_decision = study->options.pruner->decide(
        {study->view_for(claim.number), claim.number, study->options.seed, study->record.name});
    study->history.add_system_attrs(claim.number, last_decision.system_attrs);
  }
  study->options.storage->report(claim, {step, value}, last_decision.system_attrs);
  frozen.intermediate.push_back({step, value});
  for (const auto& [key, json] : last_decision.system_attrs) frozen.system_attrs[key] = json;
}

Trial::Trial(std::unique_ptr<State> state) : state_(std::move(state)) {}
Trial::Trial(Trial&&) noexcept = default;
Trial& Trial::operator=(Trial&&) noexcept = default;
Trial::~Trial() = default;

TrialNumber Trial::number() const {
  return state_->claim.number;
}

std::int64_t Trial::replicate() const {
  return number().value % state_->study->options.replicates;
}

ParamValue Trial::suggest(std::string_view name, const Distribution& distribution) {
  const Distribution checked = validated(distribution);
  const std::scoped_lock lock(state_->study->mutex);
  return state_->suggest_locked(name, checked);
}

double Trial::suggest_float(std::string_view name, double low, double high, const FloatOptions& options) {
  return std::get<double>(suggest(name, FloatDistribution{low, high, options.log, options.step}));
}

std::int64_t Trial::suggest_int(std::string_view name, std::int64_t low, std::int64_t high,
                                const IntOptions& options) {
  return std::get<std::int64_t>(suggest(name, IntDistribution{low, high, options.log, options.step}));
}

ParamValue Trial::suggest_categorical(std::string_view name, std::vector<ParamValue> choices) {
  return suggest(name, CategoricalDistribution{std::move(choices)});
}

void Trial::report(double value, std::int64_t step) {
  try {
    state_->report(value, step);
  } catch (const StaleClaim&) {
    state_->study->lose(state_->claim);
    throw;
  }
}

bool Trial::should_prune() {
  if (state_->study->record.directions.size() != 1) {
    throw InvalidArgument("trials of a study with several objectives cannot be pruned");
  }
  return state_->last_decision.prune;
}

void Trial::set_user_attr(std::string key, std::string json) {
  check_json(storages::is_json(json), key, json);
  state_->frozen.user_attrs.insert_or_assign(std::move(key), std::move(json));
}

void Trial::set_system_attr(std::string key, std::string json) {
  check_json(nlohmann::json::accept(json), key, json);
  state_->frozen.system_attrs.insert_or_assign(key, json);
  state_->unstored_system_attrs.insert_or_assign(std::move(key), std::move(json));
}

void Trial::set_constraints(std::vector<double> values) {
  for (const double value : values) {
    if (!std::isfinite(value)) throw InvalidArgument("a constraint value must be finite");
  }
  state_->constraints = std::move(values);
}

void Trial::set_constraint(std::string_view name, double value) {
  const std::string json = format::constraint_json(name, value);
  if (state_->frozen.system_attrs.emplace(format::constraint_key(name), json).second) {
    state_->unstored_system_attrs.emplace(format::constraint_key(name), json);
  }
}

const Attributes& Trial::user_attrs() const {
  return state_->frozen.user_attrs;
}

const Attributes& Trial::system_attrs() const {
  return state_->frozen.system_attrs;
}

const ParamValues& Trial::params() const& {
  return state_->decided;
}

}  // namespace tune
