#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/run/logging.hpp"
#include "cli/run/screen.hpp"
#include "cli/run/study_counter.hpp"
#include "cli/run/waiting.hpp"
#include "tune/executor.hpp"

namespace fmnist_tune {

/// Shows how a run goes: on a terminal one line that is redrawn, elsewhere a line a trial. Failures and
/// devices that go out of service are told everywhere. Counts and best trial are the study's, whichever process
/// ran the trials; only the rate is that of this process. Safe from any thread.
class Progress final : public tune::RunObserver {
 public:
  Progress(Screen& screen, Logs logs, bool quiet);

  /// The running trials of other processes, asked when this one has to wait for them.
  using AwaitedTrials = std::function<std::vector<AwaitedTrial>()>;

  /// Where the study stands now; asked at the begin and whenever something happens, one call at a time.
  using Look = std::function<StudyTally()>;

  /// From here on the study is shown.
  void begin(Look look, AwaitedTrials awaited = {});
  /// Draws the status line anew; does nothing without a terminal.
  void redraw();
  /// Takes the status line away.
  void end();

  void on_start(tune::TrialNumber number, const tune::ParamValues& params,
                const tune::DeviceSlot& slot) override;
  void on_report(tune::TrialNumber number, tune::IntermediateValue value) override;
  void on_finish(const tune::FrozenTrial& trial, const tune::DeviceSlot& slot) override;
  /// Says once of each trial that it is waited for, and why.
  void on_wait(std::int64_t n_running) override;
  void on_requeue(tune::TrialNumber number, std::string_view reason) override;
  void on_takeover(const tune::TakenOver& taken) override;
  void on_lost(tune::TrialNumber number, std::string_view reason) override;
  void on_resume(tune::TrialNumber number, std::int64_t step) override;
  void on_checkpoint_refused(tune::TrialNumber number, std::string_view reason) override;
  void on_checkpoint_not_saved(tune::TrialNumber number, std::string_view reason) override;
  void on_device_out(std::string_view device, std::string_view reason) override;

 private:
  /// Asks where the study stands, outside the lock: that reads the storage, and the status line must not stand
  /// still for it.
  void look_again();
  [[nodiscard]] std::string finished_text() const;
  [[nodiscard]] std::string best_text() const;
  [[nodiscard]] std::string pace_text() const;
  [[nodiscard]] std::string status_text() const;

  Screen& screen_;
  Logs logs_;
  bool quiet_;

  mutable std::mutex mutex_;  ///< Guards what follows.
  Look look_;
  StudyTally now_;
  bool begun_ = false;
  std::chrono::steady_clock::time_point started_;
  std::int64_t finished_before_ = 0;  ///< When this process began.
  std::int64_t finished_here_ = 0;
  AwaitedTrials awaited_;
  std::set<tune::TrialNumber> told_of_;  ///< Awaited trials that were named already.
};

/// `lr=0.001 optimizer=adam`
[[nodiscard]] std::string params_text(const tune::FrozenTrial& trial);
[[nodiscard]] std::string params_text(const tune::ParamValues& params);

}  // namespace fmnist_tune
