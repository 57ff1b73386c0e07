#include "cli/output/trial_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/output/trial_reason.hpp"
#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

using tune::FrozenTrial;
using tune::StudyRecord;

double seconds(std::chrono::microseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

Json json_time(const std::optional<tune::Timestamp>& time) {
  return time ? Json(to_iso_text(*time)) : Json(nullptr);
}

Json json_values(const FrozenTrial& trial, std::size_t n_objectives) {
  if (n_objectives == 1) return trial.values.empty() ? Json(nullptr) : json_number(trial.values[0]);
  Json values = Json::array();
  for (double value : trial.values) values.push_back(json_number(value));
  return values;
}

/// Null where they cannot be read.
Json json_constraints(const FrozenTrial& trial) {
  try {
    Json values = Json::array();
    for (const double value : trial.constraints()) values.push_back(json_number(value));
    return values;
  } catch (const tune::FormatError&) {
    return nullptr;
  }
}

Cell time_cell(const std::optional<tune::Timestamp>& time, Reader reader) {
  if (!time) return {};
  return reader == Reader::kPerson ? to_seconds_text(*time) : to_iso_text(*time);
}

Cell duration_cell(const FrozenTrial& trial, Reader reader) {
  const auto duration = trial.duration();
  if (!duration) return {};
  if (reader == Reader::kPerson) return readable(*duration);
  return seconds(*duration);
}

std::vector<std::string> value_columns(const StudyRecord& study, Reader reader) {
  if (study.directions.size() == 1) return {"value"};
  if (reader == Reader::kPerson) return metric_names(study);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < study.directions.size(); ++i) names.push_back(fmt::format("values_{}", i));
  return names;
}

Cell reason_cell(const FrozenTrial& trial) {
  const auto reason = reason_of(trial);
  return reason ? Cell(*reason) : Cell();
}

/// Every parameter of the trials, in order of appearance.
std::vector<std::string> param_names(const std::vector<FrozenTrial>& trials) {
  std::vector<std::string> names;
  std::map<std::string, bool, std::less<>> seen;
  for (const FrozenTrial& trial : trials) {
    for (const tune::Param& param : trial.params) {
      if (seen.emplace(param.name, true).second) names.push_back(param.name);
    }
  }
  return names;
}

/// The choice null is not the absence of the parameter.
Cell param_cell(const tune::Param& param) {
  tune::ParamValue value = param.external();
  return std::holds_alternative<std::monostate>(value) ? Cell(std::string("null")) : value;
}

std::vector<Cell> row_of(const FrozenTrial& trial, std::size_t n_values, const std::vector<std::string>& params,
                         Reader reader) {
  std::vector<Cell> row = {trial.number.value, std::string(tune::to_string(trial.state))};
  for (std::size_t i = 0; i < n_values; ++i)
    row.push_back(i < trial.values.size() ? Cell(trial.values[i]) : Cell());
  row.push_back(duration_cell(trial, reader));
  row.push_back(time_cell(trial.datetime_start, reader));
  if (reader == Reader::kProgram) row.push_back(time_cell(trial.datetime_complete, reader));
  row.push_back(reason_cell(trial));
  for (const std::string& name : params) {
    const tune::Param* param = trial.find_param(name);
    row.push_back(param == nullptr ? Cell() : param_cell(*param));
  }
  return row;
}

std::string fact_text(const tune::ParamValue& value) {
  const auto* number = std::get_if<double>(&value);
  return number == nullptr ? tune::to_text(value) : readable(*number);
}

void add_values(std::vector<std::pair<std::string, std::string>>& facts, const FrozenTrial& trial,
                const StudyRecord& study) {
  const auto names = metric_names(study);
  for (std::size_t i = 0; i < trial.values.size() && i < names.size(); ++i) {
    facts.emplace_back(names[i], tune::to_text(tune::ParamValue(trial.values[i])));
  }
}

}  // namespace

Json trial_json(const FrozenTrial& trial, const StudyRecord& study) {
  Json params = Json::object();
  for (const tune::Param& param : trial.params) params[param.name] = json_value(param.external());
  Json user_attrs = Json::object();
  for (const auto& [name, text] : trial.user_attrs) user_attrs[name] = json_of_attribute(text);
  const auto duration = trial.duration();
  const auto reason = reason_of(trial);
  return {{"number", trial.number.value},
          {"state", tune::to_string(trial.state)},
          {study.directions.size() == 1 ? "value" : "values", json_values(trial, study.directions.size())},
          {"reason", reason ? Json(*reason) : Json(nullptr)},
          {"constraints", json_constraints(trial)},
          {"params", std::move(params)},
          {"user_attrs", std::move(user_attrs)},
          {"datetime_start", json_time(trial.datetime_start)},
          {"datetime_complete", json_time(trial.datetime_complete)},
          {"duration_seconds", duration ? Json(seconds(*duration)) : Json(nullptr)}};
}

Table trials_table(const std::vector<FrozenTrial>& trials, const StudyRecord& study, Reader reader) {
  const auto params = param_names(trials);
  const bool person = reader == Reader::kPerson;
  Table table{{"number", "state"}, {}};
  for (const std::string& name : value_columns(study, reader)) table.columns.push_back(name);
  table.columns.emplace_back(person ? "duration" : "duration_seconds");
  table.columns.emplace_back(person ? "started (UTC)" : "datetime_start");
  if (!person) table.columns.emplace_back("datetime_complete");
  table.columns.emplace_back("reason");
  for (const std::string& name : params) table.columns.push_back(person ? name : "params_" + name);
  for (const FrozenTrial& trial : trials) {
    table.rows.push_back(row_of(trial, study.directions.size(), params, reader));
  }
  return table;
}

std::vector<std::pair<std::string, std::string>> trial_facts(const FrozenTrial& trial,
                                                             const StudyRecord& study) {
  std::vector<std::pair<std::string, std::string>> facts = {{"study", study.name},
                                                            {"trial", fmt::format("{}", trial.number.value)}};
  add_values(facts, trial, study);
  facts.emplace_back("params", "");
  for (const tune::Param& param : trial.params) {
    facts.emplace_back("  " + param.name, fact_text(param.external()));
  }
  if (const auto duration = trial.duration()) facts.emplace_back("duration", readable(*duration));
  if (trial.datetime_start) facts.emplace_back("started", to_seconds_text(*trial.datetime_start) + " UTC");
  if (trial.datetime_complete)
    facts.emplace_back("finished", to_seconds_text(*trial.datetime_complete) + " UTC");
  return facts;
}

std::vector<std::string> metric_names(const StudyRecord& study) {
  std::vector<std::string> names(study.directions.size(), "value");
  const auto stored = study.system_attrs.find("study:metric_names");
  if (stored == study.system_attrs.end()) return names;
  const Json list = Json::parse(stored->second, nullptr, false);
  if (!list.is_array() || list.size() != names.size()) return names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (list[i].is_string()) names[i] = list[i].get<std::string>();
  }
  return names;
}

std::string directions_text(const StudyRecord& study) {
  std::string text;
  for (tune::Direction direction : study.directions) {
    std::string word(tune::to_string(direction));
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

std::string readable(std::chrono::microseconds duration) {
  const double total = seconds(duration);
  if (total < 59.95) return fmt::format("{:.1f} s", total);
  const auto whole = std::chrono::round<std::chrono::seconds>(duration).count();
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} d {} h", whole / 86400, whole % 86400 / 3600);
}

std::string to_seconds_text(tune::Timestamp time) {
  return tune::to_string(time).substr(0, std::string_view("2026-01-31 12:00:00").size());
}

std::string to_iso_text(tune::Timestamp time) {
  std::string text = tune::to_string(time);
  text[text.find(' ')] = 'T';
  return text + "Z";
}

}  // namespace fmnist_tune
