#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/study_file/study_config.hpp"
#include "tune/cost_limits.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/storages/storage.hpp"

namespace fmnist_tune {

/// System attributes of a study that say what made it.
inline constexpr const char* kStudyFileKey = "tune:study_file";   ///< JSON string: the study file's text.
inline constexpr const char* kSeedKey = "tune:seed";              ///< JSON number.
inline constexpr const char* kVersionKey = "tune:version";        ///< JSON string: of this program.
inline constexpr const char* kProvenanceKey = "tune:provenance";  ///< JSON object: versions, data checksum.

/// How a run goes on with a study that is already there.
struct Resumption {
  std::uint64_t seed = 0;
  bool made_elsewhere = false;       ///< No study file of ours: Optuna or another program made it.
  std::vector<std::string> remarks;  ///< What differs from before and is allowed, a sentence each.
};

/// Reads all trials of the study; asked only for a study that was made elsewhere.
using TrialsOf = std::function<std::vector<tune::FrozenTrial>()>;

/// Whether the study file fits the stored study. Throws UsageError that shows the difference when it does not;
/// nothing is written.
[[nodiscard]] Resumption check_resumable(const tune::StudyRecord& stored, const StudyConfig& config,
                                         std::optional<std::uint64_t> asked_seed, const Manifests& manifests,
                                         const TrialsOf& trials);

/// The text of the study file that a study of this program keeps; nothing for another program's.
[[nodiscard]] std::optional<std::string> kept_study_file(const tune::StudyRecord& stored);

/// The same, read. Throws UsageError that names the study and its attribute and says what to do when it cannot
/// be.
[[nodiscard]] std::optional<StudyConfig> kept_config(const tune::StudyRecord& stored,
                                                     const Manifests& manifests);

/// The seed that a study with a study file keeps. Throws UsageError when it is not there.
[[nodiscard]] std::uint64_t kept_seed(const tune::StudyRecord& stored);

/// The directions of the study file's objectives.
[[nodiscard]] std::vector<tune::Direction> directions_of(const StudyConfig& config);

/// The study file's limits on what a trial is estimated to cost.
[[nodiscard]] tune::CostLimits cost_limits_of(const Limits& limits);

}  // namespace fmnist_tune
