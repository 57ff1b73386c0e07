#pragma once

#include "tune/objective.hpp"

namespace fmnist {

/// What the `fmnist` objective can be told and can report. Free of LibTorch, so that a study file is
/// checked without loading the module. One immutable object; safe from any thread.
[[nodiscard]] const tune::ObjectiveManifest& manifest();

inline constexpr const char* kValidationAccuracy = "validation_accuracy";
inline constexpr const char* kValidationLoss = "validation_loss";
inline constexpr const char* kTrainingSeconds = "training_seconds";
inline constexpr const char* kParameterCount = "parameter_count";
inline constexpr const char* kEpochGflops = "epoch_gflops";
inline constexpr const char* kPeakMemoryMib = "peak_memory_mib";

}  // namespace fmnist
