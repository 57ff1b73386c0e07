#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/messages.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/registry.hpp"
#include "cli/run/study_target.hpp"
#include "tune/error.hpp"
#include "tune/storages/claims.hpp"
#include "tune/storages/sqlite_reader.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {
    "fmnist-tune tell DB --trial N --values V [V …] | --state pruned|fail [options]",
    "Ends a trial that `ask` or another program began, and says what was stored. What is printed survives a "
    "power\n"
    "cut. A value NaN makes the trial FAIL, as in Optuna; PRUNED keeps the trial's last intermediate value. "
    "With\n"
    "--intermediate alone the trial goes on, and should_prune is what the study's pruner says of the new "
    "values.",
    "  fmnist-tune tell mlp.db --trial 17 --values 0.873\n"
    "  fmnist-tune tell mlp.db --trial 17 --intermediate 1=0.71 --intermediate 2=0.78 -f json | jq "
    ".should_prune\n"
    "  fmnist-tune tell mlp.db --trial 17 --state pruned\n"
    "  fmnist-tune tell two.db --trial 17 --values 0.873 12.5 --skip-if-finished"};

po::options_description own_options() {
  po::options_description options("Options");
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const auto texts = [](const char* name) {
    return po::value<std::vector<std::string>>()->composing()->value_name(name);
  };
  options.add_options()("trial", text("N"), "number of the trial")("trial-number", text("N"),
                                                                   "the same, Optuna's name for it")(
      "values", texts("V"), "the trial's values, one an objective; inf, -inf and nan are numbers here")(
      "state", text("STATE"), "complete (with --values, the default then), pruned or fail")(
      "intermediate", texts("STEP=VALUE"), "an intermediate value; may be given several times, each step once")(
      "skip-if-finished", "change nothing when the trial is finished already, and do not call that an error");
  add_storage_option(options);
  add_study_option(options);
  add_format_option(options);
  return options;
}

std::optional<double> number_in(const std::string& text) {
  double value = 0.0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

/// `--values 0.1 -0.2` as `--values=0.1 --values=-0.2`: a negative number looks like an option.
Arguments with_single_values(const Arguments& arguments) {
  std::vector<std::string> result;
  bool in_values = false;
  for (const std::string& argument : arguments.words) {
    if (in_values && number_in(argument)) {
      result.push_back("--values=" + argument);
      continue;
    }
    if (in_values && result.back() == "--values") {
      throw UsageError(fmt::format("--values: expected numbers, found \"{}\"", argument));
    }
    in_values = argument == "--values";
    const bool has_numbers = in_values && &argument != &arguments.words.back() && number_in(*(&argument + 1));
    if (!has_numbers) result.push_back(argument);
  }
  return {std::move(result), arguments.on_help};
}

/// What is to be told.
struct Told {
  std::optional<tune::TrialState> state;  ///< Nothing: the trial goes on.
  std::vector<double> values;
  std::vector<tune::IntermediateValue> reports;
};

std::vector<std::string> texts_of(const po::variables_map& values, const char* name) {
  return values.contains(name) ? values[name].as<std::vector<std::string>>() : std::vector<std::string>();
}

tune::IntermediateValue report_in(const std::string& text) {
  const std::size_t sign = text.find('=');
  const auto value = sign == std::string::npos ? std::nullopt : number_in(text.substr(sign + 1));
  if (!value) throw UsageError(fmt::format("--intermediate: expected STEP=VALUE, found \"{}\"", text));
  return {whole_number("--intermediate, the step", text.substr(0, sign), 0), *value};
}

std::vector<tune::IntermediateValue> reports_in(const std::vector<std::string>& texts) {
  std::vector<tune::IntermediateValue> reports;
  for (const std::string& text : texts) {
    reports.push_back(report_in(text));
    const auto is_same = [&](const auto& earlier) { return earlier.step == reports.back().step; };
    if (std::none_of(reports.begin(), reports.end() - 1, is_same)) continue;
    throw UsageError(fmt::format("--intermediate: step {} is given twice", reports.back().step));
  }
  return reports;
}

std::optional<tune::TrialState> state_of(const po::variables_map& values, bool has_values) {
  const auto text = text_option(values, "state");
  if (!text) return has_values ? std::optional(tune::TrialState::kComplete) : std::nullopt;
  if (*text == "complete") return tune::TrialState::kComplete;
  if (*text == "pruned") return tune::TrialState::kPruned;
  if (*text == "fail") return tune::TrialState::kFail;
  throw UsageError(fmt::format("--state: expected complete, pruned or fail, found \"{}\"", *text));
}

Told told_in(const po::variables_map& values) {
  Told told;
  for (const std::string& text : texts_of(values, "values")) {
    const auto value = number_in(text);
    if (!value) throw UsageError(fmt::format("--values: expected numbers, found \"{}\"", text));
    told.values.push_back(*value);
  }
  told.reports = reports_in(texts_of(values, "intermediate"));
  told.state = state_of(values, !told.values.empty());
  const bool is_complete = told.state == tune::TrialState::kComplete;
  if (told.state && is_complete == told.values.empty()) {
    throw UsageError(is_complete ? "--state complete: needs --values"
                                 : "--values: only for a COMPLETE trial; leave them or --state out");
  }
  if (!told.state && told.reports.empty()) {
    throw UsageError(
        fmt::format("what of the trial? Give --values, --state or --intermediate\nusage: {}", kHelp.usage));
  }
  return told;
}

tune::TrialNumber number_of(const po::variables_map& values) {
  const auto number = whole_number_option(values, "trial", 0);
  const auto other = whole_number_option(values, "trial-number", 0);
  if (number.has_value() == other.has_value()) {
    throw UsageError(fmt::format("which trial? Give its number with --trial\nusage: {}", kHelp.usage));
  }
  return {number ? *number : *other};
}

tune::FrozenTrial stored_trial(const StudyTarget& target, tune::TrialNumber number) {
  tune::SqliteReader reader(target.storage);
  const auto found = reader.trials(target.stored->id, {.number = number, .with_intermediate = true});
  if (found.empty()) {
    throw UsageError(fmt::format("study \"{}\" has no trial {}", target.stored->name, number.value));
  }
  return found.front();
}

/// Why nobody may tell the trial from outside.
std::optional<std::string> objection(const tune::FrozenTrial& trial) {
  if (const auto claim = tune::storages::claim_of(trial)) {
    return fmt::format("trial {} is not an outsider's: process {} on host {} runs it, or has run it and ended",
                       trial.number.value, claim->owner.pid, claim->owner.host);
  }
  if (trial.state == tune::TrialState::kRunning) return std::nullopt;
  if (trial.state == tune::TrialState::kWaiting) {
    return fmt::format("trial {} is WAITING in the queue: nobody has begun it", trial.number.value);
  }
  return fmt::format("trial {} is {} already, and a finished trial never changes", trial.number.value,
                     tune::to_string(trial.state));
}

void check_values(const Told& told, const tune::StudyRecord& study) {
  if (told.state != tune::TrialState::kComplete || told.values.size() == study.directions.size()) return;
  throw UsageError(fmt::format("--values: the study has {} objective(s), found {} value(s); nothing was stored",
                               study.directions.size(), told.values.size()));
}

/// What was stored, and what the pruner says where it was asked.
struct Answer {
  tune::FrozenTrial trial;
  std::optional<bool> should_prune;
};

bool is_same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

/// A step keeps its first value, as in Optuna.
void say_what_stays(const tune::FrozenTrial& before, const Told& told) {
  for (const auto& report : told.reports) {
    for (const auto& stored : before.intermediate) {
      if (stored.step != report.step || is_same(stored.value, report.value)) continue;
      say(fmt::format("note: step {} of trial {} keeps its value {}", stored.step, before.number.value,
                      readable(stored.value)));
    }
  }
}

Answer tell(const StudyTarget& target, tune::TrialNumber number, const Told& told, std::size_t n_before) {
  auto study = open_target(target);
  auto trial = study.running_trial(number);
  for (const auto& report : told.reports) trial.report(report.value, report.step);
  if (told.state == tune::TrialState::kComplete) return {study.tell(std::move(trial), told.values), {}};
  if (told.state) return {study.tell(std::move(trial), *told.state), {}};
  auto after = stored_trial(target, number);
  // The pruner judges a report when it is made: of steps that were there already it says nothing.
  const bool is_judged = target.config && after.intermediate.size() > n_before;
  return {std::move(after), is_judged ? std::optional(trial.should_prune()) : std::nullopt};
}

std::string line_of(const Answer& answer) {
  const auto& trial = answer.trial;
  std::string text = fmt::format("trial {} is {}", trial.number.value, tune::to_string(trial.state));
  for (std::size_t i = 0; i < trial.values.size(); ++i) {
    text += fmt::format("{}{}", i == 0 ? " with " : ", ", readable(trial.values[i]));
  }
  if (const auto last = trial.last_intermediate()) {
    text += fmt::format("; {} intermediate value(s), the last one {} at step {}", trial.intermediate.size(),
                        readable(last->value), last->step);
  }
  if (answer.should_prune) text += *answer.should_prune ? "; it should be pruned" : "; it should go on";
  return text + "\n";
}

std::string text_of(const Answer& answer, const tune::StudyRecord& study, Format format) {
  if (format == Format::kTable) return line_of(answer);
  if (format == Format::kCsv) return to_csv(trials_table({answer.trial}, study, Reader::kProgram));
  Json json = trial_json(answer.trial, study);
  json["should_prune"] = answer.should_prune ? Json(*answer.should_prune) : Json(nullptr);
  return to_text(json);
}

}  // namespace

int tell_command(const Invocation& invocation) {
  const auto values =
      parse_options(kHelp, own_options(), kTargetArgument, with_single_values(invocation.arguments));
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const Told told = told_in(*values);
  const auto number = number_of(*values);
  StudyTarget target = find_target(*values);
  if (!target.stored) throw UsageError(fmt::format("there is no study \"{}\" yet", target.config->name));
  target.is_from_file = false;  // The study is told as it is stored, whatever the file says now.
  const auto before = stored_trial(target, number);
  if (tune::is_finished(before.state) && values->contains("skip-if-finished")) {
    fmt::print("{}", text_of({before, {}}, *target.stored, format));
    return to_int(ExitCode::kDone);
  }
  if (const auto reason = objection(before)) throw tune::StorageError(*reason);
  check_values(told, *target.stored);
  say_what_stays(before, told);
  fmt::print("{}", text_of(tell(target, number, told, before.intermediate.size()), *target.stored, format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
