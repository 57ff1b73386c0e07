#pragma once

#include <string>
#include <string_view>

namespace tune::format {

/// Name of the system attribute of one named constraint, as Optuna 5 has it.
[[nodiscard]] std::string constraint_key(std::string_view name);

/// Its value as JSON. Throws InvalidArgument for NaN; infinity is Python's bare word.
[[nodiscard]] std::string constraint_json(std::string_view name, double value);

}  // namespace tune::format
