#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tune/search_space.hpp"

namespace tune::quality {

/// The objective of that name, with the constants of the problem file. Throws InvalidArgument for a name that
/// has no formula.
[[nodiscard]] std::function<double(const ParamValues&)> formula(const std::string& name,
                                                                const nlohmann::json& constants);

}  // namespace tune::quality
