#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "tune/search_space.hpp"

namespace tune::samplers {

/// The configurations of a declared space with finitely many values, each under a number.
///
/// The numbers 0 … n_numbers() − 1 are the product of all parameters. A conditional parameter that does not
/// exist has no value, so of the numbers that differ only there one stands for all: the others are no points.
class GridPoints {
 public:
  /// Keeps a reference to the space. Throws InvalidArgument when it is empty, when a parameter has infinitely
  /// many values, or when there are more than 10^18 numbers.
  explicit GridPoints(const SearchSpace& space);

  [[nodiscard]] std::uint64_t n_numbers() const { return n_numbers_; }
  /// The number of points, at the cost of SearchSpace::cardinality.
  [[nodiscard]] std::uint64_t size() const;

  /// The parameters of a point, external values; nothing for a number that is no point.
  [[nodiscard]] std::optional<ParamValues> point(std::uint64_t number) const;
  /// The number of the point with these internal values; nothing when a parameter that exists has no value or
  /// one that is not on its grid.
  using Lookup = std::function<std::optional<double>(const ParameterDeclaration&)>;
  [[nodiscard]] std::optional<std::uint64_t> number_of(const Lookup& internal_value) const;

 private:
  const SearchSpace& space_;
  std::vector<std::uint64_t> cardinality_;  ///< By parameter.
  std::uint64_t n_numbers_ = 1;
};

}  // namespace tune::samplers
