#pragma once

#include <string>
#include <vector>

namespace fmnist_tune {

/// The whole program: picks the command, runs it, turns errors into one message on stderr and an exit code.
/// `command_line` is argv, the program's name first.
[[nodiscard]] int run_program(const std::vector<std::string>& command_line);

}  // namespace fmnist_tune
