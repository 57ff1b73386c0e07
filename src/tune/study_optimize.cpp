#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include "tune/error.hpp"
#include "tune/study_impl.hpp"

namespace tune {
namespace {

using Clock = std::chrono::steady_clock;

/// How often a thread looks whether the trial that it waits for has come further.
constexpr std::chrono::milliseconds kPollInterval{2};

/// The threads of one `optimize` call: how many trials are left to start, and the first error.
class Optimization {
 public:
  Optimization(Study& study, const ObjectiveFunction& objective, const OptimizeOptions& options,
               const std::atomic<bool>& stopped)
      : study_(study),
        objective_(objective),
        options_(options),
        left_(options.n_trials.value_or(std::numeric_limits<std::int64_t>::max())),
        stopped_(stopped) {}

  void work() {
    try {
      while (may_start() && run_one()) {
      }
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (!error_) error_ = std::current_exception();
      failed_ = true;
    }
  }

  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  [[nodiscard]] bool may_go_on() const {
    const bool in_time = !options_.timeout || Clock::now() - started_ < *options_.timeout;
    return in_time && !stopped_ && !failed_;
  }

  [[nodiscard]] bool may_start() { return may_go_on() && left_.fetch_sub(1) > 0; }

  /// False when the sampler has no further point.
  bool run_one() {
    AskResult asked = study_.ask_within(std::nullopt);
    while (asked.status == ReserveStatus::kOthersRunning && may_go_on()) {
      std::this_thread::sleep_for(kPollInterval);
      asked = study_.ask_within(std::nullopt);
    }
    if (!asked.trial) return false;
    const FrozenTrial told = finish(*asked.trial, asked.error);
    for (const Callback& callback : options_.callbacks) callback(study_, told);
    return true;
  }

  FrozenTrial finish(Trial& trial, const std::string& objection) {
    try {
      return evaluate(trial, objection);
    } catch (const StorageError&) {
      study_.abandon(std::move(trial));
      throw;
    }
  }

  FrozenTrial evaluate(Trial& trial, const std::string& objection) {
    std::optional<ObjectiveValues> result;
    try {
      if (!objection.empty()) throw InvalidArgument("the trial cannot take its parameters: " + objection);
      result = objective_(trial);
    } catch (const StorageError&) {
      throw;
    } catch (const std::exception& error) {
      return fail(std::move(trial), error.what());
    } catch (...) {
      return fail(std::move(trial), "the objective threw something unknown");
    }
    return result->values ? study_.tell(std::move(trial), *result->values)
                          : study_.tell(std::move(trial), TrialState::kPruned);
  }

  /// Stores the exception that is being handled, and throws it on unless it is to be caught.
  FrozenTrial fail(Trial&& trial, std::string_view reason) {
    FrozenTrial told = study_.tell(std::move(trial), TrialState::kFail, reason);
    if (!options_.catches || !options_.catches(std::current_exception())) throw;
    return told;
  }

  Study& study_;
  const ObjectiveFunction& objective_;
  const OptimizeOptions& options_;
  const Clock::time_point started_ = Clock::now();
  std::atomic<std::int64_t> left_;
  const std::atomic<bool>& stopped_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::exception_ptr error_;
};

int checked_jobs(const OptimizeOptions& options) {
  if (options.n_trials && *options.n_trials < 0) throw InvalidArgument("n_trials must be >= 0");
  if (options.n_jobs == -1) return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  if (options.n_jobs < 1) throw InvalidArgument("n_jobs must be >= 1, or -1 for one a processor");
  return options.n_jobs;
}

}  // namespace

void Study::optimize(const ObjectiveFunction& objective, const OptimizeOptions& options) {
  const int n_jobs = checked_jobs(options);
  impl_->stopped = false;
  Optimization optimization(*this, objective, options, impl_->stopped);
  {
    std::vector<std::jthread> threads;
    for (int i = 1; i < n_jobs; ++i) threads.emplace_back([&] { optimization.work(); });
    optimization.work();
  }
  optimization.rethrow();
}

void Study::stop() {
  impl_->stopped = true;
}

}  // namespace tune
