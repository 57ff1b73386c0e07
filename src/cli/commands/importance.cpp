#include <fmt/format.h>

#include <cmath>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/name_list.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/messages.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/registry.hpp"
#include "tune/analysis/importance.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {
    "fmnist-tune importance DB [options]",
    "Says how much each parameter matters, as shares of 1: Optuna's importances of the COMPLETE trials with\n"
    "finite values. PED-ANOVA asks which parameters have other values in the best tenth than in all;\n"
    "fANOVA fits a forest to the values and asks how much of what it predicts each parameter explains alone.\n"
    "Nothing is written, a study may run.",
    "  fmnist-tune importance mlp.db\n"
    "  fmnist-tune importance mlp.db --evaluator fanova --params lr,optimizer\n"
    "  fmnist-tune importance trade_off.db --objective 1 -f json | jq .importances"};

po::options_description own_options() {
  po::options_description options("Options");
  add_study_option(options);
  options.add_options()("evaluator", po::value<std::string>()->value_name("EVALUATOR"),
                        "ped_anova (default; also of parameters that only some trials have) or fanova (only of "
                        "those that all trials have)")(
      "objective", po::value<std::string>()->value_name("N"),
      "of several objectives the N-th, from 0; without it PED-ANOVA asks what brings a trial onto the Pareto "
      "front, and fanova refuses")("params", po::value<std::string>()->value_name("A,B"),
                                   "only these parameters; their shares add up to 1")(
      "seed", po::value<std::string>()->value_name("N"), "random numbers of fanova's forest; default 0");
  return options;
}

std::variant<tune::PedAnova, tune::Fanova> evaluator_from(const po::variables_map& values) {
  const std::string name = text_option(values, "evaluator").value_or("ped_anova");
  const auto seed = whole_number_option(values, "seed", 0);
  if (name == "fanova") return tune::Fanova{.seed = static_cast<std::uint64_t>(seed.value_or(0))};
  if (name != "ped_anova")
    throw UsageError(fmt::format("--evaluator: expected ped_anova or fanova, found \"{}\"", name));
  if (seed) throw UsageError("--seed: nothing in ped_anova is random; the seed is for --evaluator fanova");
  return tune::PedAnova{};
}

tune::ImportanceOptions options_from(const po::variables_map& values) {
  tune::ImportanceOptions options{.evaluator = evaluator_from(values)};
  if (const auto params = text_option(values, "params"))
    options.params = names_between_commas("--params", *params);
  if (const auto objective = whole_number_option(values, "objective", 0))
    options.objective = static_cast<std::size_t>(*objective);
  return options;
}

struct Answer {
  tune::StudyRecord study;
  tune::ImportanceOptions options;
  std::size_t n_trials = 0;  ///< COMPLETE ones.
  std::vector<tune::ParamImportance> importances;

  [[nodiscard]] bool is_fanova() const { return std::holds_alternative<tune::Fanova>(options.evaluator); }
};

std::string json_answer(const Answer& answer) {
  Json importances = Json::object();
  for (const auto& [name, importance] : answer.importances) importances[name] = importance;
  const auto& objective = answer.options.objective;
  return to_text({{"study", answer.study.name},
                  {"evaluator", answer.is_fanova() ? "fanova" : "ped_anova"},
                  {"objective", objective ? Json(*objective) : Json(nullptr)},
                  {"n_complete", answer.n_trials},
                  {"importances", std::move(importances)}});
}

std::string bar(double share) {
  constexpr double kWidth = 30.0;
  return std::string(static_cast<std::size_t>(std::lround(kWidth * share)), '#');
}

Table table_of(const Answer& answer, Reader reader) {
  Table table{{"param", "importance"}, {}};
  if (reader == Reader::kPerson) table.columns.emplace_back("");
  for (const auto& [name, importance] : answer.importances) {
    table.rows.push_back({name, importance});
    if (reader == Reader::kPerson) table.rows.back().emplace_back(bar(importance));
  }
  return table;
}

/// What the numbers are about.
std::string subject(const Answer& answer) {
  const std::size_t n_objectives = answer.study.directions.size();
  if (n_objectives == 1) return metric_names(answer.study).front();
  const auto& objective = answer.options.objective;
  return objective ? metric_names(answer.study).at(*objective) : "being on the Pareto front";
}

/// Optuna's advice: at least five trials in the best tenth.
void say_when_few(const Answer& answer) {
  constexpr std::size_t kEnough = 50;
  if (answer.is_fanova() || answer.n_trials >= kEnough) return;
  say(fmt::format(
      "{} COMPLETE trial(s) are few: PED-ANOVA looks at the best tenth of them; from {} on it is steady",
      answer.n_trials, kEnough));
}

/// Infinite values are in no evaluation.
bool is_counted(const tune::FrozenTrial& trial, const tune::ImportanceOptions& options) {
  const auto is_finite = [](double value) { return std::isfinite(value); };
  if (options.objective && *options.objective < trial.values.size())
    return is_finite(trial.values[*options.objective]);
  return std::all_of(trial.values.begin(), trial.values.end(), is_finite);
}

std::string text_of(const Answer& answer, Format format) {
  if (format == Format::kJson) return json_answer(answer);
  if (format == Format::kCsv) return to_csv(table_of(answer, Reader::kProgram));
  return fmt::format("{}{} of {} COMPLETE trial(s), for {}\n",
                     to_table(table_of(answer, Reader::kPerson), output_width()),
                     answer.is_fanova() ? "fANOVA" : "PED-ANOVA", answer.n_trials, printable(subject(answer)));
}

}  // namespace

int importance_command(const Invocation& invocation) {
  const auto values = parse_query(kHelp, own_options(), invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  Answer answer{{}, options_from(*values), 0, {}};
  auto reader = open_for_query(*values);
  answer.study = study_of_query(reader, *values);
  const auto trials = reader.trials(answer.study.id, {.state = tune::TrialState::kComplete});
  if (trials.empty()) {
    say(fmt::format("study \"{}\" has no COMPLETE trial yet", printable(answer.study.name)));
    return to_int(ExitCode::kFailed);
  }
  answer.n_trials = static_cast<std::size_t>(std::count_if(
      trials.begin(), trials.end(), [&](const auto& trial) { return is_counted(trial, answer.options); }));
  if (answer.n_trials == 0) {
    say(fmt::format("study \"{}\" has no COMPLETE trial with a finite value", printable(answer.study.name)));
    return to_int(ExitCode::kFailed);
  }
  answer.importances = tune::param_importances(trials, answer.study.directions, answer.options);
  if (answer.is_fanova() && answer.importances.empty())
    say("no parameter has the same range in all COMPLETE trials, which fANOVA needs; --evaluator ped_anova "
        "takes them");
  say_when_few(answer);
  fmt::print("{}", text_of(answer, format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
