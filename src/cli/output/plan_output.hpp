#pragma once

#include <string>

#include "cli/output/format.hpp"
#include "cli/run/study_plan.hpp"

namespace fmnist_tune {

/// The planned trials in rows, the time for all trials and the warnings; CSV has the rows only.
[[nodiscard]] std::string plan_text(const StudyPlan& plan, const StudyConfig& config, Format format);

}  // namespace fmnist_tune
