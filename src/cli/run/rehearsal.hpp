#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/objective.hpp"

namespace fmnist_tune {

/// What a trial is trained with again.
struct Rehearsal {
  tune::ParamValues params;  ///< Complete: suggested, fixed and default ones.
  tune::DeviceSlot slot;
  std::uint64_t training_seed = 0;
  std::uint64_t training_trial = 0;
};

/// How a stored trial was stopped, and so when the rehearsal stops.
enum class Stop : std::uint8_t { kByItself, kByPruner, kByTimeLimit };

/// By what the trial keeps: a pruner leaves no reason in words, the objective does.
[[nodiscard]] Stop stop_of(const tune::FrozenTrial& trial);

/// What comes of a rehearsal.
struct Rehearsed {
  std::vector<tune::IntermediateValue> reports;
  tune::Attributes user_attrs;
  tune::TrialResult result;
};

/// Runs the objective once more as it ran for the stored trial, without a study: nothing is stored, and it is
/// pruned where the stored trial was. Throws what the objective throws.
[[nodiscard]] Rehearsed rehearse(tune::Objective& objective, const tune::FrozenTrial& stored,
                                 const Rehearsal& rehearsal);

/// The first thing in which the rehearsal is not the stored trial, bit for bit: state, values, intermediate
/// values, curves; nothing when it is. `is_measured` says of each objective whether it is measured, as time
/// is, and so another number each time.
[[nodiscard]] std::optional<std::string> first_difference(const tune::FrozenTrial& stored,
                                                          const Rehearsed& rehearsed,
                                                          const std::vector<bool>& is_measured);

}  // namespace fmnist_tune
