#pragma once

#include <string>

namespace fmnist_tune {

/// What `fmnist-tune --help` prints.
[[nodiscard]] std::string overview();

}  // namespace fmnist_tune
