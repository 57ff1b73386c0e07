#include "cli/commands/help.hpp"

#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/registry.hpp"
#include "cli/study_file/complaint.hpp"

namespace fmnist_tune {
namespace {

constexpr std::string_view kUsage = R"(Searches hyperparameters of neural networks.

usage: fmnist-tune STUDY.json [options]     the same as `fmnist-tune run STUDY.json`
       fmnist-tune COMMAND [options]

Commands:
)";

constexpr std::string_view kExitCodes =
    "0 done, 1 failed, 2 wrong usage or invalid study file, 129, 130 or 143\n"
    "interrupted but saved (by a closed terminal, Ctrl-C, SIGTERM). A time limit that was reached is no "
    "failure.";

constexpr std::string_view kEnd = R"(
`fmnist-tune COMMAND --help` explains a command, `fmnist-tune --version` prints the version.

Results go to the standard output, progress and messages to the standard error.
Exit codes: {}

Example: fmnist-tune studies/mlp.json --trials 200
         fmnist-tune best-trial mlp.db
)";

std::string line_of(const Command& command) {
  std::string names(command.name);
  for (std::string_view alias : command.aliases) names += fmt::format(", {}", alias);
  return fmt::format("  {:<18} {}\n", names, command.summary);
}

}  // namespace

std::string overview() {
  std::string text(kUsage);
  for (const Command& command : commands()) text += line_of(command);
  return text + fmt::format(kEnd, kExitCodes);
}

std::string_view exit_codes() {
  return kExitCodes;
}

int help_command(const Invocation& invocation) {
  const auto& words = invocation.arguments.words;
  if (invocation.arguments.on_help) return to_int(ExitCode::kDone);
  if (words.empty() || words[0].starts_with('-')) {
    fmt::print("{}", overview());
    return to_int(ExitCode::kDone);
  }
  const std::string& name = words[0];
  const Command* command = find_command(name);
  if (command == nullptr) {
    throw UsageError(fmt::format("unknown command \"{}\"{}", name, did_you_mean(name, command_names())));
  }
  if (command->name == "help") {
    fmt::print("{}", overview());
    return to_int(ExitCode::kDone);
  }
  return command->run({{{"--help"}, {}}, invocation.command_line});
}

}  // namespace fmnist_tune
