#pragma once

#include <spdlog/logger.h>

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "cli/output/json.hpp"
#include "tune/executor.hpp"

namespace fmnist_tune {

/// What happens in a run as JSON lines for other programs: one object a line with `time` (UTC), `event`,
/// `study` and what belongs to the event. Every line is one write to the end of the file, so several processes
/// may share it. What can no longer be written, because the disk is full or the reader of a pipe is gone or
/// sleeps, is told once and the run goes on: the study itself is in the storage.
class EventLog final : public tune::RunObserver {
 public:
  /// Throws tune::Error when the file cannot be opened for writing.
  EventLog(const std::filesystem::path& file, std::shared_ptr<spdlog::logger> log);
  ~EventLog() override;
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  /// `run_began` with the study's storage and seed, and the slots of this process. To be called before any
  /// other.
  void begin(const std::string& study, const std::filesystem::path& storage, std::uint64_t seed,
             const std::vector<tune::DeviceSlot>& slots);
  /// `run_ended` with the counts of this run.
  void end(const tune::RunReport& report);

  void on_start(tune::TrialNumber number, const tune::ParamValues& params,
                const tune::DeviceSlot& slot) override;
  void on_report(tune::TrialNumber number, tune::IntermediateValue value) override;
  void on_finish(const tune::FrozenTrial& trial, const tune::DeviceSlot& slot) override;
  void on_wait(std::int64_t n_running) override;
  void on_requeue(tune::TrialNumber number, std::string_view reason) override;
  void on_takeover(const tune::TakenOver& taken) override;
  void on_resume(tune::TrialNumber number, std::int64_t step) override;
  void on_checkpoint_refused(tune::TrialNumber number, std::string_view reason) override;
  void on_checkpoint_not_saved(tune::TrialNumber number, std::string_view reason) override;
  void on_lost(tune::TrialNumber number, std::string_view reason) override;
  void on_device_out(std::string_view device, std::string_view reason) override;

 private:
  void write(std::string_view event, const Json& facts);
  void write_of_trial(std::string_view event, tune::TrialNumber number, std::string_view reason);

  std::filesystem::path file_;
  std::shared_ptr<spdlog::logger> log_;
  int descriptor_;
  bool broken_ = false;
  std::string study_;
};

}  // namespace fmnist_tune
