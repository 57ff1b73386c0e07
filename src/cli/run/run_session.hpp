#pragma once

#include "cli/run/session.hpp"
#include "cli/run/summary.hpp"

namespace fmnist_tune {

/// Runs the trials of the session with progress on the screen and signals heard, prints `result` at the end and
/// returns the exit code. To be called while this is the program's only thread.
[[nodiscard]] int run_session(Session& session, const ResultText& result);

}  // namespace fmnist_tune
