#pragma once

#include <spdlog/logger.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/run/event_log.hpp"
#include "cli/run/objective_loader.hpp"
#include "cli/run/progress.hpp"
#include "cli/run/run_request.hpp"
#include "cli/run/study_check.hpp"
#include "tune/checkpoint_folder.hpp"
#include "tune/storages/sqlite_reader.hpp"

namespace fmnist_tune {

/// What a look at the storage says before anything is loaded or written.
struct Standing {
  std::optional<tune::StudySummary> study;  ///< Nothing: it will be created.

  [[nodiscard]] std::int64_t finished() const;
};

/// The study of that name with its counts, or nothing.
[[nodiscard]] std::optional<tune::StudySummary> find_summary(tune::SqliteReader& reader,
                                                             const std::string& name);

/// Who hears of a run.
struct Listeners {
  Progress& progress;
  EventLog* events;  ///< Nobody: null.
  spdlog::logger& log;
};

/// One call of a command that runs trials: a study file, a storage, trials.
class Session {
 public:
  /// Reads the study file. Throws StudyFileError, UsageError.
  explicit Session(RunRequest request);
  /// For a study file that was made here, not read from `request.study_file`; `marks` are further system
  /// attributes of the study when it is created. It must train on the data that `subject` was trained on.
  Session(RunRequest request, StudyConfig config, tune::Attributes marks, tune::StudyRecord subject);

  /// Looks at the storage without writing. Throws UsageError when the stored study does not fit.
  [[nodiscard]] Standing look();
  /// Loads the module and the data, opens the study, runs the trials. Nothing is written before the module, the
  /// devices and the data are found to be there.
  tune::RunReport run(const std::atomic<bool>& stop, const Listeners& listeners);
  /// Removes what a killed run left of trials that are finished since. The storage must be there.
  void tidy_up() const;

  [[nodiscard]] const RunRequest& request() const { return request_; }
  [[nodiscard]] const StudyConfig& config() const { return config_; }
  /// What the objective says of its parameters; empty before `run`.
  [[nodiscard]] const std::vector<tune::OptionSpec>& parameters() const { return parameters_; }
  [[nodiscard]] const std::filesystem::path& storage() const { return storage_; }

 private:
  /// Takes the engine that the study has where it can.
  [[nodiscard]] std::unique_ptr<tune::Objective> make_objective(const LoadedObjective& loaded,
                                                                std::vector<std::string> devices) const;
  [[nodiscard]] tune::RunOptions run_options(std::vector<tune::DeviceSlot> slots,
                                             const tune::ObjectiveManifest& manifest) const;
  [[nodiscard]] std::shared_ptr<tune::CheckpointFolder> checkpoint_folder() const;

  RunRequest request_;
  Manifests manifests_;
  StudyConfig config_;
  std::vector<tune::OptionSpec> parameters_;
  tune::Attributes marks_;
  std::optional<tune::StudyRecord> subject_;
  std::filesystem::path storage_;
  std::optional<tune::StudyRecord> stored_;  ///< The study as the look at the storage found it.
};

}  // namespace fmnist_tune
