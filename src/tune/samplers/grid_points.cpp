#include "tune/samplers/grid_points.hpp"

#include <fmt/format.h>

#include "tune/error.hpp"

namespace tune::samplers {
namespace {

constexpr std::uint64_t kMostNumbers = 1'000'000'000'000'000'000;

std::uint64_t finite_cardinality(const ParameterDeclaration& declaration) {
  const auto found = cardinality(declaration.distribution);
  if (found) return *found;
  throw InvalidArgument(fmt::format(
      "a grid needs finitely many values of \"{}\", which is a float range without \"step\": give it "
      "a step, or list its values as choices",
      declaration.name));
}

}  // namespace

GridPoints::GridPoints(const SearchSpace& space) : space_(space) {
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
  }
}

std::uint64_t GridPoints::size() const {
  return space_.cardinality().value();
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
    number += position_of(declaration.distribution, *internal);
    decided.emplace(declaration.name, to_external(declaration.distribution, *internal));
  }
  return number;
}

}  // namespace tune::samplers
