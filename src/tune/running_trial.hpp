#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tune/executor.hpp"
#include "tune/objective.hpp"
#include "tune/trial_checkpoints.hpp"

namespace tune {

/// What a trial with these suggested parameters trains with: `fixed` and the defaults of the manifest's
/// `parameters` for what was not suggested.
[[nodiscard]] ParamValues complete_params(const ParamValues& suggested, const ParamValues& fixed,
                                          const std::vector<OptionSpec>& parameters);

/// Throws InvalidArgument when a parameter is unknown to the objective or outside what it takes.
void check_params(const ParamValues& params, const std::vector<OptionSpec>& parameters);

/// What the executor shows an objective of one trial: the study's Trial, the worker's slot, the run's stop
/// flags.
class RunningTrial final : public TrialContext {
 public:
  using ReportHook = std::function<void(TrialNumber, IntermediateValue)>;

  struct Surroundings {
    const DeviceSlot& slot;
    const RunOptions& options;
    std::uint64_t study_seed;
    const std::atomic<bool>& stop;
    const std::atomic<bool>& abort;
    ReportHook on_report;
    CheckpointHooks checkpoint_hooks;
  };

  RunningTrial(Trial& trial, Surroundings surroundings);

  /// The trial belongs to another process now. From any thread.
  void lose() noexcept {
    is_lost_ = true;
    checkpoints_.close();
  }

  [[nodiscard]] TrialNumber number() const override { return trial_.number(); }
  [[nodiscard]] const ParamValues& params() const override { return params_; }
  [[nodiscard]] const DeviceSlot& slot() const override { return around_.slot; }
  [[nodiscard]] std::uint64_t training_seed() const override;
  [[nodiscard]] std::uint64_t training_trial() const override;
  [[nodiscard]] StopReason stop_reason() const noexcept override;
  void report(double value, std::int64_t step) override;
  [[nodiscard]] bool should_prune() override { return trial_.should_prune(); }
  void set_user_attr(std::string key, std::string json) override;
  [[nodiscard]] CheckpointStore& checkpoints() override { return checkpoints_; }

 private:
  /// Everything that makes the trial, as far as the search knows it.
  [[nodiscard]] std::string fingerprint() const;

  Trial& trial_;
  Surroundings around_;
  ParamValues params_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;  ///< But for the time of earlier attempts.
  std::atomic<bool> is_lost_{false};
  TrialCheckpoints checkpoints_;
};

}  // namespace tune
