#include "cli/output/json.hpp"

#include <cmath>
#include <variant>

#include "tune/format/python_json.hpp"

namespace fmnist_tune {
namespace {

/// Turns every number that JSON does not know into a string.
void make_strict(Json& node) {
  if (node.is_number_float()) {
    node = json_number(node.get<double>());
  } else if (node.is_structured()) {
    for (Json& member : node) make_strict(member);
  }
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
  Json parsed = tune::format::parse_python_json(text);
  if (parsed.is_discarded()) return text;
  make_strict(parsed);
  return parsed;
}

std::string to_text(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fmnist_tune
