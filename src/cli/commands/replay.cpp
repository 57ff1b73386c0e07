#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/messages.hpp"
#include "cli/output/replay_output.hpp"
#include "cli/registry.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/pruner_replay.hpp"
#include "cli/run/study_check.hpp"
#include "tune/pruners/registry.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {
    "fmnist-tune replay DB --pruner P [options]",
    "Says what another pruner would have stopped, saved and lost: it judges every report that the study's\n"
    "trials made, seeing what was there at that time. What would have run in the time that is saved is not\n"
    "known. The study's own pruner gives what it gave after a run with one job or a `reproducible` window; "
    "after\n"
    "others nearly, for a report is taken to have come at an even pace. Nothing is written, a study may run.",
    "  fmnist-tune replay mlp.db --pruner hyperband\n"
    "  fmnist-tune replay mlp.db --pruner '{\"type\": \"percentile\", \"percentile\": 25, \"n_warmup_steps\": "
    "2}'\n"
    "  fmnist-tune replay mlp.db --pruner median -f csv > stopped.csv"};

std::string pruner_names() {
  std::vector<std::string> names;
  for (const tune::PrunerEntry& entry : tune::pruner_registry()) names.push_back(entry.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

po::options_description own_options() {
  po::options_description options("Options");
  add_study_option(options);
  options.add_options()("pruner", po::value<std::string>()->value_name("PRUNER"),
                        fmt::format("the pruner's name, with its default options, or a JSON object as under "
                                    "\"pruner\" in a study file. The names are {}",
                                    pruner_names())
                            .c_str());
  return options;
}

std::shared_ptr<const tune::Pruner> pruner_from(const po::variables_map& values) {
  const auto text = text_option(values, "pruner");
  if (!text) throw UsageError(fmt::format("which pruner? Give --pruner with one of {}", pruner_names()));
  return text->starts_with('{') ? tune::make_pruner_from_json(*text) : tune::make_pruner(*text);
}

ReplaySubject subject_of(tune::SqliteReader& reader, const tune::StudyRecord& study) {
  if (study.directions.size() != 1) {
    throw UsageError(fmt::format("study \"{}\" has {} objectives; trials are pruned in studies with one",
                                 printable(study.name), study.directions.size()));
  }
  tune::TrialFilter all;
  all.with_intermediate = true;
  ReplaySubject subject{reader.trials(study.id, all), study.directions.front(), study.name, 0, {}};
  if (const auto config = kept_config(study, known_manifests())) {
    subject.seed = kept_seed(study);
    subject.window = config->reproducible_window;
  }
  return subject;
}

std::string answer(const PrunerReplay& replay, tune::Direction direction, Format format) {
  if (format == Format::kCsv) return to_csv(replay_table(replay));
  const ReplaySums sums = sums_of(replay, direction);
  return format == Format::kJson ? to_text(replay_json(replay, sums))
                                 : replay_text(replay, sums, output_width());
}

}  // namespace

int replay_command(const Invocation& invocation) {
  const auto values = parse_query(kHelp, own_options(), invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const auto pruner = pruner_from(*values);
  auto reader = open_for_query(*values);
  const auto study = study_of_query(reader, *values);
  const ReplaySubject subject = subject_of(reader, study);
  const PrunerReplay replay = replay_pruner(subject, *pruner);
  if (replay.trials.empty()) {
    say(fmt::format("study \"{}\" has no finished trial that reported anything", printable(study.name)));
    return to_int(ExitCode::kFailed);
  }
  fmt::print("{}", answer(replay, subject.direction, format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
