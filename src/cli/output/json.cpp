#include "cli/output/json.hpp"

#include <array>
#include <cmath>
#include <variant>

namespace fmnist_tune {
namespace {

/// The text with Python's bare NaN, Infinity and -Infinity in quotes, strings left alone.
std::string without_bare_words(std::string_view text) {
  static constexpr std::array<std::string_view, 3> kWords = {"-Infinity", "Infinity", "NaN"};
  std::string strict;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_string && text[i] == '\\' && i + 1 < text.size()) {
      strict.append(text.substr(i++, 2));
      continue;
    }
    if (text[i] == '"') in_string = !in_string;
    std::string_view word;
    for (std::string_view candidate : kWords) {
      if (!in_string && word.empty() && text.substr(i).starts_with(candidate)) word = candidate;
    }
    if (word.empty()) {
      strict += text[i];
    } else {
      strict.append("\"").append(word).append("\"");
      i += word.size() - 1;
    }
  }
  return strict;
}

struct ToJson {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(double number) const { return json_number(number); }
  template <typename T>
  Json operator()(const T& value) const {
    return value;
  }
};

}  // namespace

Json json_number(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return number;
}

Json json_value(const tune::ParamValue& value) {
  return std::visit(ToJson{}, value);
}

Json json_of_attribute(std::string_view text) {
  Json parsed = Json::parse(without_bare_words(text), nullptr, false);
  return parsed.is_discarded() ? Json(text) : parsed;
}

std::string to_text(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fmnist_tune
