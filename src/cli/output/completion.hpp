#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/options.hpp"

/// Scripts with which shells complete commands, options and files. They know all by themselves and never start
/// the program.
namespace fmnist_tune {

/// A command with its page.
struct PagedCommand {
  const Command* command;
  CommandPage page;
};

/// Every command that has a page, in the order of the help.
[[nodiscard]] std::vector<PagedCommand> paged_commands();

/// For bash 4 or later, to be sourced.
[[nodiscard]] std::string bash_completion(const std::vector<PagedCommand>& commands);

/// For zsh 5 or later: the file `_fmnist-tune` in a folder of `$fpath`.
[[nodiscard]] std::string zsh_completion(const std::vector<PagedCommand>& commands);

}  // namespace fmnist_tune
