#include "cli/study_file/parameter_rules.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace fmnist_tune {
namespace {

constexpr std::string_view kLayerMark = "_l";
constexpr std::string_view kExpected = "expected ";

std::vector<std::string> choice_texts(const tune::OptionSpec& spec) {
  std::vector<std::string> texts;
  for (const tune::ParamValue& choice : spec.choices) texts.push_back(tune::to_text(choice));
  return texts;
}

}  // namespace

const tune::OptionSpec* find_spec(const std::vector<tune::OptionSpec>& specs, std::string_view name) {
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [name](const tune::OptionSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

bool takes_any_name(const std::vector<tune::OptionSpec>& specs) {
  return find_spec(specs, tune::kAnyName) != nullptr;
}

std::vector<std::string> names_of(const std::vector<tune::OptionSpec>& specs) {
  std::vector<std::string> names;
  for (const tune::OptionSpec& spec : specs) names.push_back(spec.name);
  return names;
}

const tune::OptionSpec* find_parameter(const tune::ObjectiveManifest& manifest, std::string_view name) {
  if (const tune::OptionSpec* exact = find_spec(manifest.parameters, name)) return exact;
  const std::optional<std::string> base = name_without_layer(name);
  const tune::OptionSpec* spec = base ? find_spec(manifest.parameters, *base) : nullptr;
  if (spec != nullptr && spec->per_layer) return spec;
  return is_parameter_name(name) ? find_spec(manifest.parameters, tune::kAnyName) : nullptr;
}

bool is_parameter_name(std::string_view name) {
  const auto is_bad = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  return !name.empty() && name.size() <= kMaxNameBytes && std::none_of(name.begin(), name.end(), is_bad);
}

std::string layer_name(std::string_view name, std::int64_t layer) {
  return fmt::format("{}{}{}", name, kLayerMark, layer);
}

std::optional<std::string> name_without_layer(std::string_view name) {
  const std::size_t mark = name.rfind(kLayerMark);
  if (mark == std::string_view::npos || mark == 0) return std::nullopt;
  const std::string_view digits = name.substr(mark + kLayerMark.size());
  std::int64_t layer = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), layer);
  const std::string_view base = name.substr(0, mark);
  // Only the one spelling that layer_name gives: no sign, no leading zero.
  if (error != std::errc() || layer < 0 || layer >= kMaxLayers || layer_name(base, layer) != name)
    return std::nullopt;
  return std::string(base);
}

void complain_unknown_parameter(const Place& object, const Member& member,
                                const tune::ObjectiveManifest& manifest) {
  if (object.has_enough_complaints()) return;
  if (takes_any_name(manifest.parameters)) {
    object.complain_about_key(
        member, fmt::format("a name of at most {} bytes without control characters", kMaxNameBytes),
        describe_text(member.key));
    return;
  }
  std::vector<std::string> known;
  for (const tune::OptionSpec& spec : manifest.parameters) {
    known.push_back(spec.name);
    if (spec.per_layer) known.push_back(layer_name(spec.name, 0));
  }
  object.complain_about_key(member, fmt::format("a parameter of \"{}\": {}", manifest.type, listed(known)),
                            describe_text(member.key) + did_you_mean(member.key, known));
}

tune::ParamValue coerced(const tune::OptionSpec& spec, const Node& node) {
  if (spec.kind == tune::OptionKind::kFloat && node.kind == Node::Kind::kInteger) return node.real;
  if (spec.kind == tune::OptionKind::kInt) {
    if (const std::optional<std::int64_t> value = whole_number(node)) return *value;
  }
  return node.scalar();
}

std::optional<std::string> expected_instead(const tune::OptionSpec& spec, const tune::ParamValue& value) {
  std::optional<std::string> text = tune::complaint(spec, value);
  if (text && text->starts_with(kExpected)) text->erase(0, kExpected.size());
  return text;
}

std::optional<tune::ParamValue> read_option(const Place& place, const tune::OptionSpec& spec) {
  // A list or object has no scalar value; null stands for it, which no option takes.
  tune::ParamValue value = coerced(spec, place.node());
  const std::optional<std::string> expected = expected_instead(spec, value);
  if (!expected && place.node().is_scalar()) return value;
  const std::string hint = place.node().kind == Node::Kind::kString && spec.kind == tune::OptionKind::kChoice
                               ? did_you_mean(place.node().text, choice_texts(spec))
                               : "";
  place.complain(expected.value_or("a single value"), describe(place.node()) + hint);
  return std::nullopt;
}

}  // namespace fmnist_tune
