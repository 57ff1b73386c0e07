#pragma once

#include <string>
#include <vector>

#include "cli/study_file/study_config.hpp"

namespace fmnist_tune {

/// How a study file differs from the one that a study was begun with: a sentence for each difference.
struct Differences {
  /// Would break the study's older trials or what they are compared with: the run must not go on.
  std::vector<std::string> refused;
  /// Allowed, and worth recording: ranges, sampler, pruner, limits, further points.
  std::vector<std::string> accepted;
};

/// Compares the file a study was begun with (`stored`) with today's. Refused are other objectives, another
/// objective type or setting (data, epochs), other fixed values, parameters that came or went, another kind of
/// parameter, other choices, `log` or conditions, other training seeds or replicates, points taken away. The
/// number of layers follows its range. `storage` and the order of parameters do not matter.
/// Another engine is accepted here: what it means for the study depends on the devices.
[[nodiscard]] Differences differences(const StudyConfig& stored, const StudyConfig& now);

}  // namespace fmnist_tune
