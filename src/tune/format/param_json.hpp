#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "tune/frozen_trial.hpp"
#include "tune/search_space.hpp"

namespace tune::format {

/// A JSON object of external values, as `fixed_params` holds them.
[[nodiscard]] std::string params_to_json(const ParamValues& values);

/// Reads the above. Throws FormatError when it is not an object of null, truth values, numbers and strings.
[[nodiscard]] ParamValues params_from_json(std::string_view text);

/// The parameters a queue entry prescribes, as its system attributes hold them. Throws FormatError.
[[nodiscard]] ParamValues queued_params(const Attributes& system_attrs);

/// One external value; an integer beyond the range of std::int64_t becomes a double. Throws FormatError for
/// lists and objects.
[[nodiscard]] ParamValue param_value_from(const nlohmann::ordered_json& node);

}  // namespace tune::format
