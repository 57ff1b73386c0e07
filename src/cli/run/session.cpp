#include "cli/run/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/run/bounded_objective.hpp"
#include "cli/run/cost_check.hpp"
#include "cli/run/devices.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/memory_mark.hpp"
#include "cli/run/objective_loader.hpp"
#include "cli/run/observers.hpp"
#include "cli/run/provenance.hpp"
#include "cli/run/storage_place.hpp"
#include "cli/run/study_counter.hpp"
#include "cli/run/study_opening.hpp"
#include "cli/run/trial_logs.hpp"
#include "cli/run/unfinished.hpp"
#include "tune/error.hpp"
#include "tune/storages/sqlite.hpp"

namespace fmnist_tune {

std::optional<tune::StudySummary> find_summary(tune::SqliteReader& reader, const std::string& name) {
  for (auto& summary : reader.studies()) {
    if (summary.study.name == name) return std::move(summary);
  }
  return std::nullopt;
}

std::int64_t Standing::finished() const {
  return study ? study->n_complete + study->n_pruned + study->n_fail : 0;
}

Session::Session(RunRequest request)
    : request_(std::move(request)),
      manifests_(known_manifests()),
      config_(read_study_file(request_.study_file, manifests_)),
      storage_(storage_for(request_.storage, config_)) {}

Session::Session(RunRequest request, StudyConfig config, tune::Attributes marks, tune::StudyRecord subject)
    : request_(std::move(request)),
      manifests_(known_manifests()),
      config_(std::move(config)),
      marks_(std::move(marks)),
      subject_(std::move(subject)),
      storage_(storage_for(request_.storage, config_)) {}

Standing Session::look() {
  if (!is_there(storage_)) return {};
  tune::SqliteReader reader(storage_);
  auto found = find_summary(reader, config_.name);
  if (!found) return {};
  static_cast<void>(check_resumable(found->study, config_, request_.seed, manifests_,
                                    [&] { return reader.trials(found->study.id); }));
  stored_ = found->study;
  return {std::move(found)};
}

std::unique_ptr<tune::Objective> Session::make_objective(const LoadedObjective& loaded,
                                                         std::vector<std::string> devices) const {
  const tune::ObjectiveModule& module = loaded.module();
  auto wanted = loaded.objective_config(config_, request_.data_dir, std::move(devices));
  wanted.log_dir = std::filesystem::absolute(log_folder(storage_, config_.name));
  auto objective = module.create(wanted);
  if (!stored_) return objective;
  const auto engine = engine_to_keep(*stored_, objective->provenance(), config_);
  if (!engine) return objective;
  auto settings = config_.objective.settings.all();
  settings[kEngineSetting] = *engine;
  wanted.settings = tune::OptionValues(std::move(settings));
  try {
    return module.create(wanted);
  } catch (const tune::InvalidArgument&) {
    // The engine cannot be had on these devices: opening the study says so, with what the study has.
    return objective;
  }
}

tune::RunReport Session::run(const std::atomic<bool>& stop, const Listeners& listeners) {
  const LoadedObjective loaded(config_, request_.study_file);
  config_ = loaded.checked(config_);
  parameters_ = loaded.manifest().parameters;
  auto slots = choose_slots(request_, loaded.module().devices());
  const auto devices = devices_of(slots);
  const auto objective = with_bounds(make_objective(loaded, devices), config_);
  if (subject_) check_data(*subject_, objective->provenance());
  const auto facts = loaded.provenance(*objective, devices);
  check_one_engine(config_, facts);
  const auto storage = tune::open_sqlite_storage(storage_);
  const tune::RunOptions options = run_options(std::move(slots), loaded.manifest());
  auto study = open_study({config_, loaded.manifests(), request_.seed, facts, options.takeover, false, marks_,
                           cost_check(config_, parameters_, *objective)},
                          storage, listeners.log);
  listeners.log.info("study {} in {}: {} job(s) on {}, seed {}", config_.name, storage_.string(),
                     options.slots.size(), fmt::join(devices, ", "), study.seed());
  const auto counter = std::make_shared<StudyCounter>(study, request_.trials);
  listeners.progress.begin(
      [counter] { return counter->count(); },
      [&] { return awaited_trials(study.trials(), tune::this_process(), options.takeover); });
  Observers observers;
  observers.add(listeners.progress);
  MemoryMark memory_mark(storage, study.id(), listeners.log);
  if (config_.reproducible_window) observers.add(memory_mark);
  if (listeners.events != nullptr) {
    listeners.events->begin(config_.name, storage_, study.seed(), options.slots);
    observers.add(*listeners.events);
  }
  tidy_up();
  const tune::RunReport report = tune::run_trials(study, *objective, options, stop, observers);
  if (listeners.events != nullptr) listeners.events->end(report);
  tidy_up();
  return report;
}

std::shared_ptr<tune::CheckpointFolder> Session::checkpoint_folder() const {
  tune::CheckpointOptions options;
  if (request_.max_checkpoints_mib)
    options.max_bytes = static_cast<std::uint64_t>(*request_.max_checkpoints_mib) << 20U;
  if (request_.checkpoint_interval) options.interval = *request_.checkpoint_interval;
  return std::make_shared<tune::CheckpointFolder>(tune::CheckpointFolder::beside(storage_), config_.name,
                                                  options);
}

void Session::tidy_up() const {
  checkpoint_folder()->collect_orphans([&] { return unfinished_trials_in(storage_); });
}

tune::RunOptions Session::run_options(std::vector<tune::DeviceSlot> slots,
                                      const tune::ObjectiveManifest& manifest) const {
  tune::RunOptions options;
  options.slots = std::move(slots);
  options.n_trials = request_.trials.value_or(std::numeric_limits<std::int64_t>::max());
  options.timeout = request_.timeout;
  options.fixed = config_.fixed;
  options.parameters = manifest.parameters;
  options.training_seed = config_.training_seed;
  options.max_failed_in_row = config_.limits.failures_in_row;
  if (config_.limits.max_trial_seconds)
    options.max_trial_time = std::chrono::duration<double>(*config_.limits.max_trial_seconds);
  options.cost_limits = cost_limits_of(config_.limits);
  if (!request_.keep_checkpoints) return options;
  options.checkpoints = checkpoint_folder();
  options.takeover.kept_step = [folder = options.checkpoints](tune::TrialNumber number) {
    return folder->kept_step(number);
  };
  return options;
}

}  // namespace fmnist_tune
