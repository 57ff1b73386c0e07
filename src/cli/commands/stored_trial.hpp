#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "cli/output/json.hpp"
#include "cli/run/objective_loader.hpp"
#include "cli/study_file/study_config.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/objective.hpp"
#include "tune/storages/sqlite_reader.hpp"

/// What the commands that train a stored trial again have in common: how it was trained, from its file alone.
namespace fmnist_tune {

struct StoredTrial {
  tune::StudyRecord study;
  tune::FrozenTrial trial;
};

/// Declares `--data`, `--device` and `--trust`.
void add_training_options(boost::program_options::options_description& options);

/// With its intermediate values. Throws UsageError when the study has no such trial.
[[nodiscard]] tune::FrozenTrial stored_trial(tune::SqliteReader& reader, const tune::StudyRecord& study,
                                             std::int64_t number);

/// The study file that the study keeps. Throws StorageError when it keeps none; UsageError when it names
/// something to run that is no part of this program and `--trust` is not given.
[[nodiscard]] StudyConfig config_of(const tune::StudyRecord& study,
                                    const boost::program_options::variables_map& values);

/// `--device`, else the first of `engines` (see `engines_of`), else an empty text: the study does not say.
[[nodiscard]] std::string training_device(const boost::program_options::variables_map& values,
                                          const Json& engines);

/// With the engine that the study records for the device, where the rule of "auto" would choose another one.
[[nodiscard]] std::unique_ptr<tune::Objective> make_objective(const LoadedObjective& loaded,
                                                              const StudyConfig& config,
                                                              const std::string& device, const Json& engines,
                                                              const std::string& data);

/// What a trial's training is keyed by; a copy's trial by what it was begun with.
struct TrainingKey {
  std::uint64_t seed = 0;
  std::uint64_t trial = 0;
};

[[nodiscard]] TrainingKey training_key(const StoredTrial& stored, const StudyConfig& config);

/// Every parameter of the trial: suggested, `fixed` and default ones.
[[nodiscard]] tune::ParamValues complete_params(const tune::FrozenTrial& trial, const StudyConfig& config,
                                                const tune::ObjectiveManifest& manifest);

}  // namespace fmnist_tune
