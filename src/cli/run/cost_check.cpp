#include "cli/run/cost_check.hpp"

#include <exception>

#include "cli/run/study_check.hpp"
#include "tune/cost_limits.hpp"
#include "tune/running_trial.hpp"

namespace fmnist_tune {

tune::AffordableCheck cost_check(const StudyConfig& config, const std::vector<tune::OptionSpec>& parameters,
                                 const tune::Objective& objective) {
  const tune::CostLimits limits = cost_limits_of(config.limits);
  if (!limits.memory_bytes && !limits.flops_per_epoch) return {};
  return [limits, parameters, fixed = config.fixed, &objective](const tune::ParamValues& suggested) {
    try {
      const auto estimate = objective.estimate(tune::complete_params(suggested, fixed, parameters));
      return !tune::judge_cost(estimate, limits).is_rejected();
    } catch (const std::exception&) {
      return true;  // The executor asks for the estimate again, and the trial fails with what it throws.
    }
  };
}

}  // namespace fmnist_tune
