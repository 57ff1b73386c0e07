#pragma once

#include "tune/objective.hpp"

namespace fmnist_tune::testing {

/// A small objective with a parameter of every kind, so that the corpus does not change whenever the real
/// objective learns something.
[[nodiscard]] const tune::ObjectiveManifest& test_manifest();

}  // namespace fmnist_tune::testing
