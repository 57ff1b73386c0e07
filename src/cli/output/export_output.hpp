#pragma once

#include <vector>

#include "cli/output/json.hpp"
#include "cli/output/table.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/storages/storage.hpp"

/// A study with everything that its file keeps of it, for other programs. Trials with their intermediate
/// values.
namespace fmnist_tune {

/// `study` with name, directions, metric names and attributes, and `trials`: each as `trial_json`, with
/// `distributions`, `intermediate_values` by step and `system_attrs` besides.
[[nodiscard]] Json export_json(const std::vector<tune::FrozenTrial>& trials, const tune::StudyRecord& study);

/// A row a trial: `trials_table` for programs, then a column an attribute (`user_attrs_x`, `system_attrs_x`, by
/// name) and `intermediate_values`. What is no single value is JSON text.
[[nodiscard]] Table export_table(const std::vector<tune::FrozenTrial>& trials, const tune::StudyRecord& study);

}  // namespace fmnist_tune
