#pragma once

#include <string_view>

namespace fmnist_tune {

/// The version of the project, from CMake.
inline constexpr std::string_view kVersion = FMNIST_TUNE_VERSION;

}  // namespace fmnist_tune
