#pragma once

#include "cli/run/session.hpp"

namespace fmnist_tune {

/// Whether the study has ended by its limit on stagnation, so that a run would load the data only to say so.
/// False while a trial runs or waits, and when the study file has changed since, which a run would record.
/// Cost: reads the trials of a study that has such a limit.
[[nodiscard]] bool has_stagnated(const Session& session, const Standing& standing);

}  // namespace fmnist_tune
