#include "cli/study_file/schema.hpp"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "cli/study_file/command_reader.hpp"
#include "cli/study_file/json_tree.hpp"
#include "cli/study_file/parameter_rules.hpp"
#include "tune/pruners/registry.hpp"
#include "tune/samplers/registry.hpp"

namespace fmnist_tune {
namespace {

using Json = nlohmann::ordered_json;
using tune::OptionKind;
using tune::OptionSpec;

/// `_l0` … `_l999`: what `layer_name` gives.
constexpr const char* kLayerPattern = "_l(0|[1-9][0-9]{0,2})$";

/// All that does not depend on samplers, pruners and objectives.
constexpr const char* kFrame = R"json({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Study file of fmnist-tune",
  "description": "What to search, how, and what to optimise. studies/README.md explains every key.",
  "type": "object",
  "required": ["name", "objectives", "objective", "space"],
  "additionalProperties": false,
  "properties": {
    "$schema": {"type": "string", "minLength": 1, "description": "For editors: the path of this schema."},
    "name": {
      "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^./\\\\\\u0000-\\u001f\\u007f][^/\\\\\\u0000-\\u001f\\u007f]*$",
      "description": "The study's name, without / and \\ and without a dot in front; also the name of its file, NAME.db, unless storage is given."
    },
    "objectives": {
      "type": "array", "minItems": 1, "maxItems": 16,
      "description": "What to optimise; several give a Pareto front (fmnist-tune best-trials) and no pruning.",
      "items": {
        "type": "object", "required": ["metric", "direction"], "additionalProperties": false,
        "properties": {
          "metric": {"type": "string", "minLength": 1, "description": "A number that the objective tells of a trial."},
          "direction": {"enum": ["minimize", "maximize"], "description": "Which values are better."}
        }
      }
    },
    "sampler": {},
    "pruner": {},
    "objective": {},
    "space": {"type": "object", "description": "The parameters to search, by name; {} for none."},
    "fixed": {"type": "object", "description": "Values of parameters that are not searched; those in neither place have their defaults."},
    "points": {
      "type": "array", "maxItems": 100000,
      "description": "Configurations to run first, complete or partial; with sampler none they are the study."
    },
    "replicates": {
      "type": "integer", "minimum": 1, "maximum": 1000, "default": 1,
      "description": "Trials of each configuration, each with a training seed of its own."
    },
    "training_seed": {
      "$ref": "#/definitions/seed",
      "description": "Seed of initial weights, shuffling and dropout; by default it follows the sampler's."
    },
    "constraints": {
      "type": "array", "maxItems": 64,
      "description": "Bounds on what a trial measures; a trial is feasible when all hold.",
      "items": {
        "type": "object", "required": ["metric"], "additionalProperties": false,
        "anyOf": [{"required": ["at_most"]}, {"required": ["at_least"]}],
        "properties": {
          "metric": {"type": "string", "minLength": 1, "description": "A number that the objective tells of a trial."},
          "at_most": {"type": "number", "description": "The trial is feasible up to this value."},
          "at_least": {"type": "number", "description": "The trial is feasible from this value on."}
        }
      }
    },
    "limits": {
      "type": "object", "additionalProperties": false,
      "description": "What ends a trial or the study early; without a key there is no such limit.",
      "properties": {
        "max_trial_seconds": {"type": "number", "exclusiveMinimum": 0, "description": "Seconds after which a trial is stopped, at the next batch; it is PRUNED then, with the value of its last epoch."},
        "max_trial_memory_mib": {"$ref": "#/definitions/count", "description": "Peak of memory, in MiB, that a trial may be estimated to take; one beyond it is PRUNED before it is trained."},
        "max_epoch_gflops": {"type": "number", "exclusiveMinimum": 0, "description": "Billions of floating point operations that an epoch may be estimated to take; a trial beyond it is PRUNED before it is trained."},
        "stagnation": {"$ref": "#/definitions/count", "description": "Trials in a row, by number, without a better value, after which none begins."},
        "failures_in_row": {"$ref": "#/definitions/count", "description": "Failed trials in a row that end the run."}
      }
    },
    "duplicates": {
      "enum": ["allow", "avoid"],
      "description": "Whether a configuration that a trial has may be suggested again or is drawn anew; default: avoid with gp_tpe, else allow."
    },
    "reproducible": {
      "type": "object", "required": ["window"], "additionalProperties": false,
      "description": "Gives the same study for any number of workers up to the window: trial n is suggested from the results of trials up to n - window.",
      "properties": {
        "window": {"$ref": "#/definitions/count", "description": "Most workers, over all processes, that give this study."}
      }
    },
    "storage": {
      "type": "string", "minLength": 1, "default": "NAME.db",
      "description": "File of the study: a path, or an address such as sqlite:///mlp.db; the option --storage goes first."
    }
  },
  "definitions": {
    "seed": {"type": "integer", "minimum": 0, "maximum": 18446744073709551615},
    "count": {"type": "integer", "minimum": 1, "maximum": 9007199254740992},
    "when": {
      "type": "object",
      "description": "The parameter exists only when each of these parameters has one of its values.",
      "additionalProperties": {"type": "array", "minItems": 1, "maxItems": 10000,
                               "items": {"type": ["string", "number", "boolean"]}}
    },
    "repeat": {
      "type": "string", "minLength": 1,
      "description": "The int parameter that counts layers: NAME_l0, NAME_l1, … exist while the layer does."
    }
  }
})json";

Json scalar(const tune::ParamValue& value) {
  return std::visit(
      [](const auto& held) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          return nullptr;
        } else {
          return held;
        }
      },
      value);
}

/// Whole bounds as integers, as a person would write them.
Json bound(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<double>(whole) == value ? Json(whole) : Json(value);
}

Json type_of(const OptionSpec& spec) {
  switch (spec.kind) {
    case OptionKind::kBool:
      return {{"type", "boolean"}};
    case OptionKind::kInt:
      if (!spec.choices.empty()) break;
      return {{"type", "integer"}};
    case OptionKind::kFloat:
      return {{"type", "number"}};
    case OptionKind::kString:
      return {{"type", "string"}};
    case OptionKind::kPruner:
      return {{"$ref", "#/properties/pruner"}};
    case OptionKind::kAny:
      return {{"type", {"boolean", "number", "string"}}};
    case OptionKind::kCommand:
      return {{"type", "array"}, {"minItems", 1}, {"maxItems", kMaxArguments}, {"items", {{"type", "string"}}}};
    case OptionKind::kChoice:
      break;
  }
  Json choices = Json::array();
  for (const tune::ParamValue& choice : spec.choices) choices.push_back(scalar(choice));
  if (spec.kind == OptionKind::kChoice) return {{"enum", choices}};
  // Bounds beside it concern numbers only.
  return {{"anyOf", {{{"type", "integer"}}, {{"enum", choices}}}}};
}

/// A text under "$comment" may stand in every object of a study file.
void allow_comments(Json& schema) {
  if (!schema.is_structured()) return;
  for (Json& part : schema) allow_comments(part);
  if (schema.is_object() && schema.contains("additionalProperties"))
    schema["properties"][std::string(kCommentKey)] = {{"type", "string"}};
}

/// One value of the option, without description and default.
Json value_schema(const OptionSpec& spec) {
  Json schema = type_of(spec);
  if (spec.low) schema[spec.low_excluded ? "exclusiveMinimum" : "minimum"] = bound(*spec.low);
  if (spec.high) schema[spec.high_excluded ? "exclusiveMaximum" : "maximum"] = bound(*spec.high);
  return schema;
}

Json option_schema(const OptionSpec& spec) {
  Json schema = value_schema(spec);
  if (!spec.description.empty()) schema["description"] = spec.description;
  if (!std::holds_alternative<std::monostate>(spec.default_value))
    schema["default"] = scalar(spec.default_value);
  return schema;
}

/// The option is not the one that stands for every name, which no schema lists.
bool has_name(const OptionSpec& spec) {
  return spec.name != tune::kAnyName;
}

/// An object whose `type` decides which other keys there are.
struct Variant {
  std::string type;
  std::string description;
  Json properties;
  Json required = Json::array({"type"});
  bool is_open = false;  ///< Further keys are allowed.
};

Json tagged_union(const std::string& description, const std::vector<Variant>& variants) {
  Json types = Json::array();
  Json branches = Json::array();
  for (const Variant& variant : variants) {
    types.push_back(variant.type);
    Json properties = {{"type", {{"const", variant.type}, {"description", variant.description}}}};
    properties.update(variant.properties);
    Json then = {{"properties", std::move(properties)}};
    if (!variant.is_open) then["additionalProperties"] = false;
    if (variant.required.size() > 1) then["required"] = variant.required;
    branches.push_back({{"if", {{"required", {"type"}}, {"properties", {{"type", {{"const", variant.type}}}}}}},
                        {"then", std::move(then)}});
  }
  return {{"type", "object"},
          {"description", description},
          {"required", {"type"}},
          {"properties", {{"type", {{"enum", types}}}}},
          {"allOf", branches}};
}

Json options_schema(const std::vector<OptionSpec>& specs) {
  Json properties = Json::object();
  for (const OptionSpec& spec : specs) {
    if (has_name(spec)) properties[spec.name] = option_schema(spec);
  }
  return properties;
}

Json sampler_schema() {
  std::vector<Variant> variants;
  for (const tune::SamplerEntry& entry : tune::sampler_registry()) {
    Json properties = {{"seed",
                        {{"type", "integer"},
                         {"minimum", 0},
                         {"maximum", std::numeric_limits<std::uint64_t>::max()},
                         {"default", 0},
                         {"description", "Seed of every random number of the study."}}}};
    properties.update(options_schema(entry.options));
    variants.push_back({entry.name, entry.description, std::move(properties)});
  }
  return tagged_union("How parameters are suggested; default: gp_tpe with seed 0.", variants);
}

Json pruner_schema() {
  std::vector<Variant> variants;
  for (const tune::PrunerEntry& entry : tune::pruner_registry()) {
    Variant variant{entry.name, entry.description, options_schema(entry.options)};
    for (const OptionSpec& spec : entry.options) {
      if (spec.required) variant.required.push_back(spec.name);
    }
    variants.push_back(std::move(variant));
  }
  return tagged_union(
      "Which trials are stopped early; default: median for one objective that is reported every epoch, else "
      "nop.",
      variants);
}

Json objective_schema(const Manifests& manifests) {
  std::vector<Variant> variants;
  for (const tune::ObjectiveManifest* manifest : manifests) {
    Variant variant{manifest->type, "", options_schema(manifest->settings)};
    for (const OptionSpec& spec : manifest->settings) {
      if (spec.required) variant.required.push_back(spec.name);
    }
    variant.is_open = takes_any_name(manifest->settings);
    variants.push_back(std::move(variant));
  }
  return tagged_union("What a trial does, and its settings.", variants);
}

Json metric_schema(const tune::ObjectiveManifest& manifest) {
  Json choices = Json::array();
  for (const tune::MetricSpec& metric : manifest.metrics) {
    Json choice = {{"description", metric.description}};
    if (metric.name != tune::kAnyName) choice["const"] = metric.name;
    choices.push_back(std::move(choice));
  }
  return {{"anyOf", choices}};
}

Json range_variant(const OptionSpec& spec, const Json& common) {
  const bool is_real = spec.kind == OptionKind::kFloat;
  Json bounds = value_schema(spec);
  Json properties = {{"low", bounds},
                     {"high", bounds},
                     {"log",
                      {{"type", "boolean"},
                       {"default", false},
                       {"description", "Uniform in the logarithm; needs low > 0 and excludes step."}}},
                     {"step", is_real ? Json{{"type", "number"}, {"exclusiveMinimum", 0}}
                                      : Json{{"$ref", "#/definitions/count"}}}};
  properties["low"]["description"] = "Least value.";
  properties["high"]["description"] = "Greatest value, itself included.";
  properties["step"]["description"] = "Grid low, low + step, … high; it must divide high - low.";
  properties.update(common);
  return properties;
}

Json choices_variant(const OptionSpec& spec, const Json& common) {
  Json properties = {{"choices",
                      {{"type", "array"},
                       {"minItems", 1},
                       {"maxItems", kMaxChoices},
                       {"uniqueItems", true},
                       {"items", value_schema(spec)},
                       {"description", "The values, none twice; their order means nothing."}}}};
  properties.update(common);
  return properties;
}

OptionSpec as(OptionKind kind, OptionSpec spec) {
  spec.kind = kind;
  return spec;
}

/// A parameter of the space: a range where it is a number, or a list of choices.
Json space_parameter_schema(const OptionSpec& spec, bool repeats) {
  Json common = {{"when", {{"$ref", "#/definitions/when"}}}};
  if (repeats) common["repeat"] = {{"$ref", "#/definitions/repeat"}};
  std::vector<Variant> variants;
  const bool is_any = spec.kind == OptionKind::kAny;
  if (spec.kind == OptionKind::kFloat || is_any)
    variants.push_back({"float", "A real number.", range_variant(as(OptionKind::kFloat, spec), common)});
  if (spec.kind == OptionKind::kInt || is_any)
    variants.push_back({"int", "An integer.", range_variant(as(OptionKind::kInt, spec), common)});
  variants.push_back({"categorical", "One of a list.", choices_variant(spec, common)});
  Json schema = tagged_union(spec.description, variants);
  for (Json& branch : schema["allOf"]) {
    const bool is_list = branch["then"]["properties"].contains("choices");
    branch["then"]["required"] = is_list ? Json{"choices"} : Json{"low", "high"};
  }
  return schema;
}

/// An object with a member a parameter, layers included.
template <typename SchemaOf>
Json by_parameter(const tune::ObjectiveManifest& manifest, SchemaOf&& schema_of) {
  Json properties = Json::object();
  Json patterns = Json::object();
  Json others = false;
  for (const OptionSpec& spec : manifest.parameters) {
    if (!has_name(spec)) {
      others = schema_of(spec, true);
      continue;
    }
    properties[spec.name] = schema_of(spec, spec.per_layer);
    if (spec.per_layer) patterns["^" + spec.name + kLayerPattern] = schema_of(spec, false);
  }
  return {{"type", "object"},
          {"additionalProperties", others},
          {"properties", properties},
          {"patternProperties", patterns}};
}

/// What the objective's type says of the keys beside it.
Json objective_branch(const tune::ObjectiveManifest& manifest) {
  const auto value = [](const OptionSpec& spec, bool) { return option_schema(spec); };
  const Json type = {{"required", {"type"}}, {"properties", {{"type", {{"const", manifest.type}}}}}};
  const Json condition = {{"required", {"objective"}}, {"properties", {{"objective", type}}}};
  const Json metrics = {{"items", {{"properties", {{"metric", metric_schema(manifest)}}}}}};
  Json keys = {{"objectives", metrics},
               {"constraints", runs_programs(manifest) ? Json{{"maxItems", 0}} : metrics},
               {"space", by_parameter(manifest, space_parameter_schema)},
               {"fixed", by_parameter(manifest, value)},
               {"points", {{"items", by_parameter(manifest, value)}}}};
  return {{"if", condition}, {"then", {{"properties", std::move(keys)}}}};
}

}  // namespace

std::string study_schema(const Manifests& manifests) {
  Json schema = Json::parse(kFrame);
  Json& properties = schema["properties"];
  properties["sampler"] = sampler_schema();
  properties["pruner"] = pruner_schema();
  properties["objective"] = objective_schema(manifests);
  schema["allOf"] = Json::array();
  for (const tune::ObjectiveManifest* manifest : manifests)
    schema["allOf"].push_back(objective_branch(*manifest));
  allow_comments(schema);
  schema["properties"][std::string(kCommentKey)]["description"] =
      "A text for people, in any object of the file; changing it changes nothing.";
  return schema.dump(2) + "\n";
}

}  // namespace fmnist_tune
