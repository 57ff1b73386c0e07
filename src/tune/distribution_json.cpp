#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tune/distribution.hpp"
#include "tune/error.hpp"
#include "tune/format/python_json.hpp"

// Optuna's JSON form of distributions (optuna.distributions.distribution_to_json), key order included.
namespace tune {
namespace {

using nlohmann::json;

const char* json_bool(bool value) {
  return value ? "true" : "false";
}

std::string write(const FloatDistribution& d) {
  return fmt::format(
      R"({{"name": "FloatDistribution", "attributes": {{"step": {}, "low": {}, "high": {}, "log": {}}}}})",
      d.step ? format::python_float(*d.step) : "null", format::python_float(d.low),
      format::python_float(d.high), json_bool(d.log));
}

std::string write(const IntDistribution& d) {
  return fmt::format(
      R"({{"name": "IntDistribution", "attributes": {{"log": {}, "step": {}, "low": {}, "high": {}}}}})",
      json_bool(d.log), d.step, d.low, d.high);
}

std::string write(const CategoricalDistribution& d) {
  std::string choices;
  for (const auto& choice : d.choices) choices += (choices.empty() ? "" : ", ") + to_json(choice);
  return fmt::format(R"({{"name": "CategoricalDistribution", "attributes": {{"choices": [{}]}}}})", choices);
}

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  constexpr std::size_t kShown = 200;
  throw FormatError(fmt::format("not a distribution ({}): {}", why, text.substr(0, kShown)));
}

ParamValue choice_from_json(const json& node, std::string_view text) {
  if (node.is_null()) return std::monostate{};
  if (node.is_boolean()) return node.get<bool>();
  if (node.is_number_unsigned() && node.get<std::uint64_t>() > INT64_MAX) return node.get<double>();
  if (node.is_number_integer()) return node.get<std::int64_t>();
  if (node.is_number_float()) return node.get<double>();
  if (node.is_string()) return node.get<std::string>();
  refuse(text, "a choice must be null, a truth value, a number or a string");
}

const json& member(const json& attributes, const char* key, std::string_view text) {
  const auto found = attributes.find(key);
  if (found == attributes.end()) refuse(text, fmt::format("'{}' is missing", key));
  return *found;
}

double number(const json& attributes, const char* key, std::string_view text) {
  const json& node = member(attributes, key, text);
  if (!node.is_number()) refuse(text, fmt::format("'{}' must be a number", key));
  return node.get<double>();
}

std::int64_t integer(const json& attributes, const char* key, std::string_view text) {
  const json& node = member(attributes, key, text);
  if (!node.is_number_integer() || (node.is_number_unsigned() && node.get<std::uint64_t>() > INT64_MAX)) {
    refuse(text, fmt::format("'{}' must be an integer", key));
  }
  return node.get<std::int64_t>();
}

bool flag(const json& attributes, const char* key, bool fallback, std::string_view text) {
  const auto found = attributes.find(key);
  if (found == attributes.end()) return fallback;
  if (!found->is_boolean()) refuse(text, fmt::format("'{}' must be true or false", key));
  return found->get<bool>();
}

/// Optuna hands every attribute to a constructor, which knows no others.
void check_keys(const json& attributes, const std::set<std::string_view>& known, std::string_view text) {
  for (const auto& [key, value] : attributes.items()) {
    if (!known.contains(key)) refuse(text, fmt::format("'{}' is unknown", key));
  }
}

FloatDistribution read_float(const json& attributes, std::string_view text) {
  FloatDistribution d{number(attributes, "low", text), number(attributes, "high", text),
                      flag(attributes, "log", false, text), std::nullopt};
  if (const auto step = attributes.find("step"); step != attributes.end() && !step->is_null()) {
    d.step = number(attributes, "step", text);
  }
  return d;
}

IntDistribution read_int(const json& attributes, std::string_view text) {
  return {integer(attributes, "low", text), integer(attributes, "high", text),
          flag(attributes, "log", false, text),
          attributes.contains("step") ? integer(attributes, "step", text) : 1};
}

CategoricalDistribution read_categorical(const json& attributes, std::string_view text) {
  check_keys(attributes, {"choices"}, text);
  const json& choices = member(attributes, "choices", text);
  if (!choices.is_array() || choices.empty()) refuse(text, "'choices' must be a list that is not empty");
  std::vector<ParamValue> values;
  for (const auto& node : choices) values.push_back(choice_from_json(node, text));
  return {std::move(values)};
}

/// `name` and `attributes` of a distribution; Optuna 2 had six kinds, three of them under other names.
Distribution read(const std::string& name, const json& attributes, std::string_view text) {
  if (name == "FloatDistribution" || name == "IntDistribution") {
    check_keys(attributes, {"low", "high", "log", "step"}, text);
    if (name == "FloatDistribution") return read_float(attributes, text);
    return read_int(attributes, text);
  }
  if (name == "CategoricalDistribution") return read_categorical(attributes, text);
  if (name == "UniformDistribution") return read_float(attributes, text);
  if (name == "LogUniformDistribution" || name == "IntLogUniformDistribution") {
    json with_log = attributes;
    with_log["log"] = true;
    if (name == "LogUniformDistribution") return read_float(with_log, text);
    return read_int(with_log, text);
  }
  if (name == "DiscreteUniformDistribution") {
    FloatDistribution d = read_float(attributes, text);
    d.step = number(attributes, "q", text);
    return d;
  }
  if (name == "IntUniformDistribution") return read_int(attributes, text);
  refuse(text, fmt::format("unknown kind '{}'", name));
}

}  // namespace

std::string to_json(const Distribution& distribution) {
  return std::visit([](const auto& d) { return write(d); }, distribution);
}

Distribution distribution_from_json(std::string_view text) {
  const json node = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!node.is_object()) refuse(text, "expected a JSON object");
  const json& name = member(node, "name", text);
  const json& attributes = member(node, "attributes", text);
  if (!name.is_string()) refuse(text, "'name' must be a string");
  if (!attributes.is_object()) refuse(text, "'attributes' must be an object");
  const Distribution distribution = read(name.get<std::string>(), attributes, text);
  // Optuna accepts equal choices, so a stored list is taken as it is.
  if (std::holds_alternative<CategoricalDistribution>(distribution)) return distribution;
  try {
    return validated(distribution);
  } catch (const InvalidArgument& error) {
    refuse(text, error.what());
  }
}

}  // namespace tune
