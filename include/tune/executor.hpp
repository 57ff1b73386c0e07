#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/checkpoint_folder.hpp"
#include "tune/cost_limits.hpp"
#include "tune/objective.hpp"
#include "tune/study.hpp"

namespace tune {

/// One slot for each (device, job): devices in the given order, jobs of a device next to each other.
/// Throws InvalidArgument when there is no device or `jobs_per_device` < 1.
[[nodiscard]] std::vector<DeviceSlot> make_slots(const std::vector<std::string>& devices, int jobs_per_device);

struct RunOptions {
  std::vector<DeviceSlot> slots;
  std::int64_t n_trials = 0;                      ///< Finished trials the study should have.
  std::optional<std::chrono::seconds> timeout;    ///< No new trials after it; running ones end.
  ParamValues fixed;                              ///< Parameters the space does not name.
  std::vector<OptionSpec> parameters;             ///< The manifest's: defaults for what is missing.
  std::optional<std::uint64_t> training_seed;     ///< Default: keyed by study seed and trial number.
  int max_device_failures = 3;                    ///< DeviceErrors in a row that take a device out.
  std::optional<std::int64_t> max_failed_in_row;  ///< FAILs in a row in this run that end it.
  std::int64_t first_failures = 10;               ///< A study whose first so many trials all FAIL is ended.
  /// Time after which a trial is asked to stop, with that before its checkpoint; the objective says what it is
  /// then (PRUNED, usually).
  std::optional<std::chrono::duration<double>> max_trial_time;
  /// A trial whose estimate exceeds one is PRUNED before the objective runs it, with a violated constraint.
  CostLimits cost_limits;
  /// How often other processes are told that the trials of this one are alive.
  std::chrono::milliseconds heartbeat_interval = std::chrono::seconds(10);
  /// For trials of processes that are gone, while this one waits; without a `kept_step`: that of `checkpoints`.
  TakeoverRules takeover;
  /// What interrupted trials go on from; nothing: they begin anew.
  std::shared_ptr<CheckpointFolder> checkpoints;
};

/// How a run ended; where several apply, the last one named here.
enum class RunEnd : std::uint8_t {
  kDone,         ///< The study has its trials.
  kExhausted,    ///< There is nothing further to suggest and no trial is left.
  kStagnated,    ///< The study's `stagnation` is reached and no trial is left.
  kTimeout,      ///< The time was up.
  kInterrupted,  ///< The stop flag was raised.
  kNoDevice,     ///< Every device is out of service; `message` has the last reason.
  kFailing,      ///< Too many failures; `message` has the last reason.
};

struct RunReport {
  RunEnd end = RunEnd::kDone;
  std::int64_t n_complete = 0;  ///< Of this run, as are the next ones.
  std::int64_t n_pruned = 0;
  std::int64_t n_fail = 0;
  std::int64_t n_requeued = 0;
  std::int64_t n_lost = 0;  ///< Taken over or ended by another process.
  std::string message;
  /// With kExhausted, when trials have every configuration of the space: how many there are.
  std::optional<std::uint64_t> n_possible;
};

/// Hears of a run from its worker threads, one call at a time.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_start(TrialNumber, const ParamValues&, const DeviceSlot&) {}
  virtual void on_report(TrialNumber, IntermediateValue) {}
  virtual void on_finish(const FrozenTrial&, const DeviceSlot&) {}
  /// Nothing runs here any more and nothing can be reserved while trials of other processes run.
  virtual void on_wait(std::int64_t /*n_running*/) {}
  virtual void on_requeue(TrialNumber, std::string_view /*reason*/) {}
  /// Trials of processes that are gone went back into the queue or were given up.
  virtual void on_takeover(const TakenOver&) {}
  /// The trial goes on behind the step that its checkpoint reached.
  virtual void on_resume(TrialNumber, std::int64_t /*step*/) {}
  /// What is kept of the trial cannot be used: it begins anew.
  virtual void on_checkpoint_refused(TrialNumber, std::string_view /*reason*/) {}
  /// Told once a run, of the first trial. It and others go on and will be tried again, but may begin anew
  /// later.
  virtual void on_checkpoint_not_saved(TrialNumber, std::string_view /*reason*/) {}
  /// Another process took the trial over or ended it; what was computed of it here no longer counts.
  virtual void on_lost(TrialNumber, std::string_view /*reason*/) {}
  virtual void on_device_out(std::string_view /*device*/, std::string_view /*reason*/) {}
};

/// Runs trials of `objective` on the slots, one thread a slot, until the study has `n_trials` finished
/// ones, and returns when every worker is back. `stop` may be raised from any thread (a signal handler's
/// included): no new trials start, running ones are asked to stop and go back into the queue.
///
/// With cost limits every trial keeps what the estimate is of each as a named constraint (see CostVerdict).
/// A trial that throws is FAIL with the reason as attribute; DeviceError puts it back into the queue instead.
/// A trial that another process took over is asked to stop, and nothing more of it is stored.
/// A StorageError ends the run and is rethrown after all workers have stopped.
RunReport run_trials(Study& study, Objective& objective, const RunOptions& options,
                     const std::atomic<bool>& stop, RunObserver& observer);

}  // namespace tune
