#include "tune/create_trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tune/error.hpp"
#include "tune/format/constraint_json.hpp"
#include "tune/format/python_json.hpp"

namespace tune {
namespace {

std::vector<Param> params_of(const TrialTemplate& given) {
  std::vector<Param> params;
  for (const auto& [name, value] : given.params) {
    const auto distribution = given.distributions.find(name);
    if (distribution == given.distributions.end()) {
      throw InvalidArgument(fmt::format("parameter '{}' has no distribution", name));
    }
    const Distribution checked = validated(distribution->second);
    params.push_back({name, to_internal(checked, value), checked});
  }
  for (const auto& [name, distribution] : given.distributions) {
    if (!given.params.contains(name)) {
      throw InvalidArgument(fmt::format("parameter '{}' has a distribution and no value", name));
    }
  }
  return params;
}

Attributes system_attrs_of(const TrialTemplate& given) {
  Attributes attributes = given.system_attrs;
  for (const auto& [name, value] : given.constraints) {
    attributes.insert_or_assign(format::constraint_key(name), format::constraint_json(name, value));
  }
  return attributes;
}

void check_values(const FrozenTrial& trial) {
  if (trial.state == TrialState::kComplete && trial.values.empty()) {
    throw InvalidArgument("a COMPLETE trial needs values");
  }
  if (trial.state == TrialState::kFail && !trial.values.empty()) {
    throw InvalidArgument("a FAIL trial has no values");
  }
  if (std::any_of(trial.values.begin(), trial.values.end(), [](double value) { return std::isnan(value); })) {
    throw InvalidArgument("the value of a trial must not be NaN");
  }
}

}  // namespace

FrozenTrial create_trial(const TrialTemplate& given) {
  if (given.value && !given.values.empty()) {
    throw InvalidArgument("give a trial either value or values, not both");
  }
  FrozenTrial trial;
  trial.state = given.state;
  trial.values = given.value ? std::vector{*given.value} : given.values;
  trial.params = params_of(given);
  for (const auto& [step, value] : given.intermediate_values) trial.intermediate.push_back({step, value});
  trial.user_attrs = given.user_attrs;
  trial.system_attrs = system_attrs_of(given);
  if (given.state != TrialState::kWaiting) trial.datetime_start = now();
  if (is_finished(given.state)) trial.datetime_complete = trial.datetime_start;
  check_trial(trial);
  return trial;
}

void check_trial(const FrozenTrial& trial) {
  check_values(trial);
  for (const Param& param : trial.params) {
    if (!contains(param.distribution, param.value)) {
      throw InvalidArgument(fmt::format("parameter '{}': {} is outside {}", param.name,
                                        format::python_float(param.value), to_json(param.distribution)));
    }
  }
}

}  // namespace tune
