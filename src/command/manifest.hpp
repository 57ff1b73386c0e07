#pragma once

#include "tune/objective.hpp"

namespace command {

inline constexpr const char* kCommandSetting = "command";
inline constexpr const char* kTimeoutSetting = "timeout_seconds";
inline constexpr const char* kGraceSetting = "grace_seconds";
inline constexpr const char* kLogSetting = "log_mib";

/// What a study file can tell an objective that is a program: any parameters and any metrics.
[[nodiscard]] const tune::ObjectiveManifest& manifest();

}  // namespace command
