#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "tune/error.hpp"
#include "tune/study_impl.hpp"

namespace tune {
namespace {

/// The threads of one `optimize` call: how many trials are left to start, and the first error.
class Optimization {
 public:
  Optimization(Study& study, const Study::Callable& objective, std::int64_t n_trials, bool catch_errors,
               const std::atomic<bool>& stopped)
      : study_(study), objective_(objective), left_(n_trials), catch_errors_(catch_errors), stopped_(stopped) {}

  void work() {
    try {
      while (!stopped_ && !failed_ && left_.fetch_sub(1) > 0) run_one();
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
  void run_one() {
    Trial trial = study_.ask();
    std::optional<double> value;
    try {
      value = objective_(trial);
    } catch (const StorageError&) {
      throw;
    } catch (const std::exception& error) {
      (void)study_.tell(std::move(trial), TrialState::kFail, error.what());
      if (!catch_errors_) throw;
      return;
    } catch (...) {
      (void)study_.tell(std::move(trial), TrialState::kFail, "the objective threw something unknown");
      if (!catch_errors_) throw;
      return;
    }
    if (value) {
      (void)study_.tell(std::move(trial), *value);
    } else {
      (void)study_.tell(std::move(trial), TrialState::kPruned);
    }
  }

  Study& study_;
  const Study::Callable& objective_;
  std::atomic<std::int64_t> left_;
  const bool catch_errors_;
  const std::atomic<bool>& stopped_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::exception_ptr error_;
};

}  // namespace

void Study::optimize(const Callable& objective, std::int64_t n_trials, int n_jobs, bool catch_errors) {
  if (n_jobs < 1) throw InvalidArgument("n_jobs must be >= 1");
  impl_->stopped = false;
  Optimization optimization(*this, objective, n_trials, catch_errors, impl_->stopped);
  std::vector<std::thread> threads;
  for (int i = 1; i < n_jobs; ++i) threads.emplace_back([&] { optimization.work(); });
  optimization.work();
  for (auto& thread : threads) thread.join();
  optimization.rethrow();
}

}  // namespace tune
