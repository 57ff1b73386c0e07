#pragma once

/// What `retrain` notes in a model's file beside what the module keeps there.
namespace fmnist_tune {

inline constexpr const char* kModelObjectiveKey = "objective";  ///< Type: which module the model is of.
inline constexpr const char* kModelProgramKey = "program";      ///< Version of this program.
inline constexpr const char* kModelStudyKey = "study";
inline constexpr const char* kModelTrialKey = "trial";
inline constexpr const char* kModelTrainingKey = "training_key";  ///< JSON object: seed and trial.
inline constexpr const char* kModelTestKey = "test";              ///< JSON object: accuracy, loss and so on.

}  // namespace fmnist_tune
