#include "tune/history.hpp"

#include <algorithm>
#include <numeric>

namespace tune {
namespace {

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();

/// The first position whose step is not below `step`.
template <typename Values>
auto step_position(Values& values, std::int64_t step) {
  return std::lower_bound(values.begin(), values.end(), step,
                          [](const IntermediateValue& v, std::int64_t s) { return v.step < s; });
}

/// A range that varies from trial to trial is common, the same one again even more so: look from the back.
std::uint32_t distribution_index(Column& column, const Distribution& distribution) {
  const auto found = std::find(column.distributions.rbegin(), column.distributions.rend(), distribution);
  if (found == column.distributions.rend()) {
    column.distributions.push_back(distribution);
    return static_cast<std::uint32_t>(column.distributions.size() - 1);
  }
  return static_cast<std::uint32_t>(column.distributions.rend() - found - 1);
}

/// Takes note that a report goes to `place` among `size` earlier ones.
void note_report(std::vector<std::uint32_t>& order, std::size_t place, std::size_t size) {
  if (order.empty() && place == size) return;
  if (order.empty()) {
    order.resize(size);
    std::iota(order.begin(), order.end(), 0U);
  }
  for (std::uint32_t& later : order) later += later >= place ? 1U : 0U;
  order.push_back(static_cast<std::uint32_t>(place));
}

/// Like Optuna, takes a NaN for a constraint that is not met.
bool is_feasible(const TrialRecord& trial) {
  if (!trial.has_constraints) return true;
  const auto values = constraint_values(trial.system_attrs);
  return std::all_of(values.begin(), values.end(), [](double value) { return value <= 0.0; });
}

}  // namespace

const double* TrialRecord::value_at(std::int64_t step) const {
  const auto found = step_position(intermediate, step);
  return found != intermediate.end() && found->step == step ? &found->value : nullptr;
}

TrialRecord& History::record(TrialNumber number) {
  const auto index = static_cast<std::size_t>(number.value);
  if (index >= trials_.size()) trials_.resize(index + 1);
  return trials_[index];
}

std::uint32_t History::column_index(const std::string& name) {
  const auto [found, added] = column_by_name_.try_emplace(name, static_cast<std::uint32_t>(columns_.size()));
  if (added) columns_.push_back({name, {}, {}, {}});
  return found->second;
}

void History::apply(const FrozenTrial& trial) {
  TrialRecord& target = record(trial.number);
  for (const std::uint32_t column : target.columns) {
    columns_[column].values[static_cast<std::size_t>(trial.number.value)] = kAbsent;
  }
  target = TrialRecord{};
  target.state = trial.state;
  target.values = trial.values;
  for (const auto& param : trial.params) add_param(trial.number, param);
  for (const auto& report : trial.intermediate) add_report(trial.number, report);
  add_system_attrs(trial.number, trial.system_attrs);
}

void History::add_param(TrialNumber number, const Param& param) {
  TrialRecord& target = record(number);
  const std::uint32_t index = column_index(param.name);
  Column& column = columns_[index];
  const auto row = static_cast<std::size_t>(number.value);
  if (column.values.size() <= row) {
    column.values.resize(row + 1, kAbsent);
    column.distribution_of.resize(row + 1, 0);
  }
  if (!column.has(row)) target.columns.push_back(index);
  column.values[row] = param.value;
  column.distribution_of[row] = distribution_index(column, param.distribution);
}

void History::add_report(TrialNumber number, IntermediateValue report) {
  TrialRecord& target = record(number);
  auto& values = target.intermediate;
  const auto position = step_position(values, report.step);
  if (position != values.end() && position->step == report.step) return;
  note_report(target.report_order, static_cast<std::size_t>(position - values.begin()), values.size());
  values.insert(position, report);
}

void History::add_system_attrs(TrialNumber number, const Attributes& attributes) {
  if (attributes.empty()) return;
  TrialRecord& target = record(number);
  for (const auto& [key, value] : attributes) target.system_attrs[key] = value;
  const auto constraints = constraint_values(target.system_attrs);
  target.has_constraints = !constraints.empty();
  target.violation = total_violation(constraints);
}

const Column* History::column(std::string_view name) const {
  const auto found = column_by_name_.find(name);
  return found == column_by_name_.end() ? nullptr : &columns_[found->second];
}

std::size_t History::count(TrialState state) const {
  return static_cast<std::size_t>(
      std::count_if(trials_.begin(), trials_.end(), [&](const TrialRecord& t) { return t.state == state; }));
}

std::size_t History::finished_count() const {
  return static_cast<std::size_t>(
      std::count_if(trials_.begin(), trials_.end(), [](const TrialRecord& t) { return is_finished(t.state); }));
}

std::optional<TrialNumber> History::best_trial() const {
  if (directions_.size() != 1) return std::nullopt;
  const bool maximize = directions_.front() == Direction::kMaximize;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    const TrialRecord& trial = trials_[i];
    if (trial.state != TrialState::kComplete || trial.values.empty()) continue;
    const double value = trial.values.front();
    const bool better =
        !best || (maximize ? value > trials_[*best].values.front() : value < trials_[*best].values.front());
    if (better && is_feasible(trial)) best = i;
  }
  if (!best) return std::nullopt;
  return TrialNumber{static_cast<std::int64_t>(*best)};
}

}  // namespace tune
