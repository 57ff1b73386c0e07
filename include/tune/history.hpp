#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/name_map.hpp"

namespace tune {

/// What samplers and pruners know of one trial, without its parameters (those are in the columns).
struct TrialRecord {
  TrialState state = TrialState::kWaiting;
  bool is_owned = false;  ///< RUNNING in a process that marks its trials, as this library's do.
  bool has_constraints = false;
  double violation = 0.0;  ///< Sum of positive constraint values.
  std::vector<double> values;
  std::vector<IntermediateValue> intermediate;  ///< Sorted by step.
  /// Indices into `intermediate` in the order of reporting; empty where the steps rose.
  std::vector<std::uint32_t> report_order;
  std::vector<std::uint32_t> columns;  ///< Parameters of the trial, as column indices, in order.
  Attributes system_attrs;

  /// Whether it may be the best: no constraint is violated. As in Optuna, a NaN is one that is not met.
  [[nodiscard]] bool is_feasible() const;
  /// The value at that step, or null.
  [[nodiscard]] const double* value_at(std::int64_t step) const;
};

/// One parameter over all trials.
struct Column {
  std::string name;
  /// Internal value by trial number, NaN where the trial lacks the parameter. May be shorter than the
  /// study; absent entries count as NaN.
  std::vector<double> values;
  /// Index into `distributions` by trial number; meaningful where `values` is not NaN.
  std::vector<std::uint32_t> distribution_of;
  /// The distinct distributions the parameter was suggested from, in order of appearance.
  std::vector<Distribution> distributions;

  [[nodiscard]] double value(std::size_t number) const {
    return number < values.size() ? values[number] : std::numeric_limits<double>::quiet_NaN();
  }
  [[nodiscard]] bool has(std::size_t number) const {
    return number < values.size() && values[number] == values[number];
  }
};

/// The COMPLETE and PRUNED trials in the order in which TPE prefers them, best first, equal ones by number.
struct TrialRanking {
  std::span<const std::uint32_t> complete;    ///< Feasible; several objectives: by number.
  std::span<const std::uint32_t> pruned;      ///< Feasible; by (later step, better value).
  std::span<const std::uint32_t> infeasible;  ///< By violation.
};

/// What the COMPLETE trials reported at one step.
struct StepValues {
  std::span<const double> sorted;  ///< Ascending, without NaN.
  std::size_t n_reported = 0;      ///< With NaN.
};

class HistoryIndex;

/// All trials of one study in memory, a column a parameter, indexed by trial number.
///
/// The study applies what it writes and what `Storage::changes_since` brings; samplers and pruners read
/// it through a HistoryView. `apply` costs O(parameters + reports) of that trial, reading copies nothing.
/// Not synchronised: the study guards it. Any number of threads may read while nobody writes.
class History {
 public:
  explicit History(std::vector<Direction> directions);
  History(History&&) noexcept;
  History& operator=(History&&) noexcept;
  ~History();

  /// Inserts or replaces the trial of that number. Numbers between are kept as WAITING without parameters
  /// until they are applied.
  void apply(const FrozenTrial& trial);
  /// Changes to one running trial, without rewriting the rest of it.
  void add_params(TrialNumber number, std::span<const Param> params);
  void add_report(TrialNumber number, IntermediateValue report);
  void add_system_attrs(TrialNumber number, const Attributes& attributes);

  [[nodiscard]] const std::vector<Direction>& directions() const { return directions_; }
  [[nodiscard]] std::size_t size() const { return trials_.size(); }
  [[nodiscard]] const TrialRecord& trial(std::size_t number) const { return trials_[number]; }
  [[nodiscard]] TrialState state(std::size_t number) const { return states_[number]; }
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  [[nodiscard]] const Column* column(std::string_view name) const;
  /// Number of trials in that state.
  [[nodiscard]] std::size_t count(TrialState state) const { return counts_[static_cast<std::size_t>(state)]; }
  /// All trials with a lower number are finished.
  [[nodiscard]] std::size_t n_settled() const { return n_settled_; }
  /// COMPLETE + PRUNED + FAIL.
  [[nodiscard]] std::size_t finished_count() const {
    return count(TrialState::kComplete) + count(TrialState::kPruned) + count(TrialState::kFail);
  }

  /// Lists that are kept sorted while trials come: asking costs O(n) at most for a trial that is new since the
  /// last time, nothing otherwise. They hold until the history changes.
  /// The COMPLETE and PRUNED trials by number.
  [[nodiscard]] std::span<const std::uint32_t> scored() const;
  [[nodiscard]] TrialRanking ranking() const;
  /// The columns that each of those has a value in, all drawn from one distribution.
  [[nodiscard]] std::vector<std::uint32_t> common_columns() const;
  /// The RUNNING trials by number.
  [[nodiscard]] std::span<const std::uint32_t> running() const { return running_; }
  /// The trials that have that parameter, in any state, by value; equal ones in an order of that parameter
  /// alone.
  [[nodiscard]] std::span<const std::uint32_t> by_value(const Column& column) const;
  [[nodiscard]] StepValues complete_values_at(std::int64_t step) const;

  /// The feasible COMPLETE trial with the best value, lowest number on ties, for one objective;
  /// nothing when there is none. O(1) is not promised: O(n).
  [[nodiscard]] std::optional<TrialNumber> best_trial() const;

 private:
  TrialRecord& record(TrialNumber number);
  std::uint32_t column_index(const std::string& name);
  void set_state(TrialRecord& record, std::size_t number, TrialState state);
  void set_params(TrialRecord& record, std::size_t number, const std::vector<Param>& params);
  void set_value(std::uint32_t index, std::size_t number, const Param& param);

  std::vector<Direction> directions_;
  std::vector<TrialRecord> trials_;
  std::vector<TrialState> states_;  ///< Those of `trials_`, side by side.
  std::vector<Column> columns_;
  NameMap<std::uint32_t> column_by_name_;
  std::array<std::size_t, 5> counts_{};
  std::size_t n_settled_ = 0;
  std::vector<std::uint32_t> running_;
  std::unique_ptr<HistoryIndex> index_;
};

/// The read-only window through which samplers and pruners see a history.
///
/// `results_below` hides results: a finished trial whose number is not below it shows as RUNNING, without
/// values and reports, with its parameters. That is what makes a parallel study reproducible (DESIGN: the
/// suggestion of trial n uses results of trials ≤ n − W). `only` hides whole trials: those of another group
/// show as WAITING, without values and reports. By default everything shows.
class HistoryView {
 public:
  explicit HistoryView(const History& history,
                       std::size_t results_below = std::numeric_limits<std::size_t>::max())
      : history_(&history), results_below_(results_below) {}

  [[nodiscard]] const std::vector<Direction>& directions() const { return history_->directions(); }
  [[nodiscard]] std::size_t size() const { return history_->size(); }
  /// The view of the trials of `group` alone; `group_of` has the group by trial number (a trial beyond its end
  /// shows) and must outlive the view.
  [[nodiscard]] HistoryView only(std::span<const std::uint32_t> group_of, std::uint32_t group) const {
    HistoryView view = *this;
    view.group_of_ = group_of;
    view.group_ = group;
    return view;
  }

  [[nodiscard]] TrialState state(std::size_t number) const {
    if (!shows(number)) return TrialState::kWaiting;
    const TrialState stored = history_->state(number);
    return shows_result(number) || !is_finished(stored) ? stored : TrialState::kRunning;
  }
  [[nodiscard]] std::span<const double> values(std::size_t number) const {
    return shows_result(number) ? std::span<const double>(history_->trial(number).values)
                                : std::span<const double>();
  }
  [[nodiscard]] std::span<const IntermediateValue> intermediate(std::size_t number) const {
    return shows_result(number) ? std::span<const IntermediateValue>(history_->trial(number).intermediate)
                                : std::span<const IntermediateValue>();
  }
  /// The whole record, results included: for the trial in question itself.
  [[nodiscard]] const TrialRecord& record(std::size_t number) const { return history_->trial(number); }
  [[nodiscard]] const std::vector<Column>& columns() const { return history_->columns(); }
  [[nodiscard]] const Column* column(std::string_view name) const { return history_->column(name); }
  [[nodiscard]] bool shows(std::size_t number) const {
    return number >= group_of_.size() || group_of_[number] == group_;
  }
  [[nodiscard]] bool shows_result(std::size_t number) const { return number < results_below_ && shows(number); }
  /// See History. They cover hidden trials too: ask `state` or `shows_result` about each.
  [[nodiscard]] std::span<const std::uint32_t> scored() const { return history_->scored(); }
  [[nodiscard]] TrialRanking ranking() const { return history_->ranking(); }
  [[nodiscard]] std::vector<std::uint32_t> common_columns() const { return history_->common_columns(); }
  [[nodiscard]] std::span<const std::uint32_t> running() const { return history_->running(); }
  [[nodiscard]] std::span<const std::uint32_t> by_value(const Column& column) const {
    return history_->by_value(column);
  }
  [[nodiscard]] StepValues complete_values_at(std::int64_t step) const {
    return history_->complete_values_at(step);
  }
  /// All trials with a lower number show as finished, but for those of other groups.
  [[nodiscard]] std::size_t n_settled() const { return std::min(history_->n_settled(), results_below_); }
  /// Number of trials that show in that state. O(1) when nothing is hidden.
  [[nodiscard]] std::size_t count(TrialState wanted) const;
  /// True when nothing is hidden: what is known of the whole history then holds for the view.
  [[nodiscard]] bool shows_all() const { return group_of_.empty() && results_below_ >= history_->size(); }

 private:
  const History* history_;
  std::size_t results_below_;
  std::span<const std::uint32_t> group_of_;
  std::uint32_t group_ = 0;
};

}  // namespace tune
