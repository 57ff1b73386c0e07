#include "cli/output/man_page.hpp"

#include <fmt/format.h>

#include <string_view>

#include "cli/commands/help.hpp"
#include "cli/version.hpp"

namespace fmnist_tune {
namespace {

/// What roff reads as the character, which is ASCII.
std::string roff(char c, bool line_begins) {
  if (c == '\\') return "\\e";
  if (c == '-') return "\\-";
  return line_begins && (c == '.' || c == '\'') ? fmt::format("\\&{}", c) : std::string(1, c);
}

/// A text as roff shows it: no macro, no escape, hyphens that can be pasted.
std::string roff(std::string_view text) {
  std::string result;
  bool line_begins = true;
  for (const char c : text) {
    result += roff(c, line_begins);
    line_begins = c == '\n';
  }
  // The one character of the help that is not ASCII.
  constexpr std::string_view kEllipsis = "…";
  for (auto at = result.find(kEllipsis); at != std::string::npos; at = result.find(kEllipsis, at))
    result.replace(at, kEllipsis.size(), "...");
  return result;
}

/// Paragraphs: what stands between empty lines.
std::string paragraphs(std::string_view text) {
  std::string result = roff(text);
  for (auto gap = result.find("\n\n"); gap != std::string::npos; gap = result.find("\n\n", gap))
    result.replace(gap, 2, "\n.PP\n");
  return result;
}

/// Lines that stay as they are.
std::string as_it_stands(std::string_view text) {
  return fmt::format(".PP\n.nf\n{}\n.fi\n", roff(text));
}

std::string option_text(const boost::program_options::option_description& option) {
  const std::string value = option.format_parameter();
  return fmt::format(".TP\n.B {}\n{}\n", roff(option.format_name() + (value.empty() ? "" : " " + value)),
                     roff(option.description()));
}

std::string command_text(const PagedCommand& paged) {
  const CommandHelp& help = paged.page.help;
  std::string text = fmt::format(".SS {}\n{}\n", roff(paged.command->name), roff(paged.command->summary));
  text += fmt::format(".PP\n.B {}\n.PP\n{}\n", roff(help.usage), paragraphs(help.description));
  for (const auto& option : paged.page.options.options()) text += option_text(*option);
  return text + ".PP\nExamples:\n" + as_it_stands(help.examples);
}

constexpr std::string_view kHead = R"(.SH NAME
fmnist\-tune \- search hyperparameters of neural networks
.SH SYNOPSIS
.B fmnist\-tune
.I STUDY.json
[options]
.br
.B fmnist\-tune
.I COMMAND
[options]
.SH DESCRIPTION
Trains networks with the configurations that a sampler suggests for the search space of a study file, stops weak ones
early and keeps everything in a SQLite file in the format of Optuna. The command that began a study also resumes it.
.SH COMMANDS
)";

constexpr std::string_view kFiles = R"(.SH FILES
.TP
.I NAME.db
The study: a SQLite file that Optuna and optuna\-dashboard open, too.
.TP
.I NAME.db.checkpoints/
What interrupted trials go on from; gone when the trials are finished.
)";

}  // namespace

std::string man_page(const std::vector<PagedCommand>& commands) {
  std::string text = fmt::format(".TH FMNIST\\-TUNE 1 \"\" \"fmnist\\-tune {}\"\n", roff(kVersion));
  text += kHead;
  for (const PagedCommand& paged : commands) text += command_text(paged);
  text += ".SH EXIT STATUS\n" + as_it_stands(exit_codes());
  return text.append(kFiles);
}

}  // namespace fmnist_tune
