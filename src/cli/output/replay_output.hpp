#pragma once

#include <string>
#include <vector>

#include "cli/output/json.hpp"
#include "cli/output/table.hpp"
#include "cli/run/pruner_replay.hpp"

namespace fmnist_tune {

/// What a replay comes to.
struct ReplaySums {
  std::size_t n_trials = 0;
  std::size_t n_stopped = 0;
  std::size_t n_complete_stopped = 0;  ///< Of the trials that were COMPLETE.
  std::size_t n_cut = 0;               ///< Were PRUNED and would have gone on: nobody knows how far.
  std::size_t n_steps = 0;             ///< Reported then.
  std::size_t n_saved = 0;
  double seconds = 0.0;  ///< From start to end of every trial.
  double seconds_saved = 0.0;
  std::vector<ReplayedTrial> top;       ///< The five best COMPLETE feasible trials, the best first.
  std::optional<ReplayedTrial> best{};  ///< Of those that are not stopped.
};

[[nodiscard]] ReplaySums sums_of(const PrunerReplay& replay, tune::Direction direction);

[[nodiscard]] Json replay_json(const PrunerReplay& replay, const ReplaySums& sums);
/// A row a trial: number, state, value, steps and steps_trained, stopped_at.
[[nodiscard]] Table replay_table(const PrunerReplay& replay);
[[nodiscard]] std::string replay_text(const PrunerReplay& replay, const ReplaySums& sums,
                                      std::optional<std::size_t> width);

}  // namespace fmnist_tune
