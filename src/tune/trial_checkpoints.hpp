#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "tune/checkpoint_folder.hpp"
#include "tune/objective.hpp"

namespace tune {

/// Whom a run tells about checkpoints.
struct CheckpointHooks {
  std::function<void(TrialNumber, std::int64_t step)> on_resume;
  /// What is kept of the trial cannot be used.
  std::function<void(TrialNumber, std::string_view reason)> on_refused;
  std::function<void(TrialNumber, std::string_view reason)> on_not_saved;
};

/// The checkpoints of one trial in the folder of its study, or none without a folder.
class TrialCheckpoints final : public CheckpointStore {
 public:
  TrialCheckpoints(CheckpointFolder* folder, TrialNumber trial, std::string fingerprint, CheckpointHooks hooks);

  [[nodiscard]] std::chrono::duration<double> interval() const override;
  bool resume(const Take& take) override;
  bool save(const Checkpoint& checkpoint) override;

  /// Training that the trial brought along. From any thread.
  [[nodiscard]] std::chrono::duration<double> time_before() const noexcept { return time_before_; }
  /// Nothing is saved any more: the trial belongs to another process. From any thread.
  void close() noexcept { is_closed_ = true; }

 private:
  bool begin_anew(std::string_view reason);

  CheckpointFolder* folder_;
  TrialNumber trial_;
  std::string fingerprint_;
  CheckpointHooks hooks_;
  std::atomic<std::chrono::duration<double>> time_before_{};
  std::atomic<bool> is_closed_{false};
};

}  // namespace tune
