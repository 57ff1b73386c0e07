#pragma once

#include "cli/run/session.hpp"

namespace fmnist_tune {

/// Reads the study that a run has ended and says what `advice_on` has to say of it, on the standard error.
void say_advice(const Session& session);

}  // namespace fmnist_tune
