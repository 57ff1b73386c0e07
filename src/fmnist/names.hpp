#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmnist/params.hpp"

/// The names that stand in study files for the values of an enumeration: one table each, from which values are
/// read, choices listed and refusals written.
namespace fmnist {

template <typename Value>
using Names = std::vector<std::pair<std::string, Value>>;

template <typename Value>
[[nodiscard]] std::vector<tune::ParamValue> choices_of(const Names<Value>& names) {
  std::vector<tune::ParamValue> choices;
  for (const auto& [name, value] : names) choices.emplace_back(name);
  return choices;
}

/// The value that a trial's parameter names. Throws InvalidArgument that lists the names when it is another
/// one.
template <typename Value>
[[nodiscard]] Value get_named(const tune::ParamValues& params, std::string_view parameter,
                              const Names<Value>& names) {
  const std::string& found = get_string(params, parameter);
  for (const auto& [name, value] : names) {
    if (name == found) return value;
  }
  refuse_name(parameter, choices_of(names), found);
}

template <typename Value>
[[nodiscard]] std::string_view name_of(Value wanted, const Names<Value>& names) {
  for (const auto& [name, value] : names) {
    if (value == wanted) return name;
  }
  return {};
}

}  // namespace fmnist
