#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tune/search_space.hpp"

namespace fmnist {

/// Reads of a trial's parameters. Each throws InvalidArgument when the name is absent or has another type; an
/// integer reads as float.
[[nodiscard]] bool get_bool(const tune::ParamValues& params, std::string_view name);
[[nodiscard]] std::int64_t get_int(const tune::ParamValues& params, std::string_view name);
[[nodiscard]] double get_float(const tune::ParamValues& params, std::string_view name);
[[nodiscard]] const std::string& get_string(const tune::ParamValues& params, std::string_view name);

}  // namespace fmnist
