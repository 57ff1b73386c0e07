#pragma once

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "tune/frozen_trial.hpp"

/// Reads the reference data in tests/data/golden (how it was made: README.md there).
namespace tune::testing {

inline nlohmann::json load_golden(const std::string& name) {
  std::ifstream file(std::string(TUNE_TEST_DATA_DIR) + "/golden/" + name);
  if (!file) {
    throw std::runtime_error("no such reference data: " + name);
  }
  return nlohmann::json::parse(file);
}

/// A number; non-finite ones are texts in the data.
inline double golden_number(const nlohmann::json& json) {
  if (json.is_number()) {
    return json.get<double>();
  }
  const auto text = json.get<std::string>();
  if (text == "NaN") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return text == "Infinity" ? std::numeric_limits<double>::infinity()
                            : -std::numeric_limits<double>::infinity();
}

inline std::vector<double> golden_numbers(const nlohmann::json& json) {
  std::vector<double> numbers;
  for (const auto& item : json) {
    numbers.push_back(golden_number(item));
  }
  return numbers;
}

inline Distribution golden_distribution(const nlohmann::json& json) {
  const auto type = json.at("type").get<std::string>();
  if (type == "categorical") {
    std::vector<ParamValue> choices;
    for (std::size_t i = 0; i < json.at("n_choices").get<std::size_t>(); ++i) {
      choices.emplace_back("choice " + std::to_string(i));
    }
    return CategoricalDistribution{std::move(choices)};
  }
  if (type == "int") {
    return IntDistribution{json.at("low").get<std::int64_t>(), json.at("high").get<std::int64_t>(),
                           json.at("log").get<bool>(), json.at("step").get<std::int64_t>()};
  }
  FloatDistribution number{
      json.at("low").get<double>(), json.at("high").get<double>(), json.at("log").get<bool>(), {}};
  if (!json.at("step").is_null()) {
    number.step = json.at("step").get<double>();
  }
  return number;
}

inline Direction golden_direction(const std::string& text) {
  return text == "maximize" ? Direction::kMaximize : Direction::kMinimize;
}

/// |a − b| ≤ tolerance · max(1, |b|), or both the same infinity or both NaN.
inline bool close(double actual, double expected, double tolerance) {
  if (std::isnan(expected) || std::isinf(expected)) {
    return std::isnan(expected) ? std::isnan(actual) : actual == expected;
  }
  return std::abs(actual - expected) <= tolerance * std::max(1.0, std::abs(expected));
}

}  // namespace tune::testing
