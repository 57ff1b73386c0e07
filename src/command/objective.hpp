#pragma once

#include "tune/objective.hpp"

namespace command {

/// The objective whose trials are runs of a program (`"type": "command"`), behind the door that modules have
/// too: studies/README.md says what passes between the two. A program is killed with this process.
[[nodiscard]] const tune::ObjectiveModule& objective_module();

}  // namespace command
