#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tune/analysis/importance.hpp"

namespace tune::analysis {

/// The importances by fANOVA, not normalised, in any order. Throws as `param_importances`.
[[nodiscard]] std::vector<ParamImportance> fanova(std::span<const FrozenTrial> trials,
                                                  std::span<const Direction> directions,
                                                  const ImportanceOptions& options, const Fanova& evaluator);

}  // namespace tune::analysis
