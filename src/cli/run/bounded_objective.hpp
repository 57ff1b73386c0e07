#pragma once

#include <memory>

#include "cli/study_file/study_config.hpp"
#include "tune/objective.hpp"

namespace fmnist_tune {

/// The study's objective, made to measure what its constraints bound (`ObjectiveConfig::measured`), with what
/// they say of the measurements added to the constraints of its trials: how far a number is beyond its bound.
/// An objective that measures nothing will do where only objectives of the study are bounded: their values are
/// the measurements then. A trial whose measurements are not as many as bounds, or not finite, throws Error.
[[nodiscard]] std::unique_ptr<tune::Objective> with_bounds(std::unique_ptr<tune::Objective> objective,
                                                           const StudyConfig& config);

}  // namespace fmnist_tune
