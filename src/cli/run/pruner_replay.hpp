#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/pruners/pruner.hpp"

namespace fmnist_tune {

/// The study that a pruner is tried on: one objective, trials with their intermediate values.
struct ReplaySubject {
  std::vector<tune::FrozenTrial> trials{};
  tune::Direction direction = tune::Direction::kMinimize;
  std::string study_name{};  ///< Hyperband's brackets follow from it.
  std::uint64_t seed = 0;
  std::optional<std::int64_t> window{};  ///< The study's `reproducible` window.
};

/// What a pruner would have made of one trial.
struct ReplayedTrial {
  tune::FrozenTrial trial;                 ///< As it was.
  std::size_t n_steps = 0;                 ///< So many of its reports would have been made.
  std::optional<std::int64_t> stopped_at;  ///< The step at which it would have been stopped.
};

struct PrunerReplay {
  std::vector<ReplayedTrial> trials;  ///< The finished ones with reports, by number.
  bool is_by_time = false;            ///< False: one after the other by number, as nothing says when they ran.
};

/// Lets the pruner judge every report again. It sees what was there when the report was made: reports lie
/// evenly between a trial's start and end. What it stops is PRUNED for all that follow, from then on; what else
/// would have run instead is not known. With a window, trials are judged by number, as the study did.
///
/// A COMPLETE trial is not stopped at its last report, which would save nothing. Of a trial that was PRUNED
/// then, only what it reported is known.
[[nodiscard]] PrunerReplay replay_pruner(const ReplaySubject& subject, const tune::Pruner& pruner);

}  // namespace fmnist_tune
