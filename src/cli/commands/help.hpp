#pragma once

#include <string>
#include <string_view>

namespace fmnist_tune {

/// What `fmnist-tune --help` prints.
[[nodiscard]] std::string overview();

/// What the program's exit codes mean, in two lines.
[[nodiscard]] std::string_view exit_codes();

}  // namespace fmnist_tune
