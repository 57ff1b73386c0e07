#pragma once

#include <vector>

#include "cli/output/json.hpp"
#include "cli/output/table.hpp"
#include "tune/frozen_trial.hpp"

/// What trials reported while they ran, in long form: a row a trial and step.
namespace fmnist_tune {

/// `trial`, `step`, `value` (what was reported) and a column for each list in the trials' user attribute
/// `curves` (JSON object; the n-th entry of a list is step n), by name. Rows by trial as given, then by step.
[[nodiscard]] Table curves_table(const std::vector<tune::FrozenTrial>& trials);

/// The same as a list of objects; what is not there is null.
[[nodiscard]] Json curves_json(const std::vector<tune::FrozenTrial>& trials);

}  // namespace fmnist_tune
