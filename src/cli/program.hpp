#pragma once

#include <functional>
#include <string>
#include <vector>

namespace fmnist_tune {

/// The whole program: picks the command, runs it, turns errors into one message on stderr and an exit code.
/// `command_line` is argv, the program's name first.
[[nodiscard]] int run_program(const std::vector<std::string>& command_line);

/// Runs `work` and returns what it returns, or the exit code of what it throws, whatever that is, after one
/// message on stderr.
[[nodiscard]] int run_guarded(const std::function<int()>& work);

}  // namespace fmnist_tune
