#pragma once

#include <memory>

#include "tune/objective.hpp"

/// Objectives in shared libraries that are no part of the program (`"type": "module"`).
namespace fmnist_tune {

/// The setting that says where the library is.
inline constexpr const char* kModulePathSetting = "path";

/// What is known of any such objective without loading it: nothing but its type, so that everything else is
/// taken as it is.
[[nodiscard]] const tune::ObjectiveManifest& open_module_manifest();

/// What a loaded one says of itself, in the place of the above. Throws Error for settings that would hide ours.
[[nodiscard]] std::shared_ptr<const tune::ObjectiveManifest> module_manifest(
    const tune::ObjectiveManifest& own);

}  // namespace fmnist_tune
