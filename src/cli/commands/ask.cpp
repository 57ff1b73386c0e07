#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/messages.hpp"
#include "cli/registry.hpp"
#include "cli/run/study_target.hpp"
#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {
    "fmnist-tune ask DB|STUDY.json [options]",
    "Begins a trial for a loop outside of this program and prints its number and parameters; `tell` ends it.\n"
    "An enqueued trial comes first, else the study's sampler suggests. By its study file the study is made "
    "when\n"
    "it is not there yet; what the file says of the objective's data and epochs does not matter then. The "
    "trial\n"
    "is RUNNING until it is told, whatever becomes of this machine: `check --repair` clears away what a loop "
    "left\n"
    "behind. Optuna's own `optuna ask` and `optuna tell` work on the same file.",
    "  fmnist-tune ask studies/mlp.json\n"
    "  fmnist-tune ask mlp.db --study mlp -f json | jq .params.lr\n"
    "  trial=$(fmnist-tune ask mlp.db | jq .number) && fmnist-tune tell mlp.db --trial \"$trial\" --values "
    "0.87"};

po::options_description own_options() {
  po::options_description options("Options");
  add_storage_option(options);
  add_study_option(options);
  options.add_options()("format,f", po::value<std::string>()->value_name("F"),
                        "json (default), table or csv. JSON has the strings \"NaN\", \"Infinity\" and "
                        "\"-Infinity\" for numbers that JSON does not know");
  return options;
}

std::string answer(const tune::Trial& trial, Format format) {
  if (format == Format::kJson) {
    Json params = Json::object();
    for (const auto& [name, value] : trial.params()) params[name] = json_value(value);
    return to_text({{"number", trial.number().value}, {"params", std::move(params)}});
  }
  Table table{{"number"}, {{trial.number().value}}};
  for (const auto& [name, value] : trial.params()) {
    table.columns.push_back(format == Format::kCsv ? "params_" + name : name);
    table.rows.front().push_back(value);
  }
  return format == Format::kCsv ? to_csv(table) : to_table(table, output_width());
}

std::string reason_for_none(const tune::AskResult& result) {
  if (result.status == tune::ReserveStatus::kOthersRunning) {
    return "no trial can be begun before one of those that run has ended; ask again then";
  }
  if (result.stagnated) return "the last trials brought no better value, and the study file ends it there";
  if (!result.n_possible) return "the sampler has no further point to suggest";
  return fmt::format("trials have all {} configurations of the search space", *result.n_possible);
}

/// Throws when the trial was enqueued with what it cannot take; it is FAIL then.
void require_params(tune::Study& study, tune::AskResult& result) {
  if (result.error.empty()) return;
  const auto number = result.trial->number();
  static_cast<void>(study.tell(std::move(*result.trial), tune::TrialState::kFail, result.error));
  throw tune::StorageError(
      fmt::format("trial {} cannot take its parameters and is FAIL now: {}", number.value, result.error));
}

}  // namespace

int ask_command(const Invocation& invocation) {
  const auto values = parse_options(kHelp, own_options(), kTargetArgument, invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = values->contains("format") ? format_option(*values) : Format::kJson;
  const StudyTarget target = find_target(*values);
  if (target.config && target.config->reproducible_window) {
    throw UsageError(
        "ask: the study is to be reproducible, and what runs outside of this program cannot be; nothing was "
        "begun");
  }
  if (!target.config) {
    throw UsageError(
        fmt::format("study \"{}\" keeps no study file, so its search space is not known; give one: fmnist-tune "
                    "ask STUDY.json "
                    "--storage {}",
                    target.stored.value().name, target.storage.string()));
  }
  auto study = open_target(target, true);
  auto result = study.ask_within(std::nullopt);
  if (!result.trial) {
    say(reason_for_none(result));
    return to_int(ExitCode::kFailed);
  }
  require_params(study, result);
  fmt::print("{}", answer(*result.trial, format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
