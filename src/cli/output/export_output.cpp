#include "cli/output/export_output.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "cli/output/trial_output.hpp"

namespace fmnist_tune {
namespace {

using tune::Attributes;
using tune::FrozenTrial;

Json attributes_json(const Attributes& attributes) {
  Json object = Json::object();
  for (const auto& [name, text] : attributes) object[name] = json_of_attribute(text);
  return object;
}

Json intermediate_json(const FrozenTrial& trial) {
  auto by_step = trial.intermediate;
  std::sort(by_step.begin(), by_step.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  Json object = Json::object();
  for (const auto& [step, value] : by_step) object[std::to_string(step)] = json_number(value);
  return object;
}

Json study_json(const tune::StudyRecord& study) {
  Json directions = Json::array();
  for (const tune::Direction direction : study.directions) directions.push_back(tune::to_string(direction));
  return {{"name", study.name},
          {"directions", std::move(directions)},
          {"metric_names", metric_names(study)},
          {"user_attrs", attributes_json(study.user_attrs)},
          {"system_attrs", attributes_json(study.system_attrs)}};
}

Json whole_trial_json(const FrozenTrial& trial, const tune::StudyRecord& study) {
  Json whole = trial_json(trial, study);
  Json distributions = Json::object();
  for (const tune::Param& param : trial.params) {
    distributions[param.name] = json_of_attribute(tune::to_json(param.distribution));
  }
  whole["distributions"] = std::move(distributions);
  whole["intermediate_values"] = intermediate_json(trial);
  whole["system_attrs"] = attributes_json(trial.system_attrs);
  return whole;
}

/// A single value as such, everything else as JSON text.
Cell attribute_cell(const std::string& text) {
  const Json value = json_of_attribute(text);
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

using Names = std::set<std::string, std::less<>>;

Names attribute_names(const std::vector<FrozenTrial>& trials, Attributes FrozenTrial::*attributes) {
  Names names;
  for (const FrozenTrial& trial : trials) {
    for (const auto& [name, text] : trial.*attributes) names.insert(name);
  }
  return names;
}

void add_attributes(Table& table, const std::vector<FrozenTrial>& trials, Attributes FrozenTrial::*attributes,
                    const std::string& prefix) {
  for (const std::string& name : attribute_names(trials, attributes)) {
    table.columns.push_back(prefix + name);
    for (std::size_t i = 0; i < trials.size(); ++i) {
      const auto found = (trials[i].*attributes).find(name);
      table.rows[i].push_back(found == (trials[i].*attributes).end() ? Cell() : attribute_cell(found->second));
    }
  }
}

}  // namespace

Json export_json(const std::vector<FrozenTrial>& trials, const tune::StudyRecord& study) {
  Json list = Json::array();
  for (const FrozenTrial& trial : trials) list.push_back(whole_trial_json(trial, study));
  return {{"study", study_json(study)}, {"trials", std::move(list)}};
}

Table export_table(const std::vector<FrozenTrial>& trials, const tune::StudyRecord& study) {
  Table table = trials_table(trials, study, Reader::kProgram);
  add_attributes(table, trials, &FrozenTrial::user_attrs, "user_attrs_");
  add_attributes(table, trials, &FrozenTrial::system_attrs, "system_attrs_");
  table.columns.emplace_back("intermediate_values");
  for (std::size_t i = 0; i < trials.size(); ++i) {
    table.rows[i].push_back(trials[i].intermediate.empty() ? Cell() : intermediate_json(trials[i]).dump());
  }
  return table;
}

}  // namespace fmnist_tune
