#pragma once

#include <span>
#include <vector>

#include "tune/analysis/importance.hpp"

namespace tune::analysis {

/// The importances by PED-ANOVA, not normalised, in any order. Throws as `param_importances`.
[[nodiscard]] std::vector<ParamImportance> ped_anova(std::span<const FrozenTrial> trials,
                                                     std::span<const Direction> directions,
                                                     const ImportanceOptions& options,
                                                     const PedAnova& evaluator);

}  // namespace tune::analysis
