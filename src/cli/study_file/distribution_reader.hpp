#pragma once

#include <optional>

#include "cli/study_file/node_reader.hpp"
#include "tune/distribution.hpp"
#include "tune/option.hpp"

namespace fmnist_tune {

/// Reads one parameter of the space (`type`, `low`, `high`, `log`, `step`, `choices`) and checks it against
/// what the objective takes. Gives nothing after a complaint.
[[nodiscard]] std::optional<tune::Distribution> read_distribution(const Place& entry,
                                                                  const tune::OptionSpec& spec);

}  // namespace fmnist_tune
