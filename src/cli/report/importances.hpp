#pragma once

#include <vector>

#include "cli/output/json.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/storages/storage.hpp"

namespace fmnist_tune::report {

/// How much each parameter decides, an entry an objective: `{"evaluator", "values": [[name, share], …]}`, or
/// `{"reason"}` where they cannot be computed. `complete` are the COMPLETE trials.
[[nodiscard]] Json importances_json(const tune::StudyRecord& study,
                                    const std::vector<tune::FrozenTrial>& complete);

}  // namespace fmnist_tune::report
