#include "tune/option.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tune/error.hpp"
#include "tune/format/python_json.hpp"

namespace tune {
namespace {

std::string number_text(double value) {
  const std::string text = format::python_float(value);
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

/// " >= 0 and < 1", or nothing without limits.
std::string range_text(const OptionSpec& spec) {
  std::string text;
  if (spec.low) text += fmt::format(" {} {}", spec.low_excluded ? ">" : ">=", number_text(*spec.low));
  if (spec.low && spec.high) text += " and";
  if (spec.high) text += fmt::format(" {} {}", spec.high_excluded ? "<" : "<=", number_text(*spec.high));
  return text;
}

std::string list_text(const std::vector<ParamValue>& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + to_json(value);
  return text;
}

std::string expected(const OptionSpec& spec) {
  switch (spec.kind) {
    case OptionKind::kBool:
      return "expected true or false";
    case OptionKind::kInt:
      return "expected an integer" + range_text(spec) +
             (spec.choices.empty() ? "" : " or " + list_text(spec.choices));
    case OptionKind::kFloat:
      return "expected a number" + range_text(spec);
    case OptionKind::kString:
      return "expected a text";
    case OptionKind::kChoice:
      return "expected one of " + list_text(spec.choices);
    case OptionKind::kPruner:
      return "expected a pruner with its options as JSON text";
    case OptionKind::kAny:
      return "expected true, false, a number or a text";
    case OptionKind::kCommand:
      return "expected a list with a program and its arguments";
  }
  throw InvalidArgument("unknown option kind");
}

/// False for NaN, which no comparison admits.
bool in_range(const OptionSpec& spec, double value) {
  const bool above = !spec.low || (spec.low_excluded ? value > *spec.low : value >= *spec.low);
  const bool below = !spec.high || (spec.high_excluded ? value < *spec.high : value <= *spec.high);
  return above && below && value == value;
}

bool is_choice(const OptionSpec& spec, const ParamValue& value) {
  return std::any_of(spec.choices.begin(), spec.choices.end(), [&](const ParamValue& choice) {
    return choice.index() == value.index() && same_value(choice, value);
  });
}

bool is_allowed(const OptionSpec& spec, const ParamValue& value) {
  const auto* integer = std::get_if<std::int64_t>(&value);
  const auto* number = std::get_if<double>(&value);
  switch (spec.kind) {
    case OptionKind::kBool:
      return std::holds_alternative<bool>(value);
    case OptionKind::kInt:
      return integer != nullptr ? in_range(spec, static_cast<double>(*integer)) : is_choice(spec, value);
    case OptionKind::kFloat:
      return (integer != nullptr && in_range(spec, static_cast<double>(*integer))) ||
             (number != nullptr && in_range(spec, *number));
    case OptionKind::kString:
    case OptionKind::kPruner:
    case OptionKind::kCommand:
      return std::holds_alternative<std::string>(value);
    case OptionKind::kAny:
      return !std::holds_alternative<std::monostate>(value);
    case OptionKind::kChoice:
      return is_choice(spec, value);
  }
  return false;
}

template <typename T>
const T& get(const std::map<std::string, ParamValue, std::less<>>& values, std::string_view name) {
  const auto found = values.find(name);
  if (found == values.end()) throw InvalidArgument(fmt::format("option '{}' has no value", name));
  const T* value = std::get_if<T>(&found->second);
  if (value == nullptr) {
    throw InvalidArgument(fmt::format("option '{}' is of another kind: {}", name, to_json(found->second)));
  }
  return *value;
}

}  // namespace

bool OptionValues::has(std::string_view name) const {
  return values_.contains(name);
}
bool OptionValues::get_bool(std::string_view name) const {
  return get<bool>(values_, name);
}
std::int64_t OptionValues::get_int(std::string_view name) const {
  return get<std::int64_t>(values_, name);
}
const std::string& OptionValues::get_string(std::string_view name) const {
  return get<std::string>(values_, name);
}

double OptionValues::get_float(std::string_view name) const {
  const auto found = values_.find(name);
  if (found != values_.end()) {
    if (const auto* integer = std::get_if<std::int64_t>(&found->second)) return static_cast<double>(*integer);
  }
  return get<double>(values_, name);
}

std::optional<std::string> complaint(const OptionSpec& spec, const ParamValue& value) {
  return is_allowed(spec, value) ? std::nullopt : std::optional(expected(spec));
}

const OptionSpec* find_option(const std::vector<OptionSpec>& specs, std::string_view name) {
  const auto named = [&specs](std::string_view wanted) {
    const auto found = std::find_if(specs.begin(), specs.end(),
                                    [wanted](const OptionSpec& spec) { return spec.name == wanted; });
    return found == specs.end() ? nullptr : &*found;
  };
  const OptionSpec* own = named(name);
  return own != nullptr ? own : named(kAnyName);
}

OptionValues with_defaults(const std::vector<OptionSpec>& specs,
                           const std::map<std::string, ParamValue, std::less<>>& given) {
  std::map<std::string, ParamValue, std::less<>> values;
  std::string known;
  for (const auto& spec : specs) {
    known += (known.empty() ? "" : ", ") + spec.name;
    if (!std::holds_alternative<std::monostate>(spec.default_value)) values[spec.name] = spec.default_value;
  }
  for (const auto& [name, value] : given) {
    const OptionSpec* spec = find_option(specs, name);
    if (spec == nullptr) {
      throw InvalidArgument(
          fmt::format("unknown option '{}' (known: {})", name, known.empty() ? "none" : known));
    }
    if (const auto what = complaint(*spec, value)) {
      throw InvalidArgument(fmt::format("option '{}': {}, found {}", name, *what, to_json(value)));
    }
    values[name] = value;
  }
  for (const auto& spec : specs) {
    if (spec.required && !values.contains(spec.name)) {
      throw InvalidArgument(fmt::format("option '{}': {}, found none", spec.name, expected(spec)));
    }
  }
  return OptionValues(std::move(values));
}

}  // namespace tune
