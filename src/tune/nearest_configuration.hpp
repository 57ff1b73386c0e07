#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "tune/samplers/configuration.hpp"
#include "tune/search_space.hpp"

namespace tune {

/// What the search for a configuration is told.
struct NearestQuery {
  const SearchSpace& space;
  const Configuration& start;
  const ParamValues& forced;  ///< Parameters that must stay.
  /// The internal value of a parameter that `start` lacks and a neighbour has.
  std::function<double(std::string_view name, const Distribution&)> decide;
  std::function<bool(const Configuration&)> is_wanted;
};

/// The wanted configuration nearest to `start`; nothing when no configuration of the space is wanted.
///
/// The distance is the sum over the parameters that exist: |difference| / range for a number (of the logarithms
/// with `log`), 1 for another choice. A float without `step` is walked in thousandths of its range. Equal
/// distances: the parameter declared first, the larger number. Asks about configurations by distance, each
/// once; O(d · log) besides for each.
[[nodiscard]] std::optional<Configuration> nearest_configuration(const NearestQuery& query);

}  // namespace tune
