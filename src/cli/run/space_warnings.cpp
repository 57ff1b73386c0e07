#include "cli/run/space_warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "cli/output/table.hpp"
#include "cli/study_file/domain.hpp"
#include "cli/study_file/parameter_rules.hpp"

namespace fmnist_tune {
namespace {

constexpr std::string_view kLearningRate = "lr";
constexpr double kLowestRate = 1e-6;
constexpr double kHighestRate = 1.0;
/// Largest over smallest value from which on a range is one of magnitudes.
constexpr double kMagnitudes = 100.0;
constexpr double kMagnitudesOfRate = 10.0;
constexpr double kMagnitudesOfCount = 1000.0;

/// A range of numbers.
struct Range {
  double low = 0.0;
  double high = 0.0;
  bool log = false;
  bool is_real = false;
};

std::optional<Range> range_of(const tune::Distribution& distribution) {
  if (const auto* real = std::get_if<tune::FloatDistribution>(&distribution))
    return Range{real->low, real->high, real->log, true};
  if (const auto* whole = std::get_if<tune::IntDistribution>(&distribution))
    return Range{static_cast<double>(whole->low), static_cast<double>(whole->high), whole->log, false};
  return std::nullopt;
}

/// Smallest and largest number that the parameter can have.
std::optional<std::pair<double, double>> numbers_of(const tune::Distribution& distribution) {
  if (const auto range = range_of(distribution)) return std::pair(range->low, range->high);
  std::optional<std::pair<double, double>> found;
  for (const tune::ParamValue& choice : std::get<tune::CategoricalDistribution>(distribution).choices) {
    double number = 0.0;
    if (const auto* real = std::get_if<double>(&choice)) {
      number = *real;
    } else if (const auto* whole = std::get_if<std::int64_t>(&choice)) {
      number = static_cast<double>(*whole);
    } else {
      continue;
    }
    found = found ? std::pair(std::min(found->first, number), std::max(found->second, number))
                  : std::pair(number, number);
  }
  return found;
}

tune::ParamValue only_value(const tune::Distribution& distribution) {
  return tune::to_external(distribution, tune::clamp_to_domain(distribution, 0.0));
}

bool should_be_log(const Range& range, bool is_rate) {
  if (range.log || range.high <= 0.0) return false;
  if (range.low <= 0.0) return is_rate;
  const double limit = is_rate ? kMagnitudesOfRate : range.is_real ? kMagnitudes : kMagnitudesOfCount;
  return range.high / range.low >= limit;
}

void warn_about(const std::string& name, const tune::Distribution& distribution,
                std::vector<std::string>& warnings) {
  const bool is_rate = name == kLearningRate;
  if (tune::cardinality(distribution) == 1U) {
    warnings.push_back(fmt::format("{}: has one value, {}; it could stand under \"fixed\"", name,
                                   tune::to_text(only_value(distribution))));
    return;
  }
  const auto range = range_of(distribution);
  if (range && should_be_log(*range, is_rate)) {
    warnings.push_back(fmt::format("{}: {} without \"log\": nine of ten values that are tried are above {}",
                                   name, domain_text(distribution),
                                   readable(range->low + 0.1 * (range->high - range->low))));
  }
  const auto numbers = numbers_of(distribution);
  if (is_rate && numbers && (numbers->first < kLowestRate || numbers->second > kHighestRate)) {
    warnings.push_back(fmt::format("{}: {}: below {} hardly anything is learnt, above {} training diverges",
                                   name, domain_text(distribution), readable(kLowestRate),
                                   readable(kHighestRate)));
  }
}

}  // namespace

std::vector<std::string> space_warnings(const tune::SearchSpace& space) {
  std::vector<std::string> warnings;
  std::set<std::string> seen;
  for (const tune::ParameterDeclaration& declaration : space.parameters()) {
    const bool is_repeated = std::any_of(
        declaration.conditions.begin(), declaration.conditions.end(),
        [](const tune::Condition& condition) { return std::holds_alternative<tune::WhenAtLeast>(condition); });
    const auto base = is_repeated ? name_without_layer(declaration.name) : std::nullopt;
    const std::string name = base.value_or(declaration.name);
    if (seen.insert(name).second) warn_about(name, declaration.distribution, warnings);
  }
  return warnings;
}

}  // namespace fmnist_tune
