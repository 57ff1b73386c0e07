#pragma once

#include <vector>

#include "cli/study_file/study_config.hpp"
#include "tune/objective.hpp"
#include "tune/samplers/sampler.hpp"

namespace fmnist_tune {

/// Whether a trial with these suggested parameters would be run or rejected, by the objective's estimate and
/// the study's limits on cost; empty where it has none. What cannot be estimated would be run: the trial then
/// ends with the error. The objective must outlive it.
[[nodiscard]] tune::AffordableCheck cost_check(const StudyConfig& config,
                                               const std::vector<tune::OptionSpec>& parameters,
                                               const tune::Objective& objective);

}  // namespace fmnist_tune
