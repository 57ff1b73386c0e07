#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tune/analysis/pareto_front.hpp"
#include "tune/create_trial.hpp"
#include "tune/error.hpp"
#include "tune/format/param_json.hpp"
#include "tune/study_impl.hpp"

namespace tune {
namespace {

/// Optuna's comparison of an enqueued value with one that is there (numpy.isclose without an absolute
/// tolerance).
bool is_repeated(const ParamValue& wanted, const ParamValue& there) {
  constexpr double kRelativeTolerance = 1e-5;
  if (wanted.index() != there.index()) return false;
  const auto* a = std::get_if<double>(&wanted);
  const auto* b = std::get_if<double>(&there);
  if (a == nullptr || !std::isfinite(*a) || !std::isfinite(*b)) return same_value(wanted, there);
  return std::abs(*a - *b) <= kRelativeTolerance * std::abs(*b);
}

bool is_repeated(const ParamValues& wanted, const ParamValues& there) {
  return std::equal(wanted.begin(), wanted.end(), there.begin(), there.end(), [](const auto& a, const auto& b) {
    return a.first == b.first && is_repeated(a.second, b.second);
  });
}

}  // namespace

ParamValues suggested_params(const History& history, std::size_t number) {
  ParamValues values;
  for (const std::uint32_t index : history.trial(number).columns) {
    const Column& column = history.columns()[index];
    values.emplace(column.name,
                   to_external(column.distributions[column.distribution_of[number]], column.value(number)));
  }
  return values;
}

bool Study::Impl::has_configuration(const ParamValues& params) const {
  for (std::size_t number = 0; number < history.size(); ++number) {
    const Attributes& attributes = history.trial(number).system_attrs;
    try {
      const bool queued = attributes.contains(kFixedParamsKey);
      if (is_repeated(params, queued ? format::queued_params(attributes) : suggested_params(history, number)))
        return true;
    } catch (const FormatError&) {
      // Another program enqueued what no configuration can equal.
    }
  }
  return false;
}

std::vector<std::vector<TrialNumber>> Study::enqueue_trials(const std::vector<ParamValues>& points,
                                                            const EnqueueOptions& options) {
  const std::scoped_lock lock(impl_->mutex);
  if (options.skip_if_exists) impl_->refresh_locked();
  std::vector<NewTrial> entries;
  std::vector<bool> is_taken;
  for (auto point = points.begin(); point != points.end(); ++point) {
    const auto replicates = impl_->queue_entries(*point, {});
    const auto is_same = [&](const ParamValues& earlier) { return is_repeated(*point, earlier); };
    is_taken.push_back(!(options.skip_if_exists &&
                         (std::any_of(points.begin(), point, is_same) || impl_->has_configuration(*point))));
    if (is_taken.back()) entries.insert(entries.end(), replicates.begin(), replicates.end());
  }
  for (NewTrial& entry : entries) entry.user_attrs = options.user_attrs;
  const auto numbers = entries.empty() ? std::vector<TrialNumber>() : storage().enqueue(id(), entries);
  std::vector<std::vector<TrialNumber>> of_points;
  auto next = numbers.begin();
  for (const bool has_trials : is_taken) {
    const auto end = has_trials ? next + impl_->options.replicates : next;
    of_points.emplace_back(next, end);
    next = end;
  }
  return of_points;
}

std::vector<TrialNumber> Study::enqueue_trial(const ParamValues& params, const EnqueueOptions& options) {
  return enqueue_trials({params}, options).front();
}

TrialNumber Study::add_trial(const FrozenTrial& trial) {
  check_trial(trial);
  return storage().add_trial(id(), trial);
}

std::vector<TrialNumber> Study::add_trials(const std::vector<FrozenTrial>& trials) {
  std::vector<TrialNumber> numbers;
  for (const FrozenTrial& trial : trials) numbers.push_back(add_trial(trial));
  return numbers;
}

double Study::best_value() const {
  return best_trial().values.front();
}

ParamValues Study::best_params() const {
  ParamValues params;
  for (const Param& param : best_trial().params) params.emplace(param.name, param.external());
  return params;
}

std::vector<FrozenTrial> Study::best_trials() const {
  const auto all = trials();
  std::vector<FrozenTrial> best;
  for (const std::size_t i : pareto_front(all, directions())) best.push_back(all[i]);
  return best;
}

std::vector<FrozenTrial> Study::trials(const std::vector<TrialState>& states) const {
  auto chosen = trials();
  std::erase_if(chosen, [&](const FrozenTrial& trial) {
    return std::find(states.begin(), states.end(), trial.state) == states.end();
  });
  return chosen;
}

Attributes Study::user_attrs() const {
  return impl_->stored_record().user_attrs;
}

Attributes Study::system_attrs() const {
  return impl_->stored_record().system_attrs;
}

void Study::set_user_attr(const std::string& key, const std::string& json) {
  storage().set_study_attributes(id(), AttributeKind::kUser, {{key, json}});
}

void Study::set_system_attr(const std::string& key, const std::string& json) {
  storage().set_study_attributes(id(), AttributeKind::kSystem, {{key, json}});
}

StudyRecord Study::Impl::stored_record() const {
  auto stored = options.storage->find_study(record.name);
  if (!stored) throw StudyNotFound(fmt::format("there is no study '{}' in the storage", record.name));
  return std::move(*stored);
}

}  // namespace tune
