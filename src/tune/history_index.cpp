#include "tune/history_index.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "tune/value_order.hpp"

namespace tune {
namespace {

using Numbers = std::vector<std::uint32_t>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Up to this many at once are inserted one by one; more are sorted and merged.
constexpr std::size_t kFewInsertions = 16;

/// Brings `fresh` into the sorted list. `before` orders any two different trials.
template <typename Before>
void insert_sorted(Numbers& sorted, Numbers& fresh, const Before& before) {
  if (fresh.size() <= kFewInsertions) {
    for (const std::uint32_t number : fresh) {
      sorted.insert(std::lower_bound(sorted.begin(), sorted.end(), number, before), number);
    }
  } else {
    const auto middle = static_cast<std::ptrdiff_t>(sorted.size());
    sorted.insert(sorted.end(), fresh.begin(), fresh.end());
    std::sort(sorted.begin() + middle, sorted.end(), before);
    std::inplace_merge(sorted.begin(), sorted.begin() + middle, sorted.end(), before);
  }
  fresh.clear();
}

/// Orders by a key of each trial, equal ones by number.
template <typename Key>
auto by_key(const Key& key) {
  return [key](std::uint32_t a, std::uint32_t b) {
    const auto x = key(a);
    const auto y = key(b);
    return x < y || (!(y < x) && a < b);
  };
}

double sign(Direction direction) {
  return direction == Direction::kMaximize ? -1.0 : 1.0;
}

double loss(const History& history, std::size_t number) {
  const auto& values = history.trial(number).values;
  // Optuna writes no such trial; a damaged file may hold one.
  if (values.empty() || std::isnan(values.front())) return kInfinity;
  return sign(history.directions().front()) * values.front();
}

/// The step counts first, so −step as a number that orders like it; a trial without reports comes last but for
/// negative steps, as Optuna's key (1, 0).
std::pair<double, double> pruned_key(const History& history, std::size_t number) {
  const auto& reports = history.trial(number).intermediate;
  if (reports.empty()) return {1.0, 0.0};
  const double value = sign(history.directions().front()) * reports.back().value;
  return {-static_cast<double>(reports.back().step), std::isnan(value) ? kInfinity : value};
}

}  // namespace

void HistoryIndex::note_value(std::size_t column, std::size_t number) {
  if (columns_.size() <= column) columns_.resize(column + 1);
  if (!columns_[column].is_stale) columns_[column].pending.push_back(static_cast<std::uint32_t>(number));
}

void HistoryIndex::note_lost_value(std::size_t column) {
  if (columns_.size() <= column) columns_.resize(column + 1);
  columns_[column] = {{}, {}, true};
}

void HistoryIndex::note_finished(std::size_t number) {
  finished_.push_back(static_cast<std::uint32_t>(number));
}

void HistoryIndex::note_rewritten() {
  is_rewritten_ = true;
}

void HistoryIndex::update(const Column& values, ColumnOrder& order) {
  if (order.is_stale) {
    order = {};
    for (std::size_t number = 0; number < values.values.size(); ++number) {
      if (values.has(number)) order.pending.push_back(static_cast<std::uint32_t>(number));
    }
  }
  insert_sorted(order.sorted, order.pending,
                [of = values.values.data(), by = ValueOrder(values.name)](std::uint32_t a, std::uint32_t b) {
                  return by.is_before(of[a], a, of[b], b);
                });
}

std::span<const std::uint32_t> HistoryIndex::by_value(const History& history, std::size_t column) {
  const std::scoped_lock lock(mutex_);
  if (columns_.size() <= column) columns_.resize(column + 1);
  update(history.columns()[column], columns_[column]);
  return columns_[column].sorted;
}

/// A finished trial never changes in a sound storage; if one does, everything is sorted anew.
void HistoryIndex::forget_rewritten(const History& history) {
  if (!is_rewritten_) return;
  is_rewritten_ = false;
  finished_.clear();
  for (std::size_t number = 0; number < history.size(); ++number) {
    if (is_finished(history.trial(number).state)) finished_.push_back(static_cast<std::uint32_t>(number));
  }
  n_ranked_ = 0;
  for (Numbers* list : {&scored_, &complete_, &pruned_, &infeasible_}) list->clear();
  presence_.clear();
  steps_.clear();
}

void HistoryIndex::count_columns(const History& history, std::size_t number) {
  presence_.resize(history.columns().size());
  for (const std::uint32_t index : history.trial(number).columns) {
    Presence& presence = presence_[index];
    const std::uint32_t distribution = history.columns()[index].distribution_of[number];
    if (presence.n_scored++ == 0) presence.distribution = distribution;
    presence.is_mixed = presence.is_mixed || presence.distribution != distribution;
  }
}

void HistoryIndex::update_ranking(const History& history) {
  forget_rewritten(history);
  Numbers scored;
  Numbers complete;
  Numbers pruned;
  Numbers infeasible;
  for (; n_ranked_ < finished_.size(); ++n_ranked_) {
    const std::uint32_t number = finished_[n_ranked_];
    const TrialRecord& trial = history.trial(number);
    if (trial.state == TrialState::kFail) continue;
    scored.push_back(number);
    count_columns(history, number);
    const bool is_complete = trial.state == TrialState::kComplete;
    (trial.violation > 0.0 ? infeasible : is_complete ? complete : pruned).push_back(number);
  }
  insert_sorted(scored_, scored, std::less<>());
  insert_sorted(infeasible_, infeasible,
                by_key([&](std::uint32_t number) { return history.trial(number).violation; }));
  insert_sorted(pruned_, pruned, by_key([&](std::uint32_t number) { return pruned_key(history, number); }));
  if (history.directions().size() == 1) {
    insert_sorted(complete_, complete, by_key([&](std::uint32_t number) { return loss(history, number); }));
  } else {
    insert_sorted(complete_, complete, std::less<>());
  }
}

std::span<const std::uint32_t> HistoryIndex::scored(const History& history) {
  const std::scoped_lock lock(mutex_);
  update_ranking(history);
  return scored_;
}

TrialRanking HistoryIndex::ranking(const History& history) {
  const std::scoped_lock lock(mutex_);
  update_ranking(history);
  return {complete_, pruned_, infeasible_};
}

std::vector<std::uint32_t> HistoryIndex::common_columns(const History& history) {
  const std::scoped_lock lock(mutex_);
  update_ranking(history);
  Numbers common;
  for (std::size_t index = 0; index < presence_.size(); ++index) {
    const Presence& presence = presence_[index];
    if (!presence.is_mixed && presence.n_scored == scored_.size()) {
      common.push_back(static_cast<std::uint32_t>(index));
    }
  }
  return common;
}

StepValues HistoryIndex::complete_values_at(const History& history, std::int64_t step) {
  const std::scoped_lock lock(mutex_);
  forget_rewritten(history);
  StepColumn& column = steps_[step];
  const auto n_sorted = static_cast<std::ptrdiff_t>(column.sorted.size());
  for (; column.n_seen < finished_.size(); ++column.n_seen) {
    const TrialRecord& trial = history.trial(finished_[column.n_seen]);
    const double* value = trial.state == TrialState::kComplete ? trial.value_at(step) : nullptr;
    if (value == nullptr) continue;
    ++column.n_reported;
    if (!std::isnan(*value)) column.sorted.push_back(*value);
  }
  if (const auto fresh = column.sorted.begin() + n_sorted; fresh != column.sorted.end()) {
    std::sort(fresh, column.sorted.end());
    std::inplace_merge(column.sorted.begin(), fresh, column.sorted.end());
  }
  return {column.sorted, column.n_reported};
}

}  // namespace tune
