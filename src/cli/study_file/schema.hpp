#pragma once

#include <string>

#include "cli/study_file/study_config.hpp"

namespace fmnist_tune {

/// The JSON Schema (draft 7) of study files: for completion and checks in editors. Everything that the
/// registries and manifests know (samplers, pruners, parameters, settings, metrics) is written from them, so
/// that a new sampler needs no second place. `studies/study.schema.json` is this text; a test compares them.
///
/// A schema cannot say everything the reader checks (low ≤ high, names that refer to each other, each key
/// once): whatever the schema refuses the reader refuses, not the reverse.
[[nodiscard]] std::string study_schema(const Manifests& manifests);

}  // namespace fmnist_tune
