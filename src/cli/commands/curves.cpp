#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/name_list.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/curves_output.hpp"
#include "cli/output/messages.hpp"
#include "cli/registry.hpp"
#include "cli/run/confirmation.hpp"
#include "tune/analysis/pareto_front.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

constexpr std::int64_t kDefaultTop = 5;

const CommandHelp kHelp = {
    "fmnist-tune curves DB [options]",
    "Lists what trials reported while they ran, a row a trial and step, with the other curves that they keep:\n"
    "this program's own trials keep loss and accuracy of training and validation of each epoch. Without an\n"
    "option these are the five best trials. Nothing is written, a study may run.",
    "  fmnist-tune curves mlp.db --trials 12,40\n"
    "  fmnist-tune curves mlp.db --top 3\n"
    "  fmnist-tune curves mlp.db --all -f csv > curves.csv"};

po::options_description own_options() {
  po::options_description options("Options");
  add_study_option(options);
  options.add_options()("trials", po::value<std::string>()->value_name("N,N"), "these trials, by number")(
      "top", po::value<std::string>()->value_name("K"),
      "the K best feasible COMPLETE trials with configurations of their own, the best first (5); of several "
      "objectives the Pareto front")("all", "every trial");
  return options;
}

using Trials = std::vector<tune::FrozenTrial>;

Trials named(const Trials& all, const std::string& text, const tune::StudyRecord& study) {
  Trials chosen;
  for (const std::string& word : names_between_commas("--trials", text)) {
    const std::int64_t number = whole_number("--trials", word, 0);
    if (static_cast<std::size_t>(number) >= all.size()) {
      throw UsageError(fmt::format("study \"{}\" has no trial {}: it has {}", printable(study.name), number,
                                   all.empty() ? "none yet" : fmt::format("0 to {}", all.size() - 1)));
    }
    chosen.push_back(all[static_cast<std::size_t>(number)]);
  }
  return chosen;
}

Trials best(const Trials& all, std::int64_t top, const tune::StudyRecord& study) {
  if (study.directions.size() == 1)
    return best_configurations(all, study.directions.front(), static_cast<std::size_t>(top));
  Trials front;
  for (const std::size_t i : tune::pareto_front(all, study.directions)) front.push_back(all[i]);
  return front;
}

Trials chosen_trials(tune::SqliteReader& reader, const tune::StudyRecord& study,
                     const po::variables_map& values) {
  const auto numbers = text_option(values, "trials");
  const auto top = whole_number_option(values, "top", 1);
  if ((numbers ? 1 : 0) + (top ? 1 : 0) + (values.contains("all") ? 1 : 0) > 1)
    throw UsageError("give one of --trials, --top and --all");
  tune::TrialFilter filter;
  filter.with_intermediate = true;
  Trials all = reader.trials(study.id, filter);
  if (values.contains("all")) return all;
  return numbers ? named(all, *numbers, study) : best(all, top.value_or(kDefaultTop), study);
}

std::string answer(const Trials& trials, Format format) {
  if (format == Format::kJson) return to_text(curves_json(trials));
  const Table table = curves_table(trials);
  return format == Format::kCsv ? to_csv(table) : to_table(table, output_width());
}

}  // namespace

int curves_command(const Invocation& invocation) {
  const auto values = parse_query(kHelp, own_options(), invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  auto reader = open_for_query(*values);
  const auto study = study_of_query(reader, *values);
  const Trials trials = chosen_trials(reader, study, *values);
  if (trials.empty()) {
    say(fmt::format("study \"{}\" has no {} yet", printable(study.name),
                    values->contains("all") ? "trial" : "COMPLETE feasible trial"));
    return to_int(ExitCode::kFailed);
  }
  fmt::print("{}", answer(trials, format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
