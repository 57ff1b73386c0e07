#include "cli/run/study_counter.hpp"

#include <algorithm>

#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

/// A trial whose constraints cannot be read is no candidate for the best one.
bool is_feasible(const tune::FrozenTrial& trial) {
  try {
    const auto constraints = trial.constraints();
    return std::all_of(constraints.begin(), constraints.end(), [](double value) { return value <= 0; });
  } catch (const tune::FormatError&) {
    return false;
  }
}

}  // namespace

StudyCounter::StudyCounter(const tune::Study& study, std::optional<std::int64_t> n_trials)
    : storage_(study.storage()), study_(study.id()) {
  tally_.study_name = study.study_name();
  tally_.n_trials = n_trials;
  if (study.directions().size() == 1) tally_.direction = study.directions()[0];
}

const StudyTally& StudyCounter::count() {
  tune::Changes changes = storage_.changes_since(study_, cursor_);
  for (const tune::FrozenTrial& trial : changes.trials) take(trial);
  cursor_ = std::move(changes.cursor);
  return tally_;
}

void StudyCounter::take(const tune::FrozenTrial& trial) {
  const auto before = unfinished_.find(trial.number);
  if (before != unfinished_.end()) {
    if (std::int64_t* counter = counter_of(before->second)) --*counter;
    unfinished_.erase(before);
  }
  if (std::int64_t* counter = counter_of(trial.state)) ++*counter;
  if (!tune::is_finished(trial.state)) unfinished_.emplace(trial.number, trial.state);
  if (!is_best(trial)) return;
  tally_.best_value = trial.values[0];
  tally_.best_number = trial.number.value;
}

std::int64_t* StudyCounter::counter_of(tune::TrialState state) {
  switch (state) {
    case tune::TrialState::kComplete:
      return &tally_.n_complete;
    case tune::TrialState::kPruned:
      return &tally_.n_pruned;
    case tune::TrialState::kFail:
      return &tally_.n_fail;
    case tune::TrialState::kRunning:
      return &tally_.n_running;
    case tune::TrialState::kWaiting:
      return nullptr;
  }
  return nullptr;
}

bool StudyCounter::is_best(const tune::FrozenTrial& trial) const {
  if (tally_.direction == tune::Direction::kNotSet || trial.state != tune::TrialState::kComplete) return false;
  if (trial.values.empty() || !is_feasible(trial)) return false;
  if (!tally_.best_value) return true;
  const double value = trial.values[0];
  const bool maximize = tally_.direction == tune::Direction::kMaximize;
  if (value == *tally_.best_value) return trial.number.value < tally_.best_number;
  return maximize ? value > *tally_.best_value : value < *tally_.best_value;
}

}  // namespace fmnist_tune
