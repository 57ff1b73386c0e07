#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/messages.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/registry.hpp"

namespace fmnist_tune {
namespace {

const CommandHelp kHelp = {
    "fmnist-tune best-trial DB [options]",
    "Shows the best trial of a study with one objective: the feasible COMPLETE trial with the best value,\n"
    "the lowest number among equals. `best` is the same command. Nothing is written, a study may run.",
    "  fmnist-tune best-trial mlp.db\n"
    "  fmnist-tune best-trial mlp.db -f json | jq .params"};

std::string answer(const tune::FrozenTrial& trial, const tune::StudyRecord& study, Format format) {
  switch (format) {
    case Format::kJson:
      return to_text(trial_json(trial, study));
    case Format::kCsv:
      return to_csv(trials_table({trial}, study, Reader::kProgram));
    case Format::kTable:
      break;
  }
  return to_fact_list(trial_facts(trial, study), output_width());
}

std::string reason_for_none(const tune::StudyRecord& study) {
  if (study.directions.size() > 1) {
    return fmt::format(
        "study \"{}\" has {} objectives, so no single trial is the best; best-trials shows those that no other "
        "one "
        "beats",
        study.name, study.directions.size());
  }
  return fmt::format("study \"{}\" has no COMPLETE feasible trial yet", study.name);
}

}  // namespace

int best_trial_command(const Invocation& invocation) {
  boost::program_options::options_description options("Options");
  add_study_option(options);
  const auto values = parse_query(kHelp, std::move(options), invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  auto reader = open_for_query(*values);
  const auto study = study_of_query(reader, *values);
  const auto best = reader.best_trial(study.id);
  if (!best) {
    say(reason_for_none(study));
    return to_int(ExitCode::kFailed);
  }
  fmt::print("{}", answer(*best, study, format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
