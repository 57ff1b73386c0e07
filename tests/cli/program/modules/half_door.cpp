#include "tune/objective.hpp"

/// A module without a function that makes its objective.
extern "C" const tune::ObjectiveModule tune_objective_module{};
