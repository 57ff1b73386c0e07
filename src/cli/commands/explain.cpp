#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/candidates_table.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/explanation_output.hpp"
#include "cli/registry.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/study_check.hpp"
#include "cli/run/study_opening.hpp"

namespace fmnist_tune {
namespace {

const CommandHelp kHelp = {"fmnist-tune explain DB N [options]",
                           "Says why trial N has its parameters, and why it was pruned or failed. Of tpe it "
                           "shows which trials were held\n"
                           "for good and for others, the candidates, and how each was scored, log l - log g. "
                           "The suggestion is computed\n"
                           "again from what is stored. Nothing is written, a study may run.",
                           "  fmnist-tune explain mlp.db 42\n"
                           "  fmnist-tune explain mlp.db 42 -f json | jq .decisions"};

std::string answer(const ExplainedTrial& explained, Format format) {
  switch (format) {
    case Format::kJson:
      return to_text(explanation_json(explained));
    case Format::kCsv:
      return to_csv(candidates_table(explained));
    case Format::kTable:
      break;
  }
  return explanation_text(explained, output_width());
}

ExplainedTrial explain(tune::SqliteReader& reader, const tune::StudyRecord& study, tune::TrialNumber number) {
  tune::TrialFilter all;
  all.with_intermediate = true;
  const auto trials = reader.trials(study.id, all);
  const auto n_trials = static_cast<std::int64_t>(trials.size());
  if (number.value >= n_trials) {
    throw UsageError(fmt::format("study \"{}\" has no trial {}: it has {}", study.name, number.value,
                                 n_trials == 0 ? "none yet" : fmt::format("0 to {}", n_trials - 1)));
  }
  const tune::FrozenTrial& trial = trials.at(static_cast<std::size_t>(number.value));
  const auto config = kept_config(study, known_manifests());
  if (!config)
    return {trial, {}, {}, {}};  // Another program's study: its suggestions cannot be computed again.
  const auto options = search_options(*config, kept_seed(study));
  return {trial, tune::explain_suggestion(options, trials, number), config->space, config->sampler.type};
}

}  // namespace

int explain_command(const Invocation& invocation) {
  boost::program_options::options_description options("Options");
  add_study_option(options);
  const auto values = parse_query(kHelp, std::move(options), invocation.arguments, 2);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const bool is_named = text_option(*values, "storage").has_value();
  const auto words = positional_words(*values, "DB");
  if (words.size() != (is_named ? 1U : 2U)) {
    throw UsageError("which trial? Give the storage and its number: fmnist-tune explain mlp.db 42");
  }
  const tune::TrialNumber number{whole_number("the trial's number", words.back(), 0)};
  tune::SqliteReader reader(storage_path(is_named ? *text_option(*values, "storage") : words.front()));
  const auto study = study_of_query(reader, *values);
  fmt::print("{}", answer(explain(reader, study, number), format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
