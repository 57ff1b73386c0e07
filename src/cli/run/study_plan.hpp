#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/study_file/study_config.hpp"
#include "tune/cost_limits.hpp"
#include "tune/objective.hpp"
#include "tune/samplers/sampler.hpp"

/// What a study would cost, before anything is stored.
namespace fmnist_tune {

/// A configuration as it would be trained.
struct PlannedTrial {
  tune::ParamValues suggested;
  tune::CostEstimate estimate{};
  tune::CostVerdict verdict{};                ///< Under the study's limits.
  std::optional<double> seconds_per_epoch{};  ///< Measured; nothing where it was not trained or is not known.
  std::string error{};                        ///< Why it cannot be trained.
};

struct StudyPlan {
  std::vector<PlannedTrial> trials;
  std::vector<tune::DeviceSlot> slots;
  std::int64_t n_epochs = 1;
  std::int64_t n_trials = 0;                  ///< Of the whole study.
  std::optional<double> max_trial_seconds{};  ///< The study's limit.
  std::vector<std::string> warnings;

  /// With fewer trials than slots some slots have nothing to do: these are the others.
  [[nodiscard]] std::vector<tune::DeviceSlot> busy_slots() const;
  /// Without pruning: all epochs, or up to the time limit. 0 for a trial that is rejected or fails.
  [[nodiscard]] std::optional<double> seconds_of(const PlannedTrial& trial) const;
  /// Of all trials on these slots, were they like those that are planned; nothing when none was measured.
  [[nodiscard]] std::optional<double> seconds() const;
};

/// At most `n` configurations as the study would begin with: its listed points when nothing else is searched,
/// else what its sampler suggests before any result, if it is given what is affordable (StudyOptions). Nothing
/// is stored.
[[nodiscard]] std::vector<tune::ParamValues> planned_configurations(
    const StudyConfig& config, std::size_t n, const tune::AffordableCheck& is_affordable = {});

/// Estimates each configuration and trains those that can be for a moment. All slots have one to train until
/// the last is measured, for each to take as long as it would beside others: some are trained more than once,
/// and what is in training then comes to its end.
[[nodiscard]] std::vector<PlannedTrial> plan_trials(const StudyConfig& config,
                                                    const std::vector<tune::OptionSpec>& parameters,
                                                    tune::Objective& objective,
                                                    const std::vector<tune::DeviceSlot>& slots,
                                                    const std::vector<tune::ParamValues>& configurations);

/// Sentences on single values of the space that the objective refuses in any of the configurations (a batch
/// larger than the training set) and on planned trials that are beyond the limits or cannot be trained.
[[nodiscard]] std::vector<std::string> plan_warnings(const StudyConfig& config,
                                                     const std::vector<tune::OptionSpec>& parameters,
                                                     const tune::Objective& objective,
                                                     const std::vector<PlannedTrial>& trials);

}  // namespace fmnist_tune
