#include "cli/report/parameter_list.hpp"

#include <algorithm>
#include <set>

namespace fmnist_tune::report {
namespace {

using tune::CategoricalDistribution;

std::pair<double, double> range_of(const tune::Distribution& distribution) {
  if (const auto* real = std::get_if<tune::FloatDistribution>(&distribution)) return {real->low, real->high};
  if (const auto* whole = std::get_if<tune::IntDistribution>(&distribution))
    return {static_cast<double>(whole->low), static_cast<double>(whole->high)};
  return {0.0, 0.0};
}

void add_kind(Json& json, const tune::Distribution& distribution) {
  if (const auto* real = std::get_if<tune::FloatDistribution>(&distribution)) {
    json["type"] = "float";
    json["log"] = real->log;
    if (real->step) json["step"] = *real->step;
  } else if (const auto* whole = std::get_if<tune::IntDistribution>(&distribution)) {
    json["type"] = "int";
    json["log"] = whole->log;
    if (whole->step != 1) json["step"] = whole->step;
  } else {
    json["type"] = "categorical";
  }
}

/// Stricter than `same_value`: true, 1 and 1.0 are three choices to look at.
bool is_same(const tune::ParamValue& a, const tune::ParamValue& b) {
  return a.index() == b.index() && tune::same_value(a, b);
}

bool are_same(const std::vector<tune::ParamValue>& known, const tune::ChoiceList& choices) {
  return std::equal(known.begin(), known.end(), choices.begin(), choices.end(), is_same);
}

auto find_choice(const std::vector<tune::ParamValue>& choices, const tune::ParamValue& wanted) {
  return std::find_if(choices.begin(), choices.end(),
                      [&](const tune::ParamValue& choice) { return is_same(choice, wanted); });
}

/// As a person reads them; texts in quotes where a number or a truth value reads like one of them.
std::vector<std::string> labels_of(const std::vector<tune::ParamValue>& choices) {
  std::vector<std::string> labels;
  for (const tune::ParamValue& choice : choices) labels.push_back(tune::to_text(choice));
  if (std::set<std::string>(labels.begin(), labels.end()).size() == labels.size()) return labels;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (std::holds_alternative<std::string>(choices[i])) labels[i] = "\"" + labels[i] + "\"";
  }
  return labels;
}

}  // namespace

void ParameterList::add(const tune::FrozenTrial& trial) {
  for (const tune::Param& param : trial.params) {
    Parameter& parameter = take_up(param);
    const auto [low, high] = range_of(param.distribution);
    parameter.low = std::min(parameter.low, low);
    parameter.high = std::max(parameter.high, high);
    const auto* categorical = std::get_if<CategoricalDistribution>(&param.distribution);
    if (categorical == nullptr) continue;
    if (are_same(parameter.choices, categorical->choices)) continue;
    for (const tune::ParamValue& choice : categorical->choices) {
      if (find_choice(parameter.choices, choice) == parameter.choices.end())
        parameter.choices.push_back(choice);
    }
  }
}

ParameterList::Parameter& ParameterList::take_up(const tune::Param& param) {
  const auto [position, is_new] = positions_.emplace(key_of(param), parameters_.size());
  if (is_new) {
    const auto [low, high] = range_of(param.distribution);
    parameters_.push_back({param.name, param.distribution, low, high, {}});
  }
  return parameters_[position->second];
}

Json ParameterList::value_of(const Parameter& parameter, const tune::Param& param) const {
  const auto* categorical = std::get_if<CategoricalDistribution>(&param.distribution);
  if (categorical == nullptr) return json_number(param.value);
  const tune::ChoiceList& choices = categorical->choices;
  if (!(param.value >= 0.0 && param.value < static_cast<double>(choices.size()))) return nullptr;
  return find_choice(parameter.choices, choices[static_cast<std::size_t>(param.value)]) -
         parameter.choices.begin();
}

Json ParameterList::values_of(const tune::FrozenTrial& trial) const {
  Json values = Json::array();
  for (const tune::Param& param : trial.params) {
    const std::size_t position = positions_.at(key_of(param));
    while (values.size() <= position) values.push_back(nullptr);
    values[position] = value_of(parameters_[position], param);
  }
  return values;
}

Json ParameterList::to_json() const {
  Json list = Json::array();
  for (const Parameter& parameter : parameters_) {
    Json json = {{"name", parameter.name}};
    add_kind(json, parameter.distribution);
    if (std::holds_alternative<CategoricalDistribution>(parameter.distribution)) {
      json["choices"] = labels_of(parameter.choices);
    } else {
      json["low"] = json_number(parameter.low);
      json["high"] = json_number(parameter.high);
    }
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace fmnist_tune::report
