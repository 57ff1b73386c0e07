#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tune/frozen_trial.hpp"

/// What a trial has done up to its checkpoint, while it waits to go on. Programs without our checkpoints, as
/// Optuna's workers, may take any WAITING trial and begin with the first step: old reports would stand in the
/// way of theirs, because the first report of a step stays. So they are kept where only this library looks.
namespace tune::storages {

/// System attribute of a WAITING trial: `{"number": …, "reports": [[step, value], …], "attributes": {…}}`. The
/// number says whose it is: Optuna copies the attributes of a trial that it tries again.
inline constexpr std::string_view kKeptKey = "tune:kept";

/// Moves all reports of the trial, and those of its system attributes, into the attribute; erases it when there
/// are none.
void keep_aside(FrozenTrial& trial, const std::vector<std::string>& attributes);
/// The inverse. What is damaged or of another trial is dropped: the trial then makes those steps again.
void take_back(FrozenTrial& trial);

}  // namespace tune::storages
