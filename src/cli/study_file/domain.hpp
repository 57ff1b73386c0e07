#pragma once

#include <string>

#include "tune/distribution.hpp"

namespace fmnist_tune {

/// Whether the distribution can give exactly this value; 1 is not true and 16.0 is not an integer.
[[nodiscard]] bool is_value_of(const tune::Distribution& distribution, const tune::ParamValue& value);

/// What the distribution can give, for people: `from 1 to 4`, `"sgd" or "adam"`.
[[nodiscard]] std::string domain_text(const tune::Distribution& distribution);

}  // namespace fmnist_tune
