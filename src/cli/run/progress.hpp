#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/run/screen.hpp"
#include "cli/run/waiting.hpp"
#include "tune/executor.hpp"

namespace fmnist_tune {

/// What stands in the study when a run begins.
struct ProgressStart {
  std::string study_name;
  tune::Direction direction = tune::Direction::kNotSet;  ///< kNotSet with several objectives.
  std::optional<std::int64_t> n_trials;                  ///< Finished trials the study should have.
  std::int64_t n_complete = 0;
  std::int64_t n_pruned = 0;
  std::int64_t n_fail = 0;
  std::optional<double> best_value;
  std::int64_t best_number = 0;
};

/// What the study holds now, asked of the study itself: a second connection to a SQLite file would, when it is
/// closed, end the locks that this process holds on it.
[[nodiscard]] ProgressStart progress_start(const tune::Study& study, std::optional<std::int64_t> n_trials);

/// Shows how a run goes: on a terminal one line that is redrawn, elsewhere a line a trial. Failures and
/// devices that go out of service are told everywhere. Safe from any thread.
class Progress final : public tune::RunObserver {
 public:
  Progress(Screen& screen, std::shared_ptr<spdlog::logger> log, bool quiet);

  /// The running trials of other processes, asked when this one has to wait for them.
  using AwaitedTrials = std::function<std::vector<AwaitedTrial>()>;

  /// Says where the study stands; trials are counted from here.
  void begin(const ProgressStart& start, AwaitedTrials awaited = {});
  /// Draws the status line anew; does nothing without a terminal.
  void redraw();
  /// Takes the status line away.
  void end();

  void on_start(tune::TrialNumber number, const tune::ParamValues& params,
                const tune::DeviceSlot& slot) override;
  void on_finish(const tune::FrozenTrial& trial, const tune::DeviceSlot& slot) override;
  /// Says once of each trial that it is waited for, and why.
  void on_wait(std::int64_t n_running) override;
  void on_requeue(tune::TrialNumber number, std::string_view reason) override;
  void on_device_out(std::string_view device, std::string_view reason) override;

 private:
  void count(const tune::FrozenTrial& trial);
  [[nodiscard]] std::int64_t finished() const;
  [[nodiscard]] std::string finished_text() const;
  [[nodiscard]] std::string best_text() const;
  [[nodiscard]] std::string pace_text() const;
  [[nodiscard]] std::string status_text() const;

  Screen& screen_;
  std::shared_ptr<spdlog::logger> log_;
  bool quiet_;

  mutable std::mutex mutex_;  ///< Guards what follows.
  ProgressStart now_;
  bool begun_ = false;
  std::chrono::steady_clock::time_point started_;
  std::int64_t finished_here_ = 0;
  std::int64_t running_ = 0;
  AwaitedTrials awaited_;
  std::set<tune::TrialNumber> told_of_;  ///< Awaited trials that were named already.
};

/// `lr=0.001 optimizer=adam`
[[nodiscard]] std::string params_text(const tune::FrozenTrial& trial);

}  // namespace fmnist_tune
