#include "tune/pruners/registry.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tune/error.hpp"
#include "tune/format/python_json.hpp"
#include "tune/pruners/hyperband.hpp"
#include "tune/pruners/median.hpp"
#include "tune/pruners/nop.hpp"
#include "tune/pruners/patient.hpp"
#include "tune/pruners/percentile.hpp"
#include "tune/pruners/successive_halving.hpp"
#include "tune/pruners/threshold.hpp"
#include "tune/pruners/wilcoxon.hpp"

namespace tune {
namespace {

using Options = std::map<std::string, ParamValue, std::less<>>;

// Whether that option of the pruner is itself a pruner.
bool is_pruner(std::string_view name, std::string_view option) {
  const auto& entries = pruner_registry();
  return std::any_of(entries.begin(), entries.end(), [&](const PrunerEntry& entry) {
    return entry.name == name && std::any_of(entry.options.begin(), entry.options.end(), [&](const auto& spec) {
             return spec.name == option && spec.kind == OptionKind::kPruner;
           });
  });
}

ParamValue option_value(const nlohmann::json& value) {
  switch (value.type()) {
    case nlohmann::json::value_t::boolean:
      return value.get<bool>();
    case nlohmann::json::value_t::number_integer:
    case nlohmann::json::value_t::number_unsigned:
      return value.get<std::int64_t>();
    case nlohmann::json::value_t::number_float:
      return value.get<double>();
    case nlohmann::json::value_t::string:
      return value.get<std::string>();
    default:
      return std::monostate{};  // Which no option takes.
  }
}

}  // namespace

const std::vector<PrunerEntry>& pruner_registry() {
  static const std::vector<PrunerEntry> entries{
      median_pruner_entry(),    percentile_pruner_entry(), successive_halving_pruner_entry(),
      hyperband_pruner_entry(), threshold_pruner_entry(),  patient_pruner_entry(),
      wilcoxon_pruner_entry(),  nop_pruner_entry()};
  return entries;
}

std::shared_ptr<const Pruner> make_pruner(std::string_view name,
                                          const std::map<std::string, ParamValue, std::less<>>& options) {
  std::string known;
  for (const PrunerEntry& entry : pruner_registry()) {
    if (entry.name == name) {
      return entry.make(with_defaults(entry.options, options));
    }
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw InvalidArgument("unknown pruner \"" + std::string(name) + "\"; known pruners: " + known);
}

std::string pruner_to_json(std::string_view name, const Options& options) {
  std::string text = "{\"type\": " + format::python_string(name);
  for (const auto& [option, value] : options) {
    const auto* wrapped = is_pruner(name, option) ? std::get_if<std::string>(&value) : nullptr;
    text += ", " + format::python_string(option) + ": " + (wrapped != nullptr ? *wrapped : to_json(value));
  }
  return text + "}";
}

std::shared_ptr<const Pruner> make_pruner_from_json(std::string_view json) {
  const auto object = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  const auto type = object.is_object() ? object.find("type") : object.end();
  if (!object.is_object() || type == object.end() || !type->is_string()) {
    throw InvalidArgument("expected an object with the type of a pruner and its options, found " +
                          std::string(json));
  }
  const auto name = type->get<std::string>();
  Options options;
  for (const auto& [option, value] : object.items()) {
    if (option != "type") {
      options.emplace(option, is_pruner(name, option) ? ParamValue(value.dump()) : option_value(value));
    }
  }
  return make_pruner(name, options);
}

}  // namespace tune
