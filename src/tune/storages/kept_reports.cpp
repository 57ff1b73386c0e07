#include "tune/storages/kept_reports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "tune/format/python_json.hpp"

namespace tune::storages {
namespace {

using Json = nlohmann::ordered_json;

std::optional<IntermediateValue> report_in(const Json& node) {
  const bool is_report =
      node.is_array() && node.size() == 2 && node[0].is_number_integer() && node[1].is_number();
  if (!is_report || node[0].get<std::int64_t>() < 0) {
    return std::nullopt;
  }
  return IntermediateValue{node[0].get<std::int64_t>(), node[1].get<double>()};
}

bool has_step(const FrozenTrial& trial, std::int64_t step) {
  return std::any_of(trial.intermediate.begin(), trial.intermediate.end(),
                     [&](const IntermediateValue& report) { return report.step == step; });
}

void add_reports(FrozenTrial& trial, const Json& reports) {
  for (const Json& node : reports) {
    const auto report = report_in(node);
    if (report && !has_step(trial, report->step)) {
      trial.intermediate.push_back(*report);
    }
  }
}

void add_attributes(FrozenTrial& trial, const Json& attributes) {
  for (const auto& [key, json] : attributes.items()) {
    if (json.is_string()) {
      trial.system_attrs.emplace(key, json.get<std::string>());
    }
  }
}

}  // namespace

void keep_aside(FrozenTrial& trial, const std::vector<std::string>& attributes) {
  trial.system_attrs.erase(std::string(kKeptKey));
  if (trial.intermediate.empty() && attributes.empty()) {
    return;
  }
  std::string reports;
  for (const IntermediateValue& report : std::exchange(trial.intermediate, {})) {
    reports +=
        fmt::format("{}[{}, {}]", reports.empty() ? "" : ", ", report.step, format::python_float(report.value));
  }
  std::string kept;
  for (const std::string& key : attributes) {
    // The texts as they are: numbers survive digit by digit.
    kept += fmt::format("{}{}: {}", kept.empty() ? "" : ", ", format::python_string(key),
                        format::python_string(trial.system_attrs.at(key)));
    trial.system_attrs.erase(key);
  }
  trial.system_attrs[std::string(kKeptKey)] = fmt::format(
      R"({{"number": {}, "reports": [{}], "attributes": {{{}}}}})", trial.number.value, reports, kept);
}

void take_back(FrozenTrial& trial) {
  const auto found = trial.system_attrs.find(kKeptKey);
  if (found == trial.system_attrs.end()) {
    return;
  }
  const Json kept = format::parse_python_json(found->second);
  trial.system_attrs.erase(found);
  if (!kept.is_object() || kept.value("number", Json()) != trial.number.value) {
    return;
  }
  add_reports(trial, kept.value("reports", Json::array()));
  add_attributes(trial, kept.value("attributes", Json::object()));
}

}  // namespace tune::storages
