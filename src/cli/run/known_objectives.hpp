#pragma once

#include "cli/study_file/study_config.hpp"

namespace fmnist_tune {

/// What every objective type that this program knows can be told; none of them is loaded for that.
[[nodiscard]] Manifests known_manifests();

}  // namespace fmnist_tune
