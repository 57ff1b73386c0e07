#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/registry.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {"fmnist-tune trials DB [options]",
                           "Lists the trials of a study by number. Nothing is written, a study may run.",
                           "  fmnist-tune trials mlp.db --last 10\n"
                           "  fmnist-tune trials mlp.db --state PRUNED -f csv > pruned.csv"};

po::options_description own_options() {
  po::options_description options("Options");
  add_study_option(options);
  options.add_options()("state", po::value<std::string>()->value_name("STATE"),
                        "only trials in that state: RUNNING, WAITING, COMPLETE, PRUNED or FAIL")(
      "last", po::value<std::string>()->value_name("N"), "only the last N of them, by number");
  return options;
}

tune::TrialState state_from(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  try {
    return tune::trial_state_from_string(text);
  } catch (const tune::FormatError&) {
    throw UsageError(
        fmt::format("--state: expected RUNNING, WAITING, COMPLETE, PRUNED or FAIL, found \"{}\"", text));
  }
}

tune::TrialFilter filter_from(const po::variables_map& values) {
  tune::TrialFilter filter;
  if (const auto state = text_option(values, "state")) filter.state = state_from(*state);
  filter.last = whole_number_option(values, "last", 1);
  return filter;
}

std::string answer(const std::vector<tune::FrozenTrial>& trials, const tune::StudyRecord& study,
                   Format format) {
  if (format == Format::kTable) return to_table(trials_table(trials, study, Reader::kPerson), output_width());
  if (format == Format::kCsv) return to_csv(trials_table(trials, study, Reader::kProgram));
  Json list = Json::array();
  for (const auto& trial : trials) list.push_back(trial_json(trial, study));
  return to_text(list);
}

}  // namespace

int trials_command(const Invocation& invocation) {
  const auto values = parse_query(kHelp, own_options(), invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const auto filter = filter_from(*values);
  auto reader = open_for_query(*values);
  const auto study = study_of_query(reader, *values);
  fmt::print("{}", answer(reader.trials(study.id, filter), study, format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
