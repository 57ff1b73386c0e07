#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/commands/output_place.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/export_output.hpp"
#include "cli/registry.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {
    "fmnist-tune export DB [options]",
    "Writes a whole study as JSON or CSV: every trial with parameters, values, state, times, attributes and\n"
    "intermediate values. Nothing is written to the storage, a study may run.",
    "  fmnist-tune export mlp.db -o mlp.json\n"
    "  fmnist-tune export mlp.db -o mlp.csv\n"
    "  fmnist-tune export mlp.db -f json | jq '.trials[0].intermediate_values'"};

po::options_description own_options() {
  po::options_description options("Options");
  add_storage_option(options);
  add_study_option(options);
  options.add_options()(
      "format,f", po::value<std::string>()->value_name("FORMAT"),
      "json or csv; without it as the name of the file ends, else json. CSV has a row a trial "
      "and leaves out the ranges of the parameters and what the study itself keeps");
  add_output_options(options, "where to write instead of the standard output");
  return options;
}

/// `--format`, else what the file's name says.
Format export_format(const po::variables_map& values) {
  const auto output = text_option(values, "output");
  const auto named = text_option(values, "format");
  if (!named) return output && output->ends_with(".csv") ? Format::kCsv : Format::kJson;
  if (*named != "json" && *named != "csv")
    throw UsageError(fmt::format("--format: expected json or csv, found \"{}\"", *named));
  return format_option(values);
}

}  // namespace

int export_command(const Invocation& invocation) {
  const auto values = parse_options(kHelp, own_options(), "DB", invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = export_format(*values);
  const auto output = text_option(*values, "output");
  if (output) check_place(*output, *values);
  auto reader = open_for_query(*values);
  const auto study = study_of_query(reader, *values);
  tune::TrialFilter all;
  all.with_intermediate = true;
  const auto trials = reader.trials(study.id, all);
  const std::string text =
      format == Format::kCsv ? to_csv(export_table(trials, study)) : to_text(export_json(trials, study));
  output ? write_whole(*output, text) : fmt::print("{}", text);
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
