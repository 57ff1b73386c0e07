#include "tune/executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <set>

#include "tune/error.hpp"
#include "tune/running_trial.hpp"

namespace tune {
namespace {

using Clock = std::chrono::steady_clock;

/// How often a worker with nothing to reserve looks whether somebody else's trial has come free.
constexpr std::chrono::milliseconds kPollInterval{200};

/// One call of run_trials: what its workers share.
class Run {
 public:
  Run(Study& study, Objective& objective, const RunOptions& options, const std::atomic<bool>& stop,
      RunObserver& observer)
      : study_(study), objective_(objective), options_(options), stop_(stop), observer_(observer) {
    if (options.timeout) deadline_ = Clock::now() + *options.timeout;
  }

  /// The life of one worker.
  void work(const DeviceSlot& slot) {
    try {
      if (!prepare(slot)) return;
      while (may_start(slot) && run_next(slot)) {
      }
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (!error_) error_ = std::current_exception();
      abort_ = true;
    }
    changed_.notify_all();
  }

  [[nodiscard]] RunReport report() {
    if (error_) std::rethrow_exception(error_);
    const bool stopped_early = report_.end == RunEnd::kInterrupted || report_.end == RunEnd::kTimeout;
    if (stopped_early && finished_count() >= options_.n_trials) report_.end = RunEnd::kDone;
    return report_;
  }

 private:
  /// False when the device cannot be used at all.
  bool prepare(const DeviceSlot& slot) {
    try {
      objective_.prepare_worker(slot);
      return true;
    } catch (const DeviceError& error) {
      take_out(slot.device, error.what());
      return false;
    }
  }

  bool may_start(const DeviceSlot& slot) {
    const std::scoped_lock lock(mutex_);
    if (abort_ || devices_out_.contains(slot.device)) return false;
    if (stop_) return end(RunEnd::kInterrupted);
    if (deadline_ && Clock::now() >= *deadline_) return end(RunEnd::kTimeout);
    return true;
  }

  /// Remembers how the run ends; the first reason stays. Needs the lock. Always false, for `return end(…)`.
  bool end(RunEnd reason, std::string_view message = {}) {
    if (report_.end == RunEnd::kDone) {
      report_.end = reason;
      report_.message = message;
    }
    return false;
  }

  /// Reserves and runs one trial, or waits a moment for others. False when there is nothing left to do.
  bool run_next(const DeviceSlot& slot) {
    AskResult ask = study_.ask_within(options_.n_trials);
    switch (ask.status) {
      case ReserveStatus::kAllFinished:
        if (ask.exhausted) {
          const std::scoped_lock lock(mutex_);
          return end(RunEnd::kExhausted);
        }
        return false;
      case ReserveStatus::kOthersRunning:
        wait_for_change();
        (void)study_.requeue_dead_trials();
        return true;
      case ReserveStatus::kReserved:
        if (ask.error.empty()) {
          run_trial(std::move(*ask.trial), slot);
        } else {
          fail(std::move(*ask.trial), slot, ask.error);
        }
        changed_.notify_all();
        return true;
    }
    throw InvalidArgument("unknown reserve status");
  }

  void wait_for_change() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPollInterval);
  }

  void run_trial(Trial trial, const DeviceSlot& slot) {
    const TrialNumber number = trial.number();
    RunningTrial running(trial, {slot, options_, study_.seed(), stop_, abort_, report_hook()});
    try {
      running.check_params();
      {
        const std::scoped_lock lock(observer_mutex_);
        observer_.on_start(number, running.params(), slot);
      }
      settle(trial, objective_.run(running), slot);
    } catch (const StaleClaim& error) {
      // Another process took the trial over; what this one knows of it no longer counts.
      forget(number, error.what());
    } catch (const StorageError&) {
      throw;
    } catch (const DeviceError& error) {
      device_failed(std::move(trial), slot, error.what());
    } catch (const std::exception& error) {
      fail(std::move(trial), slot, error.what());
    }
  }

  [[nodiscard]] RunningTrial::ReportHook report_hook() {
    return [this](TrialNumber number, IntermediateValue value) {
      const std::scoped_lock lock(observer_mutex_);
      observer_.on_report(number, value);
    };
  }

  /// Stores what the objective said; `trial` is used up unless this throws InvalidArgument.
  void settle(Trial& trial, const TrialResult& result, const DeviceSlot& slot) {
    if (!result.constraints.empty()) trial.set_constraints(result.constraints);
    switch (result.end) {
      case TrialResult::End::kComplete:
        return finished(study_.tell(std::move(trial), result.values), slot);
      case TrialResult::End::kPruned:
        return finished(study_.tell(std::move(trial), TrialState::kPruned, result.reason), slot);
      case TrialResult::End::kInterrupted:
        return requeue(std::move(trial), "interrupted");
    }
    throw InvalidArgument("unknown end of a trial");
  }

  void fail(Trial trial, const DeviceSlot& slot, std::string_view reason) {
    finished(study_.tell(std::move(trial), TrialState::kFail, reason), slot);
  }

  void finished(const FrozenTrial& trial, const DeviceSlot& slot) {
    {
      const std::scoped_lock lock(mutex_);
      device_failures_[slot.device] = 0;
      count(trial);
    }
    const std::scoped_lock lock(observer_mutex_);
    observer_.on_finish(trial, slot);
  }

  /// Counts a finished trial and ends the run when too many failed. Needs the lock.
  void count(const FrozenTrial& trial) {
    if (trial.state == TrialState::kComplete) ++report_.n_complete;
    if (trial.state == TrialState::kPruned) ++report_.n_pruned;
    if (trial.state != TrialState::kFail) {
      failed_in_row_ = 0;
      return;
    }
    ++report_.n_fail;
    ++failed_in_row_;
    const auto reason = trial.system_attrs.find(kReasonKey);
    const std::string last = reason == trial.system_attrs.end() ? "no reason given" : reason->second;
    const bool nothing_works = failed_in_row_ >= options_.first_failures && study_has_only_failures();
    if (nothing_works || (options_.max_failed_in_row && failed_in_row_ >= *options_.max_failed_in_row)) {
      abort_ = true;
      end(RunEnd::kFailing, fmt::format("{} trials in a row failed; the last one: {}", failed_in_row_, last));
    }
  }

  [[nodiscard]] std::int64_t finished_count() const {
    return static_cast<std::int64_t>(study_.count(TrialState::kComplete) + study_.count(TrialState::kPruned) +
                                     study_.count(TrialState::kFail));
  }

  [[nodiscard]] bool study_has_only_failures() const {
    return study_.count(TrialState::kComplete) + study_.count(TrialState::kPruned) == 0;
  }

  void requeue(Trial trial, std::string_view reason) {
    const TrialNumber number = trial.number();
    study_.requeue(std::move(trial));
    {
      const std::scoped_lock lock(mutex_);
      ++report_.n_requeued;
    }
    const std::scoped_lock lock(observer_mutex_);
    observer_.on_requeue(number, reason);
  }

  void forget(TrialNumber number, std::string_view reason) {
    study_.forget(number);
    const std::scoped_lock lock(observer_mutex_);
    observer_.on_requeue(number, reason);
  }

  /// The trial is not to blame: it goes back into the queue, for another device.
  void device_failed(Trial trial, const DeviceSlot& slot, std::string_view reason) {
    requeue(std::move(trial), reason);
    bool broken = false;
    {
      const std::scoped_lock lock(mutex_);
      broken = ++device_failures_[slot.device] >= options_.max_device_failures;
    }
    if (broken) take_out(slot.device, reason);
  }

  void take_out(const std::string& device, std::string_view reason) {
    {
      const std::scoped_lock lock(mutex_);
      if (!devices_out_.insert(device).second) return;
      const bool any_left = std::any_of(options_.slots.begin(), options_.slots.end(),
                                        [&](const DeviceSlot& s) { return !devices_out_.contains(s.device); });
      if (!any_left) {
        end(RunEnd::kNoDevice,
            fmt::format("every device is out of service; the last one, {}: {}", device, reason));
      }
    }
    const std::scoped_lock lock(observer_mutex_);
    observer_.on_device_out(device, reason);
  }

  Study& study_;
  Objective& objective_;
  const RunOptions& options_;
  const std::atomic<bool>& stop_;
  RunObserver& observer_;
  std::optional<Clock::time_point> deadline_;

  std::mutex observer_mutex_;
  std::mutex mutex_;  ///< Guards what follows.
  std::condition_variable changed_;
  RunReport report_;
  std::map<std::string, int> device_failures_;
  std::set<std::string> devices_out_;
  std::int64_t failed_in_row_ = 0;
  std::exception_ptr error_;
  std::atomic<bool> abort_{false};
};

}  // namespace

std::vector<DeviceSlot> make_slots(const std::vector<std::string>& devices, int jobs_per_device) {
  if (devices.empty()) throw InvalidArgument("a run needs at least one device");
  if (jobs_per_device < 1) {
    throw InvalidArgument(fmt::format("jobs per device must be >= 1, found {}", jobs_per_device));
  }
  std::vector<DeviceSlot> slots;
  for (const auto& device : devices) {
    for (int job = 0; job < jobs_per_device; ++job)
      slots.push_back({device, job, static_cast<int>(slots.size())});
  }
  return slots;
}

RunReport run_trials(Study& study, Objective& objective, const RunOptions& options,
                     const std::atomic<bool>& stop, RunObserver& observer) {
  if (options.slots.empty()) throw InvalidArgument("a run needs at least one slot");
  Run run(study, objective, options, stop, observer);
  boost::asio::thread_pool pool(options.slots.size());
  for (const auto& slot : options.slots) {
    boost::asio::post(pool, [&run, &slot] { run.work(slot); });
  }
  pool.join();
  return run.report();
}

}  // namespace tune
