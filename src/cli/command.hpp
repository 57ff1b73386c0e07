#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/error.hpp"

namespace fmnist_tune {

/// What the program returns to the shell. An interrupted run returns 128 + the signal's number.
enum class ExitCode : int { kDone = 0, kFailed = 1, kUsage = 2 };

constexpr int to_int(ExitCode code) {
  return static_cast<int>(code);
}

/// The command line asks for something that does not exist or cannot be: exit code 2.
class UsageError : public tune::InvalidArgument {
 public:
  using tune::InvalidArgument::InvalidArgument;
};

struct CommandPage;

/// What follows a command.
struct Arguments {
  std::vector<std::string> words;
  /// Gets the command's page when `--help` is among the words; without it the help is printed.
  std::function<void(const CommandPage&)> on_help;
};

/// What stands on the command line.
struct Invocation {
  Arguments arguments;
  std::vector<std::string> command_line;  ///< All of it, the program's own name first.
};

/// One verb of the program. Its function prints results to stdout and returns an exit code; what goes wrong it
/// throws.
struct Command {
  std::string_view name;
  std::vector<std::string_view> aliases;
  std::string_view summary;  ///< One sentence for the list of commands.
  int (*run)(const Invocation&);
};

}  // namespace fmnist_tune
