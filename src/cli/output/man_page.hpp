#pragma once

#include <string>
#include <vector>

#include "cli/output/completion.hpp"

namespace fmnist_tune {

/// The manual page of the program in the man macros of roff: all commands with their options.
[[nodiscard]] std::string man_page(const std::vector<PagedCommand>& commands);

}  // namespace fmnist_tune
