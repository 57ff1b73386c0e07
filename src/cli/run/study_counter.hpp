#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tune/study.hpp"

namespace fmnist_tune {

/// Where a study stands, whichever processes ran its trials.
struct StudyTally {
  std::string study_name;
  tune::Direction direction = tune::Direction::kNotSet;  ///< kNotSet with several objectives.
  std::optional<std::int64_t> n_trials;                  ///< Finished trials the study should have.
  std::int64_t n_complete = 0;
  std::int64_t n_pruned = 0;
  std::int64_t n_fail = 0;
  std::int64_t n_running = 0;
  std::optional<double> best_value;  ///< Of the feasible COMPLETE trials, with one objective.
  std::int64_t best_number = 0;

  [[nodiscard]] std::int64_t finished() const { return n_complete + n_pruned + n_fail; }
};

/// Counts the trials of a study from what changed in the storage since the last count. It asks the study's own
/// storage: a second connection to a SQLite file would, when it is closed, end the locks that this process
/// holds on it.
class StudyCounter {
 public:
  /// The storage of `study` must live as long as this.
  StudyCounter(const tune::Study& study, std::optional<std::int64_t> n_trials);

  /// Brings the count up to date. One call at a time; reads the new and the unfinished trials. Throws what the
  /// storage throws; the count is then as before.
  const StudyTally& count();

 private:
  void take(const tune::FrozenTrial& trial);
  /// Where trials of that state are counted, or null.
  [[nodiscard]] std::int64_t* counter_of(tune::TrialState state);
  [[nodiscard]] bool is_best(const tune::FrozenTrial& trial) const;

  tune::Storage& storage_;
  tune::StudyId study_;
  tune::Cursor cursor_;
  std::map<tune::TrialNumber, tune::TrialState> unfinished_;
  StudyTally tally_;
};

}  // namespace fmnist_tune
