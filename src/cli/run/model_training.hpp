#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "tune/objective.hpp"

namespace fmnist_tune {

/// What a model is trained with.
struct ModelTraining {
  tune::TrialNumber number;
  tune::ParamValues params;  ///< Complete.
  std::string device;
  std::uint64_t training_seed = 0;
  std::uint64_t training_trial = 0;
};

/// Has the objective train a model, without a study: nothing is stored. `stop` may be raised from any thread.
/// Throws what the objective throws.
[[nodiscard]] tune::TrainedModel train_model(tune::Objective& objective, const ModelTraining& training,
                                             const std::atomic<bool>& stop);

}  // namespace fmnist_tune
