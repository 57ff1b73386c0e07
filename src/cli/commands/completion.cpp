#include "cli/output/completion.hpp"

#include <fmt/format.h>

#include "cli/registry.hpp"

namespace fmnist_tune {
namespace {

const CommandHelp kHelp = {
    "fmnist-tune completion bash|zsh",
    "Prints a script that completes commands, options, files and words that an option takes. The script knows "
    "them "
    "all\nby itself: make it anew after an update of the program.",
    "  fmnist-tune completion bash > ~/.local/share/bash-completion/completions/fmnist-tune\n"
    "  source <(fmnist-tune completion bash)          # for this shell only\n"
    "  fmnist-tune completion zsh > ~/.zfunc/_fmnist-tune     # with ~/.zfunc in $fpath"};

}  // namespace

int completion_command(const Invocation& invocation) {
  const auto values = parse_options(kHelp, boost::program_options::options_description("Options"), "SHELL",
                                    invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const auto shell = text_option(*values, "SHELL");
  if (!shell) throw UsageError(fmt::format("which shell?\nusage: {}", kHelp.usage));
  if (*shell == "bash") {
    fmt::print("{}", bash_completion(paged_commands()));
  } else if (*shell == "zsh") {
    fmt::print("{}", zsh_completion(paged_commands()));
  } else {
    throw UsageError(fmt::format("completion: expected bash or zsh, found \"{}\"", *shell));
  }
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
