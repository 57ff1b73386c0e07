#include "cli/study_file/domain.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "cli/study_file/complaint.hpp"

namespace fmnist_tune {
namespace {

using tune::ParamValue;

std::string range_text(const ParamValue& low, const ParamValue& high, const ParamValue& step) {
  const std::string grid = step == ParamValue{} ? "" : " in steps of " + tune::to_text(step);
  return fmt::format("from {} to {}{}", tune::to_text(low), tune::to_text(high), grid);
}

std::string text_of(const tune::FloatDistribution& range) {
  return range_text(range.low, range.high, range.step ? ParamValue(*range.step) : ParamValue());
}

std::string text_of(const tune::IntDistribution& range) {
  return range_text(range.low, range.high, range.step == 1 ? ParamValue() : ParamValue(range.step));
}

std::string text_of(const tune::CategoricalDistribution& list) {
  std::vector<std::string> choices;
  for (const ParamValue& choice : list.choices) choices.push_back(tune::to_json(choice));
  return listed(choices, false);
}

}  // namespace

bool is_value_of(const tune::Distribution& distribution, const ParamValue& value) {
  if (const auto* list = std::get_if<tune::CategoricalDistribution>(&distribution)) {
    return std::any_of(list->choices.begin(), list->choices.end(), [&value](const ParamValue& choice) {
      return choice.index() == value.index() && tune::same_value(choice, value);
    });
  }
  const bool is_integer = std::holds_alternative<std::int64_t>(value);
  const bool is_real = std::holds_alternative<double>(value);
  const bool fits = is_integer || (is_real && std::holds_alternative<tune::FloatDistribution>(distribution));
  return fits && tune::contains(distribution, tune::to_internal(distribution, value));
}

std::string domain_text(const tune::Distribution& distribution) {
  return std::visit([](const auto& kind) { return text_of(kind); }, distribution);
}

}  // namespace fmnist_tune
