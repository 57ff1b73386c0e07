#include "tune/format/param_json.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>

#include "tune/error.hpp"
#include "tune/format/python_json.hpp"

namespace tune::format {
ParamValue param_value_from(const nlohmann::ordered_json& node) {
  if (node.is_null()) return std::monostate{};
  if (node.is_boolean()) return node.get<bool>();
  if (node.is_number_unsigned() && node.get<std::uint64_t>() > INT64_MAX) return node.get<double>();
  if (node.is_number_integer()) return node.get<std::int64_t>();
  if (node.is_number_float()) return node.get<double>();
  if (node.is_string()) return node.get<std::string>();
  throw FormatError("a parameter must be null, a truth value, a number or a string, found " +
                    std::string(node.is_array() ? "a list" : "an object"));
}

std::string params_to_json(const ParamValues& values) {
  std::string text;
  for (const auto& [name, value] : values) {
    text += (text.empty() ? "" : ", ") + python_string(name) + ": " + to_json(value);
  }
  return "{" + text + "}";
}

ParamValues params_from_json(std::string_view text) {
  const auto node = parse_python_json(text);
  if (!node.is_object()) throw FormatError("parameters must be a JSON object, found " + std::string(text));
  ParamValues values;
  for (const auto& [name, value] : node.items()) values.emplace(name, param_value_from(value));
  return values;
}

ParamValues queued_params(const Attributes& system_attrs) {
  const auto fixed = system_attrs.find(kFixedParamsKey);
  return fixed == system_attrs.end() ? ParamValues{} : params_from_json(fixed->second);
}

}  // namespace tune::format
