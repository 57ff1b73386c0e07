#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/messages.hpp"
#include "cli/output/table.hpp"
#include "cli/registry.hpp"
#include "cli/run/session.hpp"
#include "cli/run/trial_logs.hpp"
#include "tune/checkpoint_folder.hpp"
#include "tune/storages/claims.hpp"
#include "tune/storages/sqlite.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {"fmnist-tune delete-study DB --study NAME [options]",
                           "Deletes a study with all its trials and checkpoints, for good. It says what will "
                           "go and asks first; where\n"
                           "nobody can answer, in a script, it needs --yes. A study with trials that run is "
                           "not deleted unless --force\n"
                           "is given: whoever runs them then ends with an error.",
                           "  fmnist-tune delete-study mlp.db --study mlp\n"
                           "  fmnist-tune delete-study mlp.db --study mlp --yes"};

po::options_description own_options() {
  po::options_description options("Options");
  add_storage_option(options);
  add_study_option(options);
  options.add_options()("yes,y", "do not ask")("force", "also while trials of the study run");
  return options;
}

std::int64_t size_of(const tune::StudySummary& study) {
  return study.n_complete + study.n_pruned + study.n_fail + study.n_running + study.n_waiting;
}

std::string what_goes(const tune::StudySummary& study, const std::filesystem::path& path) {
  return fmt::format("study \"{}\" in {}: {} trial(s): {} COMPLETE, {} PRUNED, {} FAIL, {} RUNNING, {} WAITING",
                     printable(study.study.name), path.string(), size_of(study), study.n_complete,
                     study.n_pruned, study.n_fail, study.n_running, study.n_waiting);
}

/// Whether a person says so. Where there is none, it is an error.
bool is_confirmed(const std::string& what) {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) {
    throw UsageError(fmt::format("{}\nnothing was deleted: give --yes to delete it without being asked", what));
  }
  say_plainly(fmt::format("{}\nDelete it for good? Type yes: ", what));
  std::string reply;
  std::getline(std::cin, reply);
  return reply == "yes" || reply == "y";
}

/// Those whose worker is not known to have ended.
std::vector<std::string> running_trials(tune::SqliteReader& reader, const tune::StudySummary& study) {
  std::vector<std::string> numbers;
  for (const auto& trial : reader.trials(study.study.id, {.state = tune::TrialState::kRunning})) {
    const auto claim = tune::storages::claim_of(trial);
    if (claim && tune::liveness(claim->owner) == tune::Liveness::kDead) continue;
    numbers.push_back(std::to_string(trial.number.value));
  }
  return numbers;
}

}  // namespace

int delete_study_command(const Invocation& invocation) {
  const auto values = parse_options(kHelp, own_options(), "DB", invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const auto path = path_of_query(*values);
  if (!values->contains("study"))
    throw UsageError(fmt::format("which study? Name it with --study\nusage: {}", kHelp.usage));
  std::string what;
  std::string name;
  tune::StudyId id;
  {
    tune::SqliteReader reader(path);
    const auto study = find_summary(reader, study_of_query(reader, *values).name).value();
    const auto running = running_trials(reader, study);
    what = what_goes(study, path);
    id = study.study.id;
    name = study.study.name;
    if (!running.empty() && !values->contains("force")) {
      throw tune::StorageError(
          fmt::format("{}\ntrial(s) {} run; end whoever runs them first, or give --force. Nothing was deleted",
                      what, fmt::join(running, ", ")));
    }
  }
  if (!values->contains("yes") && !is_confirmed(what)) {
    say("nothing was deleted");
    return to_int(ExitCode::kFailed);
  }
  const auto storage = tune::open_sqlite_storage(path);
  try {
    storage->delete_study(id, name);
  } catch (const tune::StudyNotFound&) {
    throw tune::StorageError(
        fmt::format("{}: study \"{}\" is another one now, or gone; nothing was deleted", path.string(), name));
  }
  tune::CheckpointFolder(tune::CheckpointFolder::beside(path), *text_option(*values, "study"))
      .collect_orphans([&] { return tune::unfinished_trials(*storage); });
  remove_logs(path, name);
  fmt::print("deleted {}\n", what);
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
