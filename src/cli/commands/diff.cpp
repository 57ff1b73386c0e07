#include <fmt/format.h>

#include <array>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/registry.hpp"
#include "cli/run/study_difference.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {
    "fmnist-tune diff A.db B.db [options]",
    "Compares two studies: settings that differ, trials by state, best values, also after equal numbers of\n"
    "trials, and time; and says whether they are the same study trial for trial (states, parameters, values "
    "and\n"
    "reports), or what the first difference is. Nothing is written, the studies may run.\n"
    "\n"
    "Exit codes: 0 the trials are the same, 1 they are not.",
    "  fmnist-tune diff monday.db tuesday.db\n"
    "  fmnist-tune diff mlp.db mlp.db --study mlp --other-study mlp-wide\n"
    "  fmnist-tune diff a.db b.db -f json | jq .first_difference"};

po::options_description own_options() {
  po::options_description options("Options");
  add_study_option(options);
  options.add_options()("other-study", po::value<std::string>()->value_name("NAME"),
                        "name of the study in the second storage; without it the one that --study names");
  return options;
}

StudyContent content_of(const std::string& storage, const std::optional<std::string>& name) {
  tune::SqliteReader reader(storage_path(storage));
  StudyContent content{study_named(reader, name), {}};
  tune::TrialFilter all;
  all.with_intermediate = true;
  content.trials = reader.trials(content.study.id, all);
  return content;
}

constexpr std::array kStates = {tune::TrialState::kComplete, tune::TrialState::kPruned, tune::TrialState::kFail,
                                tune::TrialState::kRunning, tune::TrialState::kWaiting};

Cell cell_of(const std::optional<double>& value) {
  return value ? Cell(*value) : Cell();
}

std::string setting_text(const std::optional<Json>& value) {
  if (!value) return "";
  return value->is_string() ? value->get<std::string>()
                            : value->dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::size_t count(const StudyNumbers& numbers, tune::TrialState state) {
  return numbers.n_by_state[static_cast<std::size_t>(state)];
}

/// What is compared, a row each, for people and as csv.
Table table_of(const StudyDifference& difference, const std::array<std::string, 2>& names) {
  Table table{{"", names[0], names[1]}, {}};
  for (const auto& [where, values] : difference.settings)
    table.rows.push_back({where, setting_text(values[0]), setting_text(values[1])});
  const auto& [a, b] = difference.numbers;
  for (const tune::TrialState state : kStates) {
    if (count(a, state) + count(b, state) == 0) continue;
    table.rows.push_back({fmt::format("{} trials", tune::to_string(state)),
                          static_cast<std::int64_t>(count(a, state)),
                          static_cast<std::int64_t>(count(b, state))});
  }
  table.rows.push_back({std::string("best value"), cell_of(a.best_value), cell_of(b.best_value)});
  for (const auto& [n, values] : difference.best_so_far)
    table.rows.push_back({fmt::format("best of {} trial(s)", n), cell_of(values[0]), cell_of(values[1])});
  table.rows.push_back({std::string("seconds of trials"), a.trial_seconds, b.trial_seconds});
  table.rows.push_back({std::string("seconds from first to last"), a.span_seconds, b.span_seconds});
  return table;
}

Json number_or_null(const std::optional<double>& value) {
  return value ? json_number(*value) : Json(nullptr);
}

Json study_json(const StudyContent& content, const StudyNumbers& numbers) {
  Json states = Json::object();
  for (const tune::TrialState state : kStates)
    states[std::string(tune::to_string(state))] = count(numbers, state);
  return {{"study", content.study.name},
          {"n_by_state", std::move(states)},
          {"best_value", number_or_null(numbers.best_value)},
          {"best_trial", numbers.best_trial ? Json(*numbers.best_trial) : Json(nullptr)},
          {"trial_seconds", numbers.trial_seconds},
          {"span_seconds", numbers.span_seconds}};
}

Json difference_json(const StudyDifference& difference, const std::array<StudyContent, 2>& studies) {
  Json settings = Json::array();
  for (const auto& [where, values] : difference.settings) {
    settings.push_back(
        {{"setting", where}, {"first", values[0].value_or(nullptr)}, {"second", values[1].value_or(nullptr)}});
  }
  Json best = Json::array();
  for (const auto& [n, values] : difference.best_so_far) {
    best.push_back({{"n", n}, {"first", number_or_null(values[0])}, {"second", number_or_null(values[1])}});
  }
  const auto& first = difference.first_difference;
  return {{"same_trials", !first.has_value()},
          {"first_difference", first ? Json(*first) : Json(nullptr)},
          {"settings", std::move(settings)},
          {"first", study_json(studies[0], difference.numbers[0])},
          {"second", study_json(studies[1], difference.numbers[1])},
          {"best_so_far", std::move(best)}};
}

/// The files' names, or those of two studies in one file.
std::array<std::string, 2> headings(const std::vector<std::string>& storages,
                                    const std::array<StudyContent, 2>& studies) {
  if (storages[0] != storages[1]) return {storages[0], storages[1]};
  return {studies[0].study.name, studies[1].study.name};
}

std::string verdict_text(const StudyDifference& difference) {
  const auto& first = difference.first_difference;
  return first ? fmt::format("not the same trials: {}\n", *first) : "the same study, trial for trial\n";
}

}  // namespace

int diff_command(const Invocation& invocation) {
  auto options = own_options();
  add_format_option(options);
  const auto values = parse_options(kHelp, std::move(options), "DB", invocation.arguments, 2);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const auto storages = positional_words(*values, "DB");
  if (storages.size() != 2) throw UsageError(fmt::format("which two storages?\nusage: {}", kHelp.usage));
  const auto name = text_option(*values, "study");
  const auto other = text_option(*values, "other-study");
  const std::array<StudyContent, 2> studies = {content_of(storages[0], name),
                                               content_of(storages[1], other ? other : name)};
  const StudyDifference difference = compare_studies(studies[0], studies[1]);
  if (format == Format::kJson) {
    fmt::print("{}", to_text(difference_json(difference, studies)));
  } else {
    const Table table = table_of(difference, headings(storages, studies));
    fmt::print("{}", format == Format::kCsv ? to_csv(table)
                                            : to_table(table, output_width()) + verdict_text(difference));
  }
  return to_int(difference.first_difference ? ExitCode::kFailed : ExitCode::kDone);
}

}  // namespace fmnist_tune
