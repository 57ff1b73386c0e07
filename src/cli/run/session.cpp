#include "cli/run/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/run/devices.hpp"
#include "cli/run/module_loader.hpp"
#include "cli/run/study_opening.hpp"
#include "fmnist/manifest.hpp"
#include "tune/storages/sqlite.hpp"

namespace fmnist_tune {
namespace {

/// The only objective that this program brings; a study file may name no other.
Manifests known_manifests() {
  return {&fmnist::manifest()};
}

const tune::ObjectiveManifest& manifest_of(const Manifests& manifests, const std::string& type) {
  const auto found =
      std::find_if(manifests.begin(), manifests.end(),
                   [&](const tune::ObjectiveManifest* manifest) { return manifest->type == type; });
  return **found;
}

std::vector<std::string> metrics_of(const StudyConfig& config) {
  std::vector<std::string> metrics;
  for (const ObjectiveGoal& goal : config.objectives) metrics.push_back(goal.metric);
  return metrics;
}

/// A name may hold anything, a file of that name may not stand in another folder.
std::string default_storage(const std::string& study_name) {
  std::string file = study_name;
  std::replace(file.begin(), file.end(), '/', '_');
  return file + ".db";
}

std::filesystem::path storage_of(const RunRequest& request, const StudyConfig& config) {
  if (request.storage) return storage_path(*request.storage);
  return config.storage ? storage_path(*config.storage) : std::filesystem::path(default_storage(config.name));
}

}  // namespace

std::int64_t Standing::finished() const {
  return study ? study->n_complete + study->n_pruned + study->n_fail : 0;
}

Session::Session(RunRequest request)
    : request_(std::move(request)),
      manifests_(known_manifests()),
      config_(read_study_file(request_.study_file, manifests_)),
      storage_(storage_of(request_, config_)) {}

Standing Session::look() {
  if (!std::filesystem::exists(storage_)) return {};
  tune::SqliteReader reader(storage_);
  auto studies = reader.studies();
  const auto found = std::find_if(studies.begin(), studies.end(), [&](const tune::StudySummary& summary) {
    return summary.study.name == config_.name;
  });
  if (found == studies.end()) return {};
  static_cast<void>(check_resumable(found->study, config_, request_.seed, manifests_,
                                    [&] { return reader.trials(found->study.id); }));
  return {std::move(*found)};
}

tune::RunReport Session::run(const std::atomic<bool>& stop, Progress& progress, spdlog::logger& log) {
  const tune::ObjectiveModule& module = load_module(config_.objective.type);
  auto slots = choose_slots(request_, module.devices());
  const auto objective =
      module.create({config_.objective.settings, metrics_of(config_), request_.data_dir, devices_of(slots)});
  const auto storage = tune::open_sqlite_storage(storage_);
  auto study = open_study({config_, manifests_, request_.seed, objective->provenance()}, storage, log);
  log.info("study {} in {}: {} job(s) on {}, seed {}", config_.name, storage_.string(), slots.size(),
           fmt::join(devices_of(slots), ", "), study.seed());
  progress.begin(progress_start(study));
  return tune::run_trials(study, *objective, run_options(std::move(slots)), stop, progress);
}

tune::RunOptions Session::run_options(std::vector<tune::DeviceSlot> slots) const {
  tune::RunOptions options;
  options.slots = std::move(slots);
  options.n_trials = request_.trials.value_or(std::numeric_limits<std::int64_t>::max());
  options.timeout = request_.timeout;
  options.fixed = config_.fixed;
  options.parameters = manifest_of(manifests_, config_.objective.type).parameters;
  options.training_seed = config_.training_seed;
  options.max_failed_in_row = config_.limits.failures_in_row;
  return options;
}

ProgressStart Session::progress_start(const tune::Study& study) const {
  const auto count = [&](tune::TrialState state) { return static_cast<std::int64_t>(study.count(state)); };
  ProgressStart start;
  start.study_name = config_.name;
  start.n_trials = request_.trials;
  start.n_complete = count(tune::TrialState::kComplete);
  start.n_pruned = count(tune::TrialState::kPruned);
  start.n_fail = count(tune::TrialState::kFail);
  if (study.directions().size() != 1) return start;
  start.direction = study.directions()[0];
  tune::SqliteReader reader(storage_);
  if (const auto best = reader.best_trial(study.id())) {
    start.best_value = best->values[0];
    start.best_number = best->number.value;
  }
  return start;
}

}  // namespace fmnist_tune
