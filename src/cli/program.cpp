#include "cli/program.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <system_error>

#include "cli/build_facts.hpp"
#include "cli/command.hpp"
#include "cli/commands/help.hpp"
#include "cli/output/messages.hpp"
#include "cli/registry.hpp"
#include "cli/study_file/complaint.hpp"

namespace fmnist_tune {
namespace {

/// A study file may stand where a command stands; it exists or looks like a file.
bool looks_like_study_file(const std::string& word) {
  std::error_code ignored;
  return word.find('/') != std::string::npos || word.ends_with(".json") ||
         std::filesystem::exists(word, ignored);
}

int dispatch(const std::vector<std::string>& command_line) {
  if (command_line.size() < 2) {
    say_plainly(overview());
    return to_int(ExitCode::kUsage);
  }
  const std::string& word = command_line[1];
  if (word == "--help" || word == "-h") {
    fmt::print("{}", overview());
    return to_int(ExitCode::kDone);
  }
  if (word == "--version") {
    fmt::print("{}", version_text());
    return to_int(ExitCode::kDone);
  }
  if (const Command* command = find_command(word)) {
    return command->run({{{command_line.begin() + 2, command_line.end()}, {}}, command_line});
  }
  if (!word.starts_with('-') && !looks_like_study_file(word)) {
    throw UsageError(fmt::format("unknown command \"{}\"{}; `fmnist-tune --help` lists the commands", word,
                                 did_you_mean(word, command_names())));
  }
  return run_command({{{command_line.begin() + 1, command_line.end()}, {}}, command_line});
}

int complain(const std::exception& error, ExitCode code) {
  say(error.what());
  return to_int(code);
}

/// A result that never reached its reader (a full disk, say) is a failure.
int flushed(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  say("cannot write to the standard output");
  return code == to_int(ExitCode::kDone) ? to_int(ExitCode::kFailed) : code;
}

}  // namespace

int run_program(const std::vector<std::string>& command_line) {
  open_closed_streams();
  // A file that may grow no further is an error of writing, told as one, and not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  return run_guarded([&] { return flushed(dispatch(command_line)); });
}

int run_guarded(const std::function<int()>& work) {
  try {
    return work();
  } catch (const tune::InvalidArgument& error) {
    return complain(error, ExitCode::kUsage);
  } catch (const std::exception& error) {
    return complain(error, ExitCode::kFailed);
  } catch (...) {
    // A library may throw anything.
    say("ended by an error of unknown kind");
    return to_int(ExitCode::kFailed);
  }
}

}  // namespace fmnist_tune
