#include "cli/run/objective_loader.hpp"

#include <fmt/format.h>

#include <utility>

#include "cli/output/json.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/module_loader.hpp"
#include "cli/study_file/module_manifest.hpp"
#include "command/manifest.hpp"
#include "command/objective.hpp"
#include "command/program_facts.hpp"
#include "fmnist/environment.hpp"
#include "tune/running_trial.hpp"

namespace fmnist_tune {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEnginesFact = "engines";

bool is_command(const StudyConfig& config) {
  return config.objective.type == command::manifest().type;
}

fs::path module_file_of(const StudyConfig& config, const fs::path& study_file) {
  if (config.objective.type != open_module_manifest().type) return {};
  return (folder_of(study_file) / config.objective.settings.get_string(kModulePathSetting)).lexically_normal();
}

const tune::ObjectiveModule& module_of(const StudyConfig& config, const fs::path& module_file) {
  if (!module_file.empty()) return load_module_file(module_file);
  return is_command(config) ? command::objective_module() : load_module(config.objective.type);
}

}  // namespace

fs::path folder_of(const fs::path& study_file) {
  return study_file.empty() ? fs::current_path() : fs::absolute(study_file).lexically_normal().parent_path();
}

LoadedObjective::LoadedObjective(const StudyConfig& config, fs::path study_file)
    : study_file_(std::move(study_file)),
      module_file_(module_file_of(config, study_file_)),
      module_(&module_of(config, module_file_)),
      manifests_(known_manifests()) {
  if (module_file_.empty()) {
    const auto& known = manifest_of(manifests_, config.objective.type);
    manifest_ = std::shared_ptr<const tune::ObjectiveManifest>(std::shared_ptr<void>(), &known);
    return;
  }
  manifest_ = module_manifest(module_->manifest());
  for (auto& manifest : manifests_) {
    if (manifest == &open_module_manifest()) manifest = manifest_.get();
  }
}

StudyConfig LoadedObjective::checked(const StudyConfig& config) const {
  if (module_file_.empty()) return config;
  if (!study_file_.empty()) return read_study_file(study_file_, manifests_);
  return parse_study_text(config.text, "the study file kept in the storage", manifests_);
}

tune::ObjectiveConfig LoadedObjective::objective_config(const StudyConfig& config, fs::path data_dir,
                                                        std::vector<std::string> devices) const {
  tune::ObjectiveConfig wanted;
  wanted.settings = config.objective.settings;
  for (const ObjectiveGoal& goal : config.objectives) wanted.metrics.push_back(goal.metric);
  for (const ConstraintBound& bound : config.constraints) wanted.measured.push_back(bound.metric);
  wanted.common = tune::complete_params({}, config.fixed, manifest_->parameters);
  for (const auto& parameter : config.space.parameters()) wanted.common.erase(parameter.name);
  wanted.data_dir = std::move(data_dir);
  wanted.devices = std::move(devices);
  wanted.study_name = config.name;
  wanted.folder = folder_of(study_file_);
  return wanted;
}

tune::Attributes LoadedObjective::provenance(const tune::Objective& objective,
                                             const std::vector<std::string>& devices) const {
  tune::Attributes facts = objective.provenance();
  if (module_file_.empty()) return facts;
  facts.insert_or_assign("module", Json(command::file_checksum(module_file_).value_or("")).dump());
  Json engines = Json::object();
  for (const std::string& device : devices) engines[device] = module_->manifest().type;
  facts.emplace(kEnginesFact, engines.dump());
  return facts;
}

void prepare_environment(const StudyConfig& config) {
  // A program gets this process's environment, with what the person has set in it.
  if (!is_command(config)) fmnist::set_library_environment();
}

}  // namespace fmnist_tune
