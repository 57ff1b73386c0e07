#pragma once

#include "fmnist/dataset.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/trial_run.hpp"

namespace fmnist {

/// Seconds that an epoch takes, its validation included: some steps are timed, after others that warm up, for a
/// third of a second or an epoch, whatever is shorter, but three steps at least; then some validation
/// examples. The engine is trained on by that.
[[nodiscard]] double time_of_epoch(Engine& engine, const TrainingData& data, const TrialPlan& plan);

}  // namespace fmnist
