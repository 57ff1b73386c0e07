#include "tune/format/constraint_json.hpp"

#include <fmt/format.h>

#include <cmath>

#include "tune/error.hpp"
#include "tune/format/python_json.hpp"
#include "tune/frozen_trial.hpp"

namespace tune::format {

std::string constraint_key(std::string_view name) {
  return fmt::format("{}:{}", kConstraintsKey, name);
}

std::string constraint_json(std::string_view name, double value) {
  if (std::isnan(value)) throw InvalidArgument(fmt::format("constraint '{}' must not be NaN", name));
  return python_float(value);
}

}  // namespace tune::format
