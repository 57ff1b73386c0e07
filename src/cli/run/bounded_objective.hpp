#pragma once

#include <memory>
#include <vector>

#include "cli/study_file/study_config.hpp"
#include "tune/objective.hpp"

namespace fmnist_tune {

/// The objective, made to measure the bounds' metrics in their order (`ObjectiveConfig::measured`), with what
/// the bounds say of the measurements added to the constraints of its trials: how far a number is beyond its
/// bound. A trial whose measurements are not as many, or not finite, throws Error.
[[nodiscard]] std::unique_ptr<tune::Objective> with_bounds(std::unique_ptr<tune::Objective> objective,
                                                           std::vector<ConstraintBound> bounds);

}  // namespace fmnist_tune
