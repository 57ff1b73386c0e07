#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output/json.hpp"
#include "cli/study_file/study_config.hpp"
#include "tune/storages/storage.hpp"

/// The facts that an objective states (versions, processor, engines, data), kept with the study and compared
/// when it goes on: trials that were computed otherwise cannot be told from the others by their values.
namespace fmnist_tune {

/// What a study's facts become when a run goes on with it.
struct ProvenanceReview {
  std::string json;                  ///< To be kept from now on; engines of former devices stay.
  std::vector<std::string> remarks;  ///< What is new and allowed, a sentence each; none: nothing to record.
};

/// Compares today's facts with the stored ones. Throws UsageError for other data, and for a device whose engine
/// is none that the study has, unless the study file names the engine.
[[nodiscard]] ProvenanceReview review_provenance(const tune::StudyRecord& stored, const tune::Attributes& now,
                                                 const StudyConfig& config);

/// The engine to ask for by name where the rule of "auto" would choose another one than the study has; nothing
/// where the rule, or the study file, may decide.
[[nodiscard]] std::optional<std::string> engine_to_keep(const tune::StudyRecord& stored,
                                                        const tune::Attributes& now, const StudyConfig& config);

/// The facts that a study keeps; an empty object for one without: another program made it.
[[nodiscard]] Json kept_facts(const tune::StudyRecord& stored);

/// Of such facts what computed on which device, as `{"cpu": "gemm (own)"}`; an empty object where they say
/// nothing of it.
[[nodiscard]] Json engines_of(const Json& facts);

/// What is not now as it was when the kept facts were recorded, a sentence each: results of another build,
/// processor family or data cannot be held against each other. Of the engines only the device's matters.
[[nodiscard]] std::vector<std::string> unlike_provenance(const Json& kept, const tune::Attributes& now,
                                                         const std::string& device);

/// Throws UsageError where the study file wants the same study for any number of workers and these facts say
/// that devices of several kinds, or several engines, would compute it: which trial meets which one is chance.
void check_one_engine(const StudyConfig& config, const tune::Attributes& now);

/// Throws UsageError when the study was begun with other data.
void check_data(const tune::StudyRecord& stored, const tune::Attributes& now);

/// The facts as a JSON object.
[[nodiscard]] std::string provenance_json(const tune::Attributes& facts);

}  // namespace fmnist_tune
