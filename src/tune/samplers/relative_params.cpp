#include "tune/samplers/relative_params.hpp"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "tune/error.hpp"
#include "tune/format/param_json.hpp"
#include "tune/format/python_json.hpp"

namespace tune::samplers {
namespace {

constexpr std::string_view kKeyPrefix = "tpe:relative_params:";
constexpr std::size_t kChunkLength = 2045;  // Optuna's limit for one attribute in its SQL storage.

std::string chunk_key(std::size_t index) {
  return std::string(kKeyPrefix) + std::to_string(index);
}

std::string to_json_object(const ParamValues& params) {
  std::string text = "{";
  for (const auto& [name, value] : params) {
    text += text.size() > 1 ? ", " : "";
    text += to_json(ParamValue(name)) + ": " + to_json(value);
  }
  return text + "}";
}

std::string joined_chunks(const Attributes& attributes) {
  std::string text;
  for (std::size_t i = 0;; ++i) {
    const auto found = attributes.find(chunk_key(i));
    if (found == attributes.end()) {
      return text;
    }
    const auto chunk = nlohmann::json::parse(found->second, nullptr, false);
    if (!chunk.is_string()) {
      return text;
    }
    text += chunk.get<std::string>();
  }
}

}  // namespace

Attributes relative_params_attributes(const ParamValues& params) {
  Attributes attributes;
  const std::string text = to_json_object(params);
  for (std::size_t begin = 0; begin < text.size(); begin += kChunkLength) {
    attributes.emplace(chunk_key(begin / kChunkLength), to_json(ParamValue(text.substr(begin, kChunkLength))));
  }
  return attributes;
}

ParamValues relative_params(const Attributes& attributes) {
  ParamValues params;
  const std::string text = joined_chunks(attributes);
  if (text.empty()) {
    return params;
  }
  const auto object = format::parse_python_json(text);
  if (!object.is_object()) {
    return params;
  }
  for (const auto& [name, value] : object.items()) {
    if (!value.is_structured()) {
      params.emplace(name, format::param_value_from(value));
    }
  }
  return params;
}

std::optional<double> decided_value(const ParamValues& decided, std::string_view name,
                                    const Distribution& distribution) {
  const auto found = decided.find(name);
  if (found == decided.end()) {
    return std::nullopt;
  }
  try {
    return to_internal(distribution, found->second);
  } catch (const InvalidArgument&) {
    return std::nullopt;  // Announced for another distribution: the trial tells nothing about this one.
  }
}

}  // namespace tune::samplers
