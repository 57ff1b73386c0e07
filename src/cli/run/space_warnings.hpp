#pragma once

#include <string>
#include <vector>

#include "cli/study_file/study_config.hpp"

namespace fmnist_tune {

/// Sentences on what is probably not meant in a search space: a parameter with one value, a range over orders
/// of magnitude that is not searched by logarithm, learning rates that nobody trains with. A parameter per
/// layer is named once.
[[nodiscard]] std::vector<std::string> space_warnings(const tune::SearchSpace& space);

}  // namespace fmnist_tune
