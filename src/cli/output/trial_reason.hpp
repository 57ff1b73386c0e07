#pragma once

#include <optional>
#include <string>

#include "tune/frozen_trial.hpp"

namespace fmnist_tune {

/// Why the trial failed or was pruned, on one line: what its objective said, and what the pruner compared
/// ("0.31 at step 3, threshold 0.42 from 12 trials"). Nothing where nothing is stored.
[[nodiscard]] std::optional<std::string> reason_of(const tune::FrozenTrial& trial);

/// Whether a pruner stopped the trial: one that diverged or ran out of time would not have gone on anyway.
[[nodiscard]] bool is_stopped_by_pruner(const tune::FrozenTrial& trial);

}  // namespace fmnist_tune
