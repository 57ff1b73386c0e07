#include "tune/history.hpp"

#include <algorithm>
#include <numeric>

#include "tune/history_index.hpp"

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

/// The storage's mark on a running trial.
constexpr std::string_view kOwnerKey = "tune:owner";

/// Nothing that a sampler or pruner could use.
bool is_bookkeeping(std::string_view key) {
  return key == kOwnerKey || key == kSuggestionKey;
}

/// Whether a finished trial is told again as it is known.
bool is_known(const TrialRecord& record, const FrozenTrial& trial) {
  return record.state == trial.state && record.values == trial.values &&
         record.columns.size() == trial.params.size() &&
         record.intermediate.size() == trial.intermediate.size();
}

bool has_constraint_key(const Attributes& attributes) {
  const auto first = attributes.lower_bound(kConstraintsKey);
  return first != attributes.end() && first->first.starts_with(kConstraintsKey);
}

}  // namespace

bool TrialRecord::is_feasible() const {
  if (!has_constraints) return true;
  const auto constraints = constraint_values(system_attrs);
  return std::all_of(constraints.begin(), constraints.end(), [](double value) { return value <= 0.0; });
}

const double* TrialRecord::value_at(std::int64_t step) const {
  const auto found = step_position(intermediate, step);
  return found != intermediate.end() && found->step == step ? &found->value : nullptr;
}

History::History(std::vector<Direction> directions)
    : directions_(std::move(directions)), index_(std::make_unique<HistoryIndex>()) {}
History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;
History::~History() = default;

TrialRecord& History::record(TrialNumber number) {
  const auto index = static_cast<std::size_t>(number.value);
  if (index >= trials_.size()) {
    counts_[static_cast<std::size_t>(TrialState::kWaiting)] += index + 1 - trials_.size();
    trials_.resize(index + 1);
    states_.resize(index + 1, TrialState::kWaiting);
  }
  return trials_[index];
}

void History::set_state(TrialRecord& record, std::size_t number, TrialState state) {
  if (record.state == state) return;
  --counts_[static_cast<std::size_t>(record.state)];
  ++counts_[static_cast<std::size_t>(state)];
  const auto place = std::lower_bound(running_.begin(), running_.end(), number);
  if (record.state == TrialState::kRunning) running_.erase(place);
  if (state == TrialState::kRunning) running_.insert(place, static_cast<std::uint32_t>(number));
  record.state = state;
  states_[number] = state;
  n_settled_ = std::min(n_settled_, number);
  while (n_settled_ < states_.size() && is_finished(states_[n_settled_])) ++n_settled_;
}

std::uint32_t History::column_index(const std::string& name) {
  const auto [found, added] = column_by_name_.try_emplace(name, static_cast<std::uint32_t>(columns_.size()));
  if (added) columns_.push_back({name, {}, {}, {}});
  return found->second;
}

void History::apply(const FrozenTrial& trial) {
  const auto number = static_cast<std::size_t>(trial.number.value);
  TrialRecord& target = record(trial.number);
  const bool was_finished = is_finished(target.state);
  if (was_finished && is_known(target, trial)) return;
  set_params(target, number, trial.params);
  target.is_owned = trial.state == TrialState::kRunning && trial.system_attrs.contains(kOwnerKey);
  target.values = trial.values;
  target.intermediate.clear();
  target.report_order.clear();
  for (const auto& report : trial.intermediate) add_report(trial.number, report);
  target.system_attrs.clear();
  target.has_constraints = false;
  target.violation = 0.0;
  add_system_attrs(trial.number, trial.system_attrs);
  set_state(target, number, trial.state);
  if (was_finished) {
    index_->note_rewritten();
  } else if (is_finished(trial.state)) {
    index_->note_finished(number);
  }
}

void History::set_params(TrialRecord& record, std::size_t number, const std::vector<Param>& params) {
  const auto is_same = [&](std::uint32_t column, const Param& param) {
    return columns_[column].name == param.name && columns_[column].values[number] == param.value;
  };
  if (std::equal(record.columns.begin(), record.columns.end(), params.begin(), params.end(), is_same)) return;
  const std::vector<std::uint32_t> before = std::move(record.columns);
  record.columns.clear();
  record.columns.reserve(params.size());
  // Trials of a study are alike: mostly it is the parameter that the trial before has at this place.
  const auto* before_it = number > 0 ? &trials_[number - 1].columns : nullptr;
  for (const Param& param : params) {
    const std::size_t place = record.columns.size();
    const bool is_alike =
        before_it != nullptr && place < before_it->size() && columns_[(*before_it)[place]].name == param.name;
    record.columns.push_back(is_alike ? (*before_it)[place] : column_index(param.name));
    set_value(record.columns.back(), number, param);
  }
  for (const std::uint32_t column : before) {
    if (std::find(record.columns.begin(), record.columns.end(), column) == record.columns.end()) {
      columns_[column].values[number] = kAbsent;
      index_->note_lost_value(column);
    }
  }
}

void History::set_value(std::uint32_t index, std::size_t number, const Param& param) {
  Column& column = columns_[index];
  if (column.values.size() == number) {
    column.values.push_back(kAbsent);
    column.distribution_of.push_back(0);
  } else if (column.values.size() < number) {
    column.values.resize(number + 1, kAbsent);
    column.distribution_of.resize(number + 1, 0);
  }
  if (!column.has(number)) {
    if (param.value == param.value) index_->note_value(index, number);
  } else if (column.values[number] != param.value) {
    index_->note_lost_value(index);
  }
  column.values[number] = param.value;
  column.distribution_of[number] = distribution_index(column, param.distribution);
}

void History::add_params(TrialNumber number, std::span<const Param> params) {
  TrialRecord& target = record(number);
  const auto row = static_cast<std::size_t>(number.value);
  target.columns.reserve(target.columns.size() + params.size());
  for (const Param& param : params) {
    const std::uint32_t index = column_index(param.name);
    if (!columns_[index].has(row)) target.columns.push_back(index);
    set_value(index, row, param);
  }
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
  for (const auto& [key, value] : attributes) {
    if (!is_bookkeeping(key)) target.system_attrs[key] = value;
  }
  if (!has_constraint_key(attributes)) return;
  const auto constraints = constraint_values(target.system_attrs);
  target.has_constraints = !constraints.empty();
  target.violation = total_violation(constraints);
  if (is_finished(target.state)) index_->note_rewritten();
}

const Column* History::column(std::string_view name) const {
  const auto found = column_by_name_.find(name);
  return found == column_by_name_.end() ? nullptr : &columns_[found->second];
}

std::span<const std::uint32_t> History::scored() const {
  return index_->scored(*this);
}

TrialRanking History::ranking() const {
  return index_->ranking(*this);
}

std::vector<std::uint32_t> History::common_columns() const {
  return index_->common_columns(*this);
}

std::span<const std::uint32_t> History::by_value(const Column& column) const {
  return index_->by_value(*this, static_cast<std::size_t>(&column - columns_.data()));
}

StepValues History::complete_values_at(std::int64_t step) const {
  return index_->complete_values_at(*this, step);
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
    if (better && trial.is_feasible()) best = i;
  }
  if (!best) return std::nullopt;
  return TrialNumber{static_cast<std::int64_t>(*best)};
}

std::size_t HistoryView::count(TrialState wanted) const {
  if (shows_all()) return history_->count(wanted);
  std::size_t n = 0;
  for (std::size_t number = 0; number < size(); ++number) n += state(number) == wanted ? 1 : 0;
  return n;
}

}  // namespace tune
