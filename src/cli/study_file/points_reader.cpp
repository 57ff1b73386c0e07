#include <fmt/core.h>

#include <map>
#include <optional>

#include "cli/study_file/domain.hpp"
#include "cli/study_file/parameter_rules.hpp"
#include "cli/study_file/space_reader.hpp"
#include "cli/study_file/study_config.hpp"

namespace fmnist_tune {
namespace {

using tune::ParamValue;

bool is_broken(const SpaceReading& reading, const std::string& name) {
  const std::optional<std::string> base = name_without_layer(name);
  return reading.broken.contains(name) || (base && reading.broken.contains(*base));
}

void complain_not_in_space(const Place& object, const Member& member, const SpaceReading& reading,
                           const tune::ObjectiveManifest& manifest) {
  if (is_broken(reading, member.key) || object.has_enough_complaints()) return;
  std::vector<std::string> names;
  for (const tune::ParameterDeclaration& declaration : reading.space.parameters()) {
    names.push_back(declaration.name);
  }
  const std::string list = names.empty() ? "one, but the space has none" : listed(names);
  std::string hint = did_you_mean(member.key, names);
  if (const std::string layer = layer_name(member.key, 0); reading.space.find(layer) != nullptr) {
    hint = fmt::format(" (did you mean \"{}\"?)", layer);
  } else if (find_parameter(manifest, member.key) != nullptr && !takes_any_name(manifest.parameters)) {
    hint = ", which the space does not name";
  }
  object.complain_about_key(member, "a parameter of the space: " + list, describe_text(member.key) + hint);
}

/// What the node is among the parameter's values; a number may be written with a point or without.
std::optional<ParamValue> value_of(const tune::Distribution& distribution, const Node& node) {
  std::vector<ParamValue> readings;
  if (node.is_scalar()) readings.push_back(node.scalar());
  if (node.is_number()) readings.emplace_back(node.real);
  if (const std::optional<std::int64_t> whole = whole_number(node)) readings.emplace_back(*whole);
  for (ParamValue& reading : readings)
    if (is_value_of(distribution, reading)) return std::move(reading);
  return std::nullopt;
}

std::optional<ParamValue> read_value(const Place& place, const tune::ParameterDeclaration& declaration) {
  if (std::optional<ParamValue> value = value_of(declaration.distribution, place.node())) return value;
  const bool is_choice = std::holds_alternative<tune::CategoricalDistribution>(declaration.distribution);
  place.complain((is_choice ? "a value of " : "a value ") + domain_text(declaration.distribution));
  return std::nullopt;
}

const std::string& parent_of(const tune::Condition& condition) {
  return std::visit([](const auto& kind) -> const std::string& { return kind.parent; }, condition);
}

std::string text_of(const tune::WhenOneOf& condition) {
  return fmt::format("{} to be {}", condition.parent,
                     domain_text(tune::CategoricalDistribution{condition.values}));
}

std::string text_of(const tune::WhenAtLeast& condition) {
  return fmt::format("{} to be at least {}", condition.parent, condition.minimum);
}

/// The first condition that the point itself breaks. A parent that the point leaves open may still come out
/// right, unless it cannot exist either.
const tune::Condition* broken_condition(const tune::ParameterDeclaration& declaration,
                                        const tune::ParamValues& point,
                                        const std::set<std::string_view>& absent) {
  for (const tune::Condition& condition : declaration.conditions) {
    if (absent.contains(parent_of(condition))) return &condition;
    if (!point.contains(parent_of(condition))) continue;
    if (!tune::SearchSpace::is_active({declaration.name, declaration.distribution, {condition}}, point)) {
      return &condition;
    }
  }
  return nullptr;
}

void check_conditions(const Place& object, const tune::ParamValues& point, const tune::SearchSpace& space) {
  if (point.empty()) return;
  std::set<std::string_view> absent;
  for (const tune::ParameterDeclaration& declaration : space.parameters()) {
    const tune::Condition* broken = broken_condition(declaration, point, absent);
    if (broken == nullptr) continue;
    absent.insert(declaration.name);
    if (!point.contains(declaration.name)) continue;
    const std::string needs = std::visit([](const auto& kind) { return text_of(kind); }, *broken);
    const Place place = *object.member(declaration.name);
    place.complain(fmt::format("no {} here, because it needs {}", declaration.name, needs));
  }
}

/// What a study that keeps no study file may be given: all there is to check are the parameters it has had.
tune::ParamValues read_open_point(const Place& object, const tune::SearchSpace& known) {
  tune::ParamValues point;
  if (!object.is_object()) return point;
  for (const Member& member : object.node().members) {
    const Place place = object.at(member);
    if (const tune::ParameterDeclaration* declaration = known.find(member.key)) {
      if (auto value = read_value(place, *declaration)) point.emplace(member.key, std::move(*value));
    } else if (member.value.is_scalar()) {
      point.emplace(member.key, member.value.scalar());
    } else {
      place.complain("null, a truth value, a number or a string");
    }
  }
  return point;
}

/// Reads a text that is one point or a list of them.
template <typename ReadPoint>
std::vector<tune::ParamValues> points_in(std::string_view text, std::string_view source, ReadPoint read) {
  std::vector<Complaint> complaints;
  std::vector<tune::ParamValues> points;
  if (const std::optional<Node> tree = parse_json(text, complaints)) {
    const Place root(*tree, "", complaints);
    if (tree->kind != Node::Kind::kList) {
      points.push_back(read(root));
    } else if (root.is_list(kMaxPoints)) {
      for (std::size_t i = 0; i < tree->items.size(); ++i) points.push_back(read(root.item(i)));
    }
  }
  if (!complaints.empty()) throw StudyFileError(source, std::move(complaints));
  return points;
}

tune::ParamValues read_point(const Place& object, const SpaceReading& reading,
                             const tune::ObjectiveManifest& manifest) {
  tune::ParamValues point;
  if (!object.is_object()) return point;
  for (const Member& member : object.node().members) {
    const tune::ParameterDeclaration* declaration = reading.space.find(member.key);
    if (declaration == nullptr) {
      complain_not_in_space(object, member, reading, manifest);
    } else if (auto value = read_value(object.at(member), *declaration)) {
      point.emplace(member.key, std::move(*value));
    }
  }
  check_conditions(object, point, reading.space);
  return point;
}

}  // namespace

tune::ParamValues read_fixed(const Place& object, const tune::ObjectiveManifest& manifest) {
  tune::ParamValues fixed;
  if (!object.is_object()) return fixed;
  for (const Member& member : object.node().members) {
    const tune::OptionSpec* spec = find_parameter(manifest, member.key);
    if (spec == nullptr) {
      complain_unknown_parameter(object, member, manifest);
    } else if (auto value = read_option(object.at(member), *spec)) {
      fixed.emplace(member.key, std::move(*value));
    }
  }
  return fixed;
}

void check_fixed_against_space(const Place& fixed, const Place& space, const SpaceReading& reading) {
  for (const Member& member : fixed.node().members) {
    if (space.node().find(member.key) == nullptr && reading.space.find(member.key) == nullptr) continue;
    fixed.complain_about_key(member, "a parameter that the space does not name",
                             describe_text(member.key) + " in both");
  }
}

std::vector<tune::ParamValues> read_points(const Place& list, const SpaceReading& reading,
                                           const tune::ObjectiveManifest& manifest) {
  std::vector<tune::ParamValues> points;
  if (!list.is_list(kMaxPoints)) return points;
  for (std::size_t i = 0; i < list.node().items.size(); ++i) {
    points.push_back(read_point(list.item(i), reading, manifest));
  }
  return points;
}

std::vector<tune::ParamValues> parse_points(std::string_view text, std::string_view source,
                                            const StudyConfig& config, const Manifests& manifests) {
  const SpaceReading reading{config.space, {}};
  const tune::ObjectiveManifest& manifest = manifest_of(manifests, config.objective.type);
  return points_in(text, source, [&](const Place& point) { return read_point(point, reading, manifest); });
}

std::vector<tune::ParamValues> parse_points(std::string_view text, std::string_view source,
                                            const tune::SearchSpace& known) {
  return points_in(text, source, [&](const Place& point) { return read_open_point(point, known); });
}

}  // namespace fmnist_tune
