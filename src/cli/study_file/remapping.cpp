#include "cli/study_file/remapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/study_file/domain.hpp"
#include "tune/error.hpp"
#include "tune/format/param_json.hpp"

namespace fmnist_tune {
namespace {

using tune::FrozenTrial;
using tune::ParamValue;
using tune::ParamValues;

/// What a trial must have besides its parameters, and what speaks of other trials or of the old space.
constexpr const char* kOfTheOldStudy[] = {"tune:suggestion", "grid_id", "search_space"};

/// The value as the other distribution's kind writes it: 16.0 is an integer there, 1 a number.
ParamValue of_kind(const tune::Distribution& distribution, const ParamValue& value) {
  const auto* integer = std::get_if<std::int64_t>(&value);
  const auto* real = std::get_if<double>(&value);
  if (integer != nullptr && std::holds_alternative<tune::FloatDistribution>(distribution)) {
    return static_cast<double>(*integer);
  }
  constexpr double kLargestExact = 9007199254740992.0;
  if (real != nullptr && std::holds_alternative<tune::IntDistribution>(distribution) &&
      *real == std::floor(*real) && std::abs(*real) <= kLargestExact) {
    return static_cast<std::int64_t>(*real);
  }
  return value;
}

/// Values under the new space, or why there are none.
struct Placed {
  ParamValues values;
  std::string objection;
};

Placed placed(const ParamValues& values, const tune::SearchSpace& space) {
  Placed result;
  for (const auto& [name, value] : values) {
    const tune::ParameterDeclaration* declared = space.find(name);
    if (declared == nullptr) return {{}, fmt::format("{} is not searched any more", name)};
    ParamValue fitting = of_kind(declared->distribution, value);
    if (!is_value_of(declared->distribution, fitting)) {
      return {
          {},
          fmt::format("{} = {} is not {}", name, tune::to_text(value), domain_text(declared->distribution))};
    }
    result.values.emplace(name, std::move(fitting));
  }
  return result;
}

/// The first parameter that a trial with these values has too much or too little.
std::string objection_to_set(const ParamValues& values, const StudyConfig& config) {
  ParamValues decided = config.fixed;
  decided.insert(values.begin(), values.end());
  for (const auto& declaration : config.space.parameters()) {
    const bool is_there = values.contains(declaration.name);
    if (tune::SearchSpace::is_active(declaration, decided) == is_there) continue;
    return is_there ? fmt::format("{} does not exist there with its other values", declaration.name)
                    : fmt::format("it has no {}", declaration.name);
  }
  return {};
}

ParamValues external_values(const FrozenTrial& trial) {
  ParamValues values;
  for (const tune::Param& param : trial.params) values.emplace(param.name, param.external());
  return values;
}

std::string remap_queued(FrozenTrial& trial, const StudyConfig& config) {
  const auto found = trial.system_attrs.find(tune::kFixedParamsKey);
  if (found == trial.system_attrs.end()) return {};
  const Placed fixed = placed(tune::format::params_from_json(found->second), config.space);
  if (fixed.objection.empty()) found->second = tune::format::params_to_json(fixed.values);
  return fixed.objection;
}

std::string remap_params(FrozenTrial& trial, const StudyConfig& config) {
  const Placed found = placed(external_values(trial), config.space);
  if (!found.objection.empty()) return found.objection;
  if (std::string objection = objection_to_set(found.values, config); !objection.empty()) return objection;
  trial.params.clear();
  for (const auto& declaration : config.space.parameters()) {
    const auto value = found.values.find(declaration.name);
    if (value == found.values.end()) continue;
    trial.params.push_back({declaration.name, tune::to_internal(declaration.distribution, value->second),
                            declaration.distribution});
  }
  return {};
}

std::string origin_json(const FrozenTrial& trial, std::optional<std::uint64_t> seed) {
  nlohmann::json origin{{"number", trial.number.value}};
  if (seed) origin["seed"] = *seed;
  return origin.dump();
}

/// Changes the trial; says why it cannot be.
std::string remap(FrozenTrial& trial, const StudyConfig& config, std::optional<std::uint64_t> seed) {
  for (const char* key : kOfTheOldStudy) trial.system_attrs.erase(key);
  // Of a copy's copy the first study counts.
  if (is_finished(trial.state)) trial.system_attrs.emplace(kCopiedFromKey, origin_json(trial, seed));
  return trial.state == tune::TrialState::kWaiting ? remap_queued(trial, config) : remap_params(trial, config);
}

}  // namespace

Remapping remap_trials(const std::vector<FrozenTrial>& trials, const StudyConfig& config,
                       std::optional<std::uint64_t> seed) {
  Remapping result;
  const auto group_size = static_cast<std::size_t>(config.replicates);
  for (std::size_t first = 0; first < trials.size(); first += group_size) {
    const std::size_t end = std::min(first + group_size, trials.size());
    std::vector<FrozenTrial> group(trials.begin() + static_cast<std::ptrdiff_t>(first),
                                   trials.begin() + static_cast<std::ptrdiff_t>(end));
    std::string objection;
    for (FrozenTrial& trial : group) {
      if (objection.empty()) objection = remap(trial, config, seed);
    }
    for (FrozenTrial& trial : group) {
      if (!objection.empty()) {
        result.left_out.push_back({trial.number, objection});
        continue;
      }
      trial.number = tune::TrialNumber{static_cast<std::int64_t>(result.trials.size())};
      result.trials.push_back(std::move(trial));
    }
  }
  return result;
}

std::optional<CopiedFrom> copied_from(const FrozenTrial& trial) {
  const auto found = trial.system_attrs.find(kCopiedFromKey);
  if (found == trial.system_attrs.end()) return std::nullopt;
  const auto origin = nlohmann::json::parse(found->second, nullptr, false);
  const auto natural = [&](const char* key) {
    const auto member = origin.find(key);
    return member != origin.end() && member->is_number_unsigned() ? std::optional(member->get<std::uint64_t>())
                                                                  : std::nullopt;
  };
  const auto number = origin.is_object() ? natural("number") : std::nullopt;
  if (!number) return std::nullopt;
  return CopiedFrom{*number, natural("seed")};
}

}  // namespace fmnist_tune
