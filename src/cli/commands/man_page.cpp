#include "cli/output/man_page.hpp"

#include <fmt/format.h>

#include "cli/registry.hpp"

namespace fmnist_tune {
namespace {

const CommandHelp kHelp = {"fmnist-tune man-page",
                           "Prints the manual page, made of what `--help` says of every command.",
                           "  fmnist-tune man-page | man -l -\n"
                           "  fmnist-tune man-page > ~/.local/share/man/man1/fmnist-tune.1"};

}  // namespace

int man_page_command(const Invocation& invocation) {
  const auto values = parse_options(kHelp, boost::program_options::options_description("Options"), "WORD",
                                    invocation.arguments, 0);
  if (!values) return to_int(ExitCode::kDone);
  fmt::print("{}", man_page(paged_commands()));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
