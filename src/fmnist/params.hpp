#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tune/search_space.hpp"

namespace fmnist {

/// Reads of a trial's parameters. Each throws InvalidArgument when the name is absent or has another type; an
/// integer reads as float.
[[nodiscard]] bool get_bool(const tune::ParamValues& params, std::string_view name);
[[nodiscard]] std::int64_t get_int(const tune::ParamValues& params, std::string_view name);
[[nodiscard]] double get_float(const tune::ParamValues& params, std::string_view name);
[[nodiscard]] const std::string& get_string(const tune::ParamValues& params, std::string_view name);

/// The name of a layer's own parameter: "width_l0".
[[nodiscard]] std::string layer_name(std::string_view name, std::int64_t layer);
/// The value of a layer's own parameter, else of the common one, else that. Throws InvalidArgument for another
/// type.
[[nodiscard]] std::int64_t layer_int(const tune::ParamValues& params, std::string_view name, std::int64_t layer,
                                     std::int64_t otherwise);
[[nodiscard]] double layer_float(const tune::ParamValues& params, std::string_view name, std::int64_t layer,
                                 double otherwise);

/// Throws InvalidArgument: the parameter is none of these.
[[noreturn]] void refuse_name(std::string_view parameter, const std::vector<tune::ParamValue>& known,
                              const std::string& found);
/// The integer when it lies in [low, high]. Throws InvalidArgument that names the parameter otherwise.
[[nodiscard]] std::int64_t in_range(std::string_view parameter, std::int64_t value, std::int64_t low,
                                    std::int64_t high);

}  // namespace fmnist
