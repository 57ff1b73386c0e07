#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/study_file/study_config.hpp"
#include "tune/objective.hpp"

/// What runs the trials of a study file.
namespace fmnist_tune {

/// The folder of a study file, absolute, where its relative paths begin; that of this process for a study file
/// that comes from a storage.
[[nodiscard]] std::filesystem::path folder_of(const std::filesystem::path& study_file);

/// The objective that a study file names, loaded for as long as the process lives.
class LoadedObjective {
 public:
  /// `study_file` is empty for a config that comes from a storage. Loads the objective when it is not part of
  /// the program. Throws Error with what to do when that fails.
  LoadedObjective(const StudyConfig& config, std::filesystem::path study_file);

  [[nodiscard]] const tune::ObjectiveModule& module() const { return *module_; }
  [[nodiscard]] const tune::ObjectiveManifest& manifest() const { return *manifest_; }
  /// Those of the program, with this objective's own where only its type was known.
  [[nodiscard]] const Manifests& manifests() const { return manifests_; }
  /// The study file, checked against what the objective says of itself. Throws StudyFileError.
  [[nodiscard]] StudyConfig checked(const StudyConfig& config) const;
  /// What an objective of the study file is made from.
  [[nodiscard]] tune::ObjectiveConfig objective_config(const StudyConfig& config,
                                                       std::filesystem::path data_dir,
                                                       std::vector<std::string> devices) const;
  /// The facts that the objective states, and a module's checksum.
  [[nodiscard]] tune::Attributes provenance(const tune::Objective& objective,
                                            const std::vector<std::string>& devices) const;

 private:
  std::filesystem::path study_file_;
  std::filesystem::path module_file_;  ///< Empty for a part of the program.
  const tune::ObjectiveModule* module_;
  std::shared_ptr<const tune::ObjectiveManifest> manifest_;
  Manifests manifests_;
};

/// Sets what numeric libraries read from the environment when a module with them is loaded. Call it while there
/// is one thread only.
void prepare_environment(const StudyConfig& config);

}  // namespace fmnist_tune
