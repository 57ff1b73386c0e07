#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tune/search_space.hpp"

/// What the benches search; tools/compare_peers.py has the same in Python.
namespace tune::bench {

/// Four floats of which two logarithmic, three ints, three categorical parameters.
inline SearchSpace mixed_space() {
  SearchSpace space;
  space.add({"f0", FloatDistribution{-5.0, 5.0}, {}});
  space.add({"f1", FloatDistribution{0.0, 1.0}, {}});
  space.add({"l0", FloatDistribution{1e-5, 1e-1, true, {}}, {}});
  space.add({"l1", FloatDistribution{1e-3, 10.0, true, {}}, {}});
  space.add({"i0", IntDistribution{1, 10}, {}});
  space.add({"i1", IntDistribution{32, 512, true, 1}, {}});
  space.add({"i2", IntDistribution{0, 100, false, 5}, {}});
  for (int n_choices = 3; n_choices <= 5; ++n_choices) {
    std::vector<ParamValue> choices;
    for (int i = 0; i < n_choices; ++i) choices.emplace_back("choice" + std::to_string(i));
    space.add({"c" + std::to_string(n_choices), CategoricalDistribution{std::move(choices)}, {}});
  }
  return space;
}

/// A bowl: numbers near 0.3 and the choice with a 1 are good.
inline double objective(const ParamValues& params) {
  double sum = 0.0;
  for (const auto& [name, value] : params) {
    if (const auto* number = std::get_if<double>(&value)) {
      sum += (*number - 0.3) * (*number - 0.3);
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      sum += std::abs(static_cast<double>(*integer) - 7.0) / 100.0;
    } else {
      sum += std::get<std::string>(value) == "choice1" ? 0.0 : 1.0;
    }
  }
  return sum;
}

}  // namespace tune::bench
