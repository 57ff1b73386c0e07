#include "tune/samplers/grid_points.hpp"

#include <fmt/format.h>

#include <cmath>

#include "tune/error.hpp"

namespace tune::samplers {
namespace {

constexpr std::uint64_t kMostNumbers = 1'000'000'000'000'000'000;

double value_at(const Distribution& distribution, std::uint64_t index) {
  const auto k = static_cast<double>(index);
  if (const auto* real = std::get_if<FloatDistribution>(&distribution)) {
    return clamp_to_domain(distribution, real->low + k * real->step.value_or(0.0));
  }
  if (const auto* whole = std::get_if<IntDistribution>(&distribution)) {
    return static_cast<double>(whole->low + static_cast<std::int64_t>(index) * whole->step);
  }
  return k;
}

std::uint64_t index_of(const Distribution& distribution, double internal) {
  if (const auto* real = std::get_if<FloatDistribution>(&distribution)) {
    return static_cast<std::uint64_t>(std::llround((internal - real->low) / real->step.value_or(1.0)));
  }
  if (const auto* whole = std::get_if<IntDistribution>(&distribution)) {
    return static_cast<std::uint64_t>((static_cast<std::int64_t>(internal) - whole->low) / whole->step);
  }
  return static_cast<std::uint64_t>(internal);
}

std::uint64_t finite_cardinality(const ParameterDeclaration& declaration) {
  const auto found = cardinality(declaration.distribution);
  if (found) return *found;
  throw InvalidArgument(fmt::format(
      "a grid needs finitely many values of \"{}\", which is a float range without \"step\": give it "
      "a step, or list its values as choices",
      declaration.name));
}

const std::string& parent_of(const Condition& condition) {
  return std::visit([](const auto& one) -> const std::string& { return one.parent; }, condition);
}

}  // namespace

GridPoints::GridPoints(const SearchSpace& space) : space_(space), is_parent_(space.parameters().size()) {
  if (space.empty()) {
    throw InvalidArgument("a grid needs a search space that is declared before the trials run");
  }
  const auto& parameters = space.parameters();
  for (const ParameterDeclaration& declaration : parameters) {
    cardinality_.push_back(finite_cardinality(declaration));
    if (cardinality_.back() > kMostNumbers / n_numbers_) {
      throw InvalidArgument("the grid has more than 10^18 points: give fewer values or larger steps");
    }
    n_numbers_ *= cardinality_.back();
    for (const Condition& condition : declaration.conditions) {
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (parameters[i].name == parent_of(condition)) is_parent_[i] = true;
      }
    }
  }
}

std::uint64_t GridPoints::size() const {
  ParamValues decided;
  return count_from(0, decided);
}

std::uint64_t GridPoints::count_from(std::size_t position, ParamValues& decided) const {
  if (position == cardinality_.size()) return 1;
  const ParameterDeclaration& declaration = space_.parameters()[position];
  if (!SearchSpace::is_active(declaration, decided)) return count_from(position + 1, decided);
  if (!is_parent_[position]) return cardinality_[position] * count_from(position + 1, decided);
  std::uint64_t sum = 0;
  for (std::uint64_t k = 0; k < cardinality_[position]; ++k) {
    decided.insert_or_assign(declaration.name,
                             to_external(declaration.distribution, value_at(declaration.distribution, k)));
    sum += count_from(position + 1, decided);
  }
  decided.erase(declaration.name);
  return sum;
}

std::optional<ParamValues> GridPoints::point(std::uint64_t number) const {
  ParamValues decided;
  std::uint64_t below = n_numbers_;
  for (std::size_t i = 0; i < cardinality_.size(); ++i) {
    below /= cardinality_[i];
    const std::uint64_t index = number / below % cardinality_[i];
    const auto& [name, distribution, conditions] = space_.parameters()[i];
    if (SearchSpace::is_active(space_.parameters()[i], decided)) {
      decided.emplace(name, to_external(distribution, value_at(distribution, index)));
    } else if (index != 0) {
      return std::nullopt;
    }
  }
  return decided;
}

std::optional<std::uint64_t> GridPoints::number_of(const Lookup& internal_value) const {
  ParamValues decided;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < cardinality_.size(); ++i) {
    number *= cardinality_[i];
    const ParameterDeclaration& declaration = space_.parameters()[i];
    if (!SearchSpace::is_active(declaration, decided)) continue;
    const auto internal = internal_value(declaration);
    if (!internal || !contains(declaration.distribution, *internal)) return std::nullopt;
    number += index_of(declaration.distribution, *internal);
    decided.emplace(declaration.name, to_external(declaration.distribution, *internal));
  }
  return number;
}

}  // namespace tune::samplers
