#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fmnist_tune {

/// The words between commas, empty ones left out. Throws UsageError that begins with `option` when there is
/// none.
[[nodiscard]] std::vector<std::string> names_between_commas(std::string_view option, const std::string& text);

}  // namespace fmnist_tune
