#include "tune/executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <nlohmann/json.hpp>
#include <set>
#include <stop_token>
#include <thread>
#include <utility>

#include "tune/error.hpp"
#include "tune/format/python_json.hpp"
#include "tune/running_trial.hpp"

namespace tune {
namespace {

using Clock = std::chrono::steady_clock;

/// How often a worker with nothing to reserve looks whether somebody else's trial has come free.
constexpr std::chrono::milliseconds kPollInterval{200};

/// A time-out longer than the clock can count is none.
std::optional<Clock::time_point> deadline_after(std::chrono::seconds timeout) {
  const Clock::time_point start = Clock::now();
  const auto countable = std::chrono::duration_cast<std::chrono::seconds>(Clock::time_point::max() - start);
  return timeout < countable ? std::optional(start + timeout) : std::nullopt;
}

/// Why a trial failed, in words.
std::string reason_of(const FrozenTrial& trial) {
  const auto stored = trial.system_attrs.find(kReasonKey);
  if (stored == trial.system_attrs.end()) return "no reason given";
  const auto text = format::parse_python_json(stored->second);
  return text.is_string() ? text.get<std::string>() : stored->second;
}

/// What became of a trial in the objective's hands.
struct Verdict {
  enum class Kind : std::uint8_t { kEnded, kFailed, kDeviceBroken, kTakenOver };
  Kind kind = Kind::kEnded;
  TrialResult result;  ///< For kEnded.
  std::string reason;  ///< For the others.
};

/// One call of run_trials: what its workers share.
class Run {
 public:
  Run(Study& study, Objective& objective, const RunOptions& options, const std::atomic<bool>& stop,
      RunObserver& observer)
      : study_(study),
        objective_(objective),
        options_(options),
        stop_(stop),
        observer_(observer),
        takeover_(options.takeover) {
    if (options.timeout) deadline_ = deadline_after(*options.timeout);
    if (options.checkpoints && !takeover_.kept_step)
      takeover_.kept_step = [this](TrialNumber number) { return kept_step(number); };
  }

  /// The life of one worker.
  void work(const DeviceSlot& slot) {
    try {
      if (!prepare(slot)) return;
      while (may_start(slot) && run_next(slot)) {
      }
    } catch (...) {
      fail(std::current_exception());
    }
    changed_.notify_all();
  }

  /// Tells others that the trials here are alive, until asked to stop.
  void beat(const std::stop_token& ended) {
    std::mutex asleep;
    std::condition_variable_any never_notified;
    for (;;) {
      std::unique_lock lock(asleep);
      never_notified.wait_for(lock, ended, options_.heartbeat_interval, [] { return false; });
      if (ended.stop_requested()) return;
      try {
        lose(study_.heartbeat());
      } catch (const StorageBusy&) {
        // Whoever keeps the file keeps it from everybody: nobody can take a trial over meanwhile.
      } catch (...) {
        fail(std::current_exception());
        return;
      }
    }
  }

  [[nodiscard]] RunReport report() {
    if (error_) std::rethrow_exception(error_);
    const bool stopped_early = report_.end == RunEnd::kInterrupted || report_.end == RunEnd::kTimeout;
    if (stopped_early && finished_count() >= options_.n_trials) report_.end = RunEnd::kDone;
    return report_;
  }

 private:
  /// The run ends because of this error, unless another one came first.
  void fail(std::exception_ptr error) {
    const std::scoped_lock lock(mutex_);
    if (!error_) error_ = std::move(error);
    abort_ = true;
  }

  void lose(const std::vector<TrialNumber>& numbers) {
    const std::scoped_lock lock(mutex_);
    for (const TrialNumber number : numbers) {
      const auto running = running_.find(number);
      if (running != running_.end()) running->second->lose();
    }
  }

  /// Makes a trial known to `lose` for as long as it lives.
  class Registration {
   public:
    Registration(Run& run, RunningTrial& trial) : run_(run), number_(trial.number()) {
      const std::scoped_lock lock(run_.mutex_);
      run_.running_.insert_or_assign(number_, &trial);
    }
    ~Registration() {
      const std::scoped_lock lock(run_.mutex_);
      run_.running_.erase(number_);
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    Run& run_;
    TrialNumber number_;
  };

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

  /// Remembers how the run ends; the gravest reason stays. Needs the lock. Always false, for `return end(…)`.
  bool end(RunEnd reason, std::string_view message = {}) {
    if (reason > report_.end) {
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
          report_.n_possible = ask.n_possible;
          return end(RunEnd::kExhausted);
        }
        return ask.stagnated ? end(RunEnd::kStagnated) : false;
      case ReserveStatus::kOthersRunning:
        wait_for_others();
        return true;
      case ReserveStatus::kReserved:
        run_reserved(*ask.trial, ask.error, slot);
        return true;
    }
    throw InvalidArgument("unknown reserve status");
  }

  /// Waits a moment for a trial to come free: of another worker here, or of a process that died.
  void wait_for_others() {
    bool announce = false;
    {
      std::unique_lock lock(mutex_);
      announce = running_here_ == 0 && !std::exchange(waiting_announced_, running_here_ == 0);
      changed_.wait_for(lock, kPollInterval);
    }
    if (announce) {
      const std::scoped_lock lock(observer_mutex_);
      observer_.on_wait(static_cast<std::int64_t>(study_.count(TrialState::kRunning)));
    }
    const TakenOver taken = study_.requeue_dead_trials(takeover_);
    if (taken.requeued.empty() && taken.failed.empty()) return;
    const std::scoped_lock lock(observer_mutex_);
    observer_.on_takeover(taken);
  }

  /// `error` says why the parameters of an enqueued trial cannot be taken; usually empty.
  void run_reserved(Trial& trial, const std::string& error, const DeviceSlot& slot) {
    const TrialNumber number = trial.number();
    {
      const std::scoped_lock lock(mutex_);
      ++running_here_;
      waiting_announced_ = false;
    }
    {
      const std::scoped_lock lock(observer_mutex_);
      observer_.on_start(number, trial.params(), slot);
    }
    try {
      const Verdict verdict = error.empty() ? attempt(trial, slot) : Verdict{Verdict::Kind::kFailed, {}, error};
      settle(trial, verdict, slot);
    } catch (const StaleClaim& stale) {
      forget(trial, stale.what());
    } catch (const StorageError&) {
      study_.abandon(std::move(trial));
      throw;
    }
    {
      const std::scoped_lock lock(mutex_);
      --running_here_;
    }
    changed_.notify_all();
  }

  /// Lets the objective run the trial. Only a broken storage gets out as an exception.
  Verdict attempt(Trial& trial, const DeviceSlot& slot) {
    using Kind = Verdict::Kind;
    try {
      RunningTrial running(trial,
                           {slot, options_, study_.seed(), stop_, abort_, report_hook(), checkpoint_hooks()});
      const Registration registration(*this, running);
      check_params(running.params(), options_.parameters);
      if (auto rejected = reject(trial, running.params())) return {Kind::kEnded, std::move(*rejected), {}};
      TrialResult result = objective_.run(running);
      trial.set_constraints(result.constraints);
      return {Kind::kEnded, std::move(result), {}};
    } catch (const StaleClaim& error) {
      return {Kind::kTakenOver, {}, error.what()};
    } catch (const StorageError&) {
      throw;
    } catch (const DeviceError& error) {
      return {Kind::kDeviceBroken, {}, error.what()};
    } catch (const std::bad_alloc&) {
      return {Kind::kFailed, {}, "out of memory"};
    } catch (const std::exception& error) {
      return {Kind::kFailed, {}, error.what()};
    } catch (...) {
      return {Kind::kFailed, {}, "the objective threw something that is not a std::exception"};
    }
  }

  /// The end of a trial that would cost too much; nothing when it may be run.
  std::optional<TrialResult> reject(Trial& trial, const ParamValues& params) const {
    const CostLimits& limits = options_.cost_limits;
    if (!limits.memory_bytes && !limits.flops_per_epoch) return std::nullopt;
    CostVerdict verdict = judge_cost(objective_.estimate(params), limits);
    for (const auto& [name, excess] : verdict.constraints) trial.set_constraint(name, excess);
    if (!verdict.is_rejected()) return std::nullopt;
    TrialResult result;
    result.end = TrialResult::End::kPruned;
    result.reason = std::move(verdict.reason);
    return result;
  }

  [[nodiscard]] RunningTrial::ReportHook report_hook() {
    return [this](TrialNumber number, IntermediateValue value) {
      const std::scoped_lock lock(observer_mutex_);
      observer_.on_report(number, value);
    };
  }

  [[nodiscard]] CheckpointHooks checkpoint_hooks() {
    CheckpointHooks hooks;
    hooks.on_resume = [this](TrialNumber number, std::int64_t step) {
      const std::scoped_lock lock(observer_mutex_);
      observer_.on_resume(number, step);
    };
    hooks.on_refused = [this](TrialNumber number, std::string_view reason) {
      const std::scoped_lock lock(observer_mutex_);
      observer_.on_checkpoint_refused(number, reason);
    };
    hooks.on_not_saved = [this](TrialNumber number, std::string_view reason) {
      const std::scoped_lock lock(observer_mutex_);
      if (!std::exchange(not_saved_told_, true)) observer_.on_checkpoint_not_saved(number, reason);
    };
    return hooks;
  }

  [[nodiscard]] std::optional<std::int64_t> kept_step(TrialNumber number) const {
    return options_.checkpoints ? options_.checkpoints->kept_step(number) : std::nullopt;
  }

  /// Stores what became of the trial.
  void settle(Trial& trial, const Verdict& verdict, const DeviceSlot& slot) {
    switch (verdict.kind) {
      case Verdict::Kind::kEnded:
        return settle_ended(trial, verdict.result, slot);
      case Verdict::Kind::kFailed:
        return finished(study_.tell(std::move(trial), TrialState::kFail, verdict.reason), slot);
      case Verdict::Kind::kDeviceBroken:
        return device_failed(trial, slot, verdict.reason);
      case Verdict::Kind::kTakenOver:
        return forget(trial, verdict.reason);
    }
    throw InvalidArgument("unknown verdict on a trial");
  }

  void settle_ended(Trial& trial, const TrialResult& result, const DeviceSlot& slot) {
    switch (result.end) {
      case TrialResult::End::kComplete:
        return finished(study_.tell(std::move(trial), result.values), slot);
      case TrialResult::End::kPruned:
        return finished(study_.tell(std::move(trial), TrialState::kPruned, result.reason), slot);
      case TrialResult::End::kInterrupted:
        return requeue(trial, "interrupted");
    }
    throw InvalidArgument("unknown end of a trial");
  }

  void finished(const FrozenTrial& trial, const DeviceSlot& slot) {
    if (options_.checkpoints) options_.checkpoints->remove(trial.number);
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
    const bool nothing_works = finished_count() >= options_.first_failures && study_has_only_failures();
    if (!nothing_works && !(options_.max_failed_in_row && failed_in_row_ >= *options_.max_failed_in_row))
      return;
    abort_ = true;
    end(RunEnd::kFailing,
        (nothing_works ? all_failed_text() : in_a_row_text(failed_in_row_)) + reason_of(trial));
  }

  [[nodiscard]] std::string all_failed_text() const {
    const std::int64_t n = finished_count();
    return n == 1 ? "the only trial of the study failed: "
                  : fmt::format("all {} trials of the study failed; the last one: ", n);
  }

  [[nodiscard]] static std::string in_a_row_text(std::int64_t n) {
    return n == 1 ? "a trial failed: " : fmt::format("{} trials in a row failed; the last one: ", n);
  }

  [[nodiscard]] std::int64_t finished_count() const {
    return static_cast<std::int64_t>(study_.count(TrialState::kComplete) + study_.count(TrialState::kPruned) +
                                     study_.count(TrialState::kFail));
  }

  [[nodiscard]] bool study_has_only_failures() const {
    study_.refresh();
    return study_.count(TrialState::kComplete) + study_.count(TrialState::kPruned) == 0;
  }

  void requeue(Trial& trial, std::string_view reason) {
    const TrialNumber number = trial.number();
    study_.requeue(std::move(trial), kept_step(number));
    {
      const std::scoped_lock lock(mutex_);
      ++report_.n_requeued;
    }
    const std::scoped_lock lock(observer_mutex_);
    observer_.on_requeue(number, reason);
  }

  /// Another process took the trial over; what this one knows of it no longer counts.
  void forget(Trial& trial, std::string_view reason) {
    const TrialNumber number = trial.number();
    study_.forget(std::move(trial));
    {
      const std::scoped_lock lock(mutex_);
      ++report_.n_lost;
    }
    const std::scoped_lock lock(observer_mutex_);
    observer_.on_lost(number, reason);
  }

  /// The trial is not to blame: it goes back into the queue, for another device.
  void device_failed(Trial& trial, const DeviceSlot& slot, std::string_view reason) {
    requeue(trial, reason);
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
  TakeoverRules takeover_;
  std::optional<Clock::time_point> deadline_;

  std::mutex observer_mutex_;
  bool not_saved_told_ = false;  ///< Guarded by observer_mutex_.
  std::mutex mutex_;             ///< Guards what follows.
  std::condition_variable changed_;
  RunReport report_;
  std::map<std::string, int> device_failures_;
  std::set<std::string> devices_out_;
  std::int64_t failed_in_row_ = 0;
  std::map<TrialNumber, RunningTrial*> running_;
  int running_here_ = 0;
  bool waiting_announced_ = false;
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
  {
    const std::jthread heart([&run](const std::stop_token& ended) { run.beat(ended); });
    pool.join();
  }
  return run.report();
}

}  // namespace tune
