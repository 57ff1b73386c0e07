#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/registry.hpp"

namespace fmnist_tune {
namespace {

using tune::StudySummary;

const CommandHelp kHelp = {
    "fmnist-tune studies DB [options]",
    "Lists the studies in a storage with their number of trials by state and the best value.\n"
    "Nothing is written, a study may run.",
    "  fmnist-tune studies mlp.db\n"
    "  fmnist-tune studies mlp.db -f json"};

std::int64_t trial_count(const StudySummary& summary) {
  return summary.n_running + summary.n_waiting + summary.n_complete + summary.n_pruned + summary.n_fail;
}

Json time_json(const std::optional<tune::Timestamp>& time) {
  return time ? Json(to_iso_text(*time)) : Json(nullptr);
}

Json study_json(const StudySummary& summary) {
  Json directions = Json::array();
  for (tune::Direction direction : summary.study.directions) directions.push_back(tune::to_string(direction));
  return {{"name", summary.study.name},
          {"directions", std::move(directions)},
          {"n_trials", trial_count(summary)},
          {"n_complete", summary.n_complete},
          {"n_pruned", summary.n_pruned},
          {"n_fail", summary.n_fail},
          {"n_running", summary.n_running},
          {"n_waiting", summary.n_waiting},
          {"best_value", summary.best_value ? json_number(*summary.best_value) : Json(nullptr)},
          {"datetime_start", time_json(summary.datetime_start)},
          {"datetime_last", time_json(summary.datetime_last)}};
}

Cell time_cell(const std::optional<tune::Timestamp>& time, Reader reader) {
  if (!time) return {};
  return reader == Reader::kPerson ? to_seconds_text(*time) : to_iso_text(*time);
}

Table studies_table(const std::vector<StudySummary>& studies, Reader reader) {
  Table table{{"name", "directions", "n_trials", "n_complete", "n_pruned", "n_fail", "n_running", "n_waiting",
               "best_value", "datetime_start", "datetime_last"},
              {}};
  if (reader == Reader::kPerson) {
    table.columns = {"name",    "directions", "trials",     "complete",      "pruned",    "fail",
                     "running", "waiting",    "best value", "started (UTC)", "last (UTC)"};
  }
  for (const StudySummary& summary : studies) {
    table.rows.push_back({summary.study.name, directions_text(summary.study), trial_count(summary),
                          summary.n_complete, summary.n_pruned, summary.n_fail, summary.n_running,
                          summary.n_waiting, summary.best_value ? Cell(*summary.best_value) : Cell(),
                          time_cell(summary.datetime_start, reader), time_cell(summary.datetime_last, reader)});
  }
  return table;
}

std::string answer(const std::vector<StudySummary>& studies, Format format) {
  if (format == Format::kTable) return to_table(studies_table(studies, Reader::kPerson), output_width());
  if (format == Format::kCsv) return to_csv(studies_table(studies, Reader::kProgram));
  Json list = Json::array();
  for (const StudySummary& summary : studies) list.push_back(study_json(summary));
  return to_text(list);
}

}  // namespace

int studies_command(const Invocation& invocation) {
  const auto values =
      parse_query(kHelp, boost::program_options::options_description("Options"), invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  auto reader = open_for_query(*values);
  fmt::print("{}", answer(reader.studies(), format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
