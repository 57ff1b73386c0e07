#include "cli/output/plan_output.hpp"

#include <fmt/format.h>

#include <chrono>

#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/table.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/run/devices.hpp"

namespace fmnist_tune {
namespace {

constexpr double kMib = 1024.0 * 1024.0;

constexpr const char* kAssumption =
    "the trials are like the ones above, none is pruned or ends early, and no time is lost between trials";

/// Beyond what the clock counts, some hundred thousand years, a time is only large.
std::string duration_text(double seconds) {
  constexpr double kMost = 1e12;
  return readable(std::chrono::microseconds(static_cast<std::int64_t>(std::min(seconds, kMost) * 1e6)));
}

Cell cell(const std::optional<double>& number) {
  return number ? Cell(*number) : Cell();
}

/// What an estimate of 0 stands for is not known.
Cell known(double number) {
  return number > 0.0 ? Cell(number) : Cell();
}

std::string remark(const PlannedTrial& trial) {
  return trial.error.empty() ? trial.verdict.reason : trial.error;
}

std::vector<std::string> parameter_names(const StudyPlan& plan, const StudyConfig& config) {
  std::vector<std::string> names;
  for (const tune::ParameterDeclaration& declaration : config.space.parameters()) {
    const bool is_there = std::any_of(plan.trials.begin(), plan.trials.end(), [&](const PlannedTrial& trial) {
      return trial.suggested.contains(declaration.name);
    });
    if (is_there) names.push_back(declaration.name);
  }
  return names;
}

Table table_of(const StudyPlan& plan, const StudyConfig& config) {
  Table table{{"parameters", "MiB", "GFLOP/epoch", "s/epoch", "s/trial"}, {}};
  const auto names = parameter_names(plan, config);
  table.columns.insert(table.columns.end(), names.begin(), names.end());
  table.columns.emplace_back("remark");
  for (const PlannedTrial& trial : plan.trials) {
    const auto& estimate = trial.estimate;
    std::vector<Cell> row{
        estimate.parameters > 0 ? Cell(static_cast<std::int64_t>(estimate.parameters)) : Cell(),
        known(static_cast<double>(estimate.memory_bytes) / kMib), known(estimate.flops_per_epoch / 1e9),
        cell(trial.seconds_per_epoch), cell(plan.seconds_of(trial))};
    for (const std::string& name : names) {
      const auto value = trial.suggested.find(name);
      row.push_back(value == trial.suggested.end() ? Cell() : value->second);
    }
    row.emplace_back(remark(trial));
    table.rows.push_back(std::move(row));
  }
  return table;
}

Json json_of(const std::optional<double>& number) {
  return number ? json_number(*number) : Json();
}

Json trial_json(const StudyPlan& plan, const PlannedTrial& trial) {
  Json params = Json::object();
  for (const auto& [name, value] : trial.suggested) params[name] = json_value(value);
  return {{"parameter_count", trial.estimate.parameters},
          {"memory_bytes", trial.estimate.memory_bytes},
          {"flops_per_epoch", json_number(trial.estimate.flops_per_epoch)},
          {"seconds_per_epoch", json_of(trial.seconds_per_epoch)},
          {"seconds", json_of(plan.seconds_of(trial))},
          {"rejected", trial.verdict.is_rejected() ? Json(trial.verdict.reason) : Json()},
          {"error", trial.error.empty() ? Json() : Json(trial.error)},
          {"params", std::move(params)}};
}

Json json_answer(const StudyPlan& plan, const StudyConfig& config) {
  Json trials = Json::array();
  for (const PlannedTrial& trial : plan.trials) trials.push_back(trial_json(plan, trial));
  return {
      {"study", config.name},      {"n_trials", plan.n_trials},         {"epochs", plan.n_epochs},
      {"jobs", plan.slots.size()}, {"devices", devices_of(plan.slots)}, {"seconds", json_of(plan.seconds())},
      {"assumption", kAssumption}, {"warnings", plan.warnings},         {"configurations", std::move(trials)}};
}

std::string time_text(const StudyPlan& plan) {
  const std::string where = fmt::format("{} job{} on {}", plan.slots.size(), plan.slots.size() == 1 ? "" : "s",
                                        fmt::join(devices_of(plan.slots), ", "));
  const auto seconds = plan.seconds();
  if (!seconds) return fmt::format("{} trials, {}: no configuration could be measured\n", plan.n_trials, where);
  return fmt::format("{} trials of {} epochs, {}: about {}, if {}\n", plan.n_trials, plan.n_epochs, where,
                     duration_text(*seconds), kAssumption);
}

}  // namespace

std::string plan_text(const StudyPlan& plan, const StudyConfig& config, Format format) {
  switch (format) {
    case Format::kJson:
      return to_text(json_answer(plan, config));
    case Format::kCsv:
      return to_csv(table_of(plan, config));
    case Format::kTable:
      break;
  }
  std::string text = to_table(table_of(plan, config), output_width()) + time_text(plan);
  for (const std::string& warning : plan.warnings) text += fmt::format("warning: {}\n", printable(warning));
  return text;
}

}  // namespace fmnist_tune
