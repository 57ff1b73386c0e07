#include "cli/output/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/registry.hpp"
#include "cli/shell_text.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

/// What can stand where a value is wanted.
enum class ValueKind { kFlag, kFile, kFolder, kWords, kOther };

struct Value {
  ValueKind kind;
  std::string_view words;  ///< Of kWords, with blanks between.
};

constexpr std::array<std::string_view, 5> kFileNames{"DB", "FILE", "MODEL", "NEW.json", "STUDY.json"};

/// The words that an option takes, or an argument without a name; the first row that fits counts.
struct KnownWords {
  std::string_view command;  ///< Empty: any.
  std::string_view name;
  std::string_view words;
};

constexpr std::array kWordsOf{
    KnownWords{"export", "format", "json csv"},
    KnownWords{"", "format", "table json csv"},
    KnownWords{"", "log-level", "debug info warning error"},
    KnownWords{"", "evaluator", "ped_anova fanova"},
    KnownWords{"trials", "state", "complete pruned fail running waiting"},
    KnownWords{"tell", "state", "complete pruned fail"},
    KnownWords{"completion", "SHELL", "bash zsh"},
};

std::string_view words_of(std::string_view command, std::string_view name) {
  const auto* known = std::find_if(kWordsOf.begin(), kWordsOf.end(), [&](const KnownWords& each) {
    return (each.command.empty() || each.command == command) && each.name == name;
  });
  return known == kWordsOf.end() ? std::string_view() : known->words;
}

bool is_file(std::string_view value_name) {
  return std::any_of(kFileNames.begin(), kFileNames.end(),
                     [&](std::string_view name) { return value_name.find(name) != std::string_view::npos; });
}

Value value_of(const Command& command, const po::option_description& option) {
  if (option.semantic()->max_tokens() == 0) return {ValueKind::kFlag, {}};
  const std::string_view words = words_of(command.name, option.long_name());
  if (!words.empty()) return {ValueKind::kWords, words};
  const std::string name = option.semantic()->name();
  if (option.long_name() == "storage" || is_file(name)) return {ValueKind::kFile, {}};
  return {name.find("DIR") != std::string::npos ? ValueKind::kFolder : ValueKind::kOther, {}};
}

/// `-f` of `--format,-f`; empty when there is none.
std::string short_name(const po::option_description& option) {
  const std::string name = option.canonical_display_name(po::command_line_style::allow_dash_for_short);
  return name.size() == 2 && name[0] == '-' ? name : "";
}

std::string option_words(const CommandPage& page) {
  std::string words;
  for (const auto& option : page.options.options())
    words += fmt::format("{}--{}", words.empty() ? "" : " ", option->long_name());
  return words;
}

/// The names under which a command can be called, with a bar between.
std::string pattern_of(const Command& command) {
  std::string names(command.name);
  for (const std::string_view alias : command.aliases) names += fmt::format("|{}", alias);
  return names;
}

std::string all_command_words() {
  return fmt::format("{}", fmt::join(command_names(), " "));
}

// --- bash

std::string bash_answer(const Value& value) {
  switch (value.kind) {
    case ValueKind::kFile:
      return "_fmnist_tune_paths -f";
    case ValueKind::kFolder:
      return "_fmnist_tune_paths -d";
    case ValueKind::kWords:
      return fmt::format("_fmnist_tune_words {}", shell_text({std::string(value.words)}));
    default:
      return "COMPREPLY=()";
  }
}

/// Cases `command:option` for every option that takes a value.
std::string bash_values(const PagedCommand& paged) {
  std::string text;
  for (const auto& option : paged.page.options.options()) {
    const Value value = value_of(*paged.command, *option);
    if (value.kind == ValueKind::kFlag) continue;
    std::string names = "--" + option->long_name();
    if (const std::string brief = short_name(*option); !brief.empty()) names += "|" + brief;
    text += fmt::format("        {}) {}; return ;;\n", names, bash_answer(value));
  }
  return text;
}

std::string bash_case(const PagedCommand& paged) {
  const std::string_view words = words_of(paged.command->name, paged.page.positional);
  return fmt::format("    {})\n      options={}\n{}      case $previous in\n{}      esac\n      ;;\n",
                     pattern_of(*paged.command), shell_text({option_words(paged.page)}),
                     words.empty() ? "" : fmt::format("      words={}\n", shell_text({std::string(words)})),
                     bash_values(paged));
}

constexpr std::string_view kBashHead = R"(# Completion of fmnist-tune for bash: source this file.

_fmnist_tune_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

_fmnist_tune_paths() {
  mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
  compopt -o filenames 2>/dev/null
}

_fmnist_tune() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local command=${COMP_WORDS[1]} options= words=
  # --option=value stands there as three words.
  [[ $current == '=' ]] && current= && previous='='
  [[ $previous == '=' ]] && previous=${COMP_WORDS[COMP_CWORD-(${#current}?2:1)]}
)";

constexpr std::string_view kBashTail = R"(  if [[ $current == -* ]]; then
    _fmnist_tune_words "$options"
  elif [[ $words ]]; then
    _fmnist_tune_words "$words"
  else
    _fmnist_tune_paths -f
  fi
}

complete -F _fmnist_tune fmnist-tune
)";

std::string bash_first_word() {
  return fmt::format(R"(  if ((COMP_CWORD == 1)); then
    _fmnist_tune_paths -f
    mapfile -t -O "${{#COMPREPLY[@]}}" COMPREPLY < <(compgen -W {} -- "$current")
    return
  fi
)",
                     shell_text({all_command_words() + " --help --version"}));
}

// --- zsh

/// Inside the brackets of `_arguments` these would end or split the text.
std::string zsh_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_action(const Value& value) {
  switch (value.kind) {
    case ValueKind::kFile:
      return "_files";
    case ValueKind::kFolder:
      return "_files -/";
    case ValueKind::kWords:
      return fmt::format("({})", value.words);
    default:
      return " ";
  }
}

/// One for each name of the option: `--format[help]:FORMAT:(table json csv)`.
std::string zsh_option(const Command& command, const po::option_description& option) {
  const Value value = value_of(command, option);
  std::string behind = fmt::format("[{}]", zsh_text(option.description()));
  if (value.kind != ValueKind::kFlag)
    behind += fmt::format(":{}:{}", zsh_text(option.semantic()->name()), zsh_action(value));
  std::string text = fmt::format(" \\\n        {}", shell_text({"--" + option.long_name() + behind}));
  if (const std::string brief = short_name(option); !brief.empty())
    text += fmt::format(" \\\n        {}", shell_text({brief + behind}));
  return text;
}

std::string zsh_case(const PagedCommand& paged) {
  std::string options;
  for (const auto& option : paged.page.options.options()) options += zsh_option(*paged.command, *option);
  const std::string_view words = words_of(paged.command->name, paged.page.positional);
  return fmt::format("    {})\n      _arguments{} \\\n        '*:{}:{}'\n      ;;\n",
                     pattern_of(*paged.command), options, paged.page.positional == "SHELL" ? "shell" : "file",
                     words.empty() ? "_files" : fmt::format("({})", words));
}

std::string zsh_commands() {
  std::string text;
  for (const Command& command : commands()) {
    text += fmt::format("    {}\n", shell_text({fmt::format("{}:{}", command.name, command.summary)}));
    for (const std::string_view alias : command.aliases)
      text += fmt::format("    {}\n", shell_text({fmt::format("{}:The same as {}.", alias, command.name)}));
  }
  return text;
}

constexpr std::string_view kZshHead = R"(#compdef fmnist-tune
# Completion of fmnist-tune for zsh: put this file as _fmnist-tune into a folder of $fpath.

_fmnist_tune_first_word() {
  local -a commands=(
)";

constexpr std::string_view kZshMiddle = R"(  )
  _describe 'command' commands
  _files -g '*.json'
}

_fmnist_tune() {
  if ((CURRENT == 2)); then
    _fmnist_tune_first_word
    return
  fi
  local command=$words[2]
  [[ $command == *.json ]] && command=run
  shift words
  ((CURRENT--))
  case $command in
)";

constexpr std::string_view kZshTail = R"(  esac
}

_fmnist_tune "$@"
)";

template <typename Case>
std::string cases(const std::vector<PagedCommand>& commands, Case one_case) {
  std::string text;
  for (const PagedCommand& paged : commands) text += one_case(paged);
  return text;
}

}  // namespace

std::vector<PagedCommand> paged_commands() {
  std::vector<PagedCommand> paged;
  for (const Command& command : commands()) {
    if (auto page = page_of(command)) paged.push_back({&command, std::move(*page)});
  }
  return paged;
}

std::string bash_completion(const std::vector<PagedCommand>& commands) {
  std::string text(kBashHead);
  text += bash_first_word();
  text += "  [[ $command == *.json ]] && command=run\n  case $command in\n";
  text += cases(commands, bash_case);
  text += fmt::format("    help)\n      words={}\n      ;;\n  esac\n", shell_text({all_command_words()}));
  return text.append(kBashTail);
}

std::string zsh_completion(const std::vector<PagedCommand>& commands) {
  std::string text(kZshHead);
  text += zsh_commands();
  text += kZshMiddle;
  text += cases(commands, zsh_case);
  text += fmt::format("    help)\n      _arguments '*:command:({})'\n      ;;\n", all_command_words());
  return text.append(kZshTail);
}

}  // namespace fmnist_tune
