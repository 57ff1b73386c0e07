#pragma once

#include <vector>

#include "tune/executor.hpp"

namespace fmnist_tune {

/// Tells several observers what it is told, in the order in which they were added. They must outlive it.
class Observers final : public tune::RunObserver {
 public:
  void add(tune::RunObserver& observer) { all_.push_back(&observer); }

  void on_start(tune::TrialNumber number, const tune::ParamValues& params,
                const tune::DeviceSlot& slot) override {
    for (auto* each : all_) each->on_start(number, params, slot);
  }
  void on_report(tune::TrialNumber number, tune::IntermediateValue value) override {
    for (auto* each : all_) each->on_report(number, value);
  }
  void on_finish(const tune::FrozenTrial& trial, const tune::DeviceSlot& slot) override {
    for (auto* each : all_) each->on_finish(trial, slot);
  }
  void on_wait(std::int64_t n_running) override {
    for (auto* each : all_) each->on_wait(n_running);
  }
  void on_requeue(tune::TrialNumber number, std::string_view reason) override {
    for (auto* each : all_) each->on_requeue(number, reason);
  }
  void on_takeover(const tune::TakenOver& taken) override {
    for (auto* each : all_) each->on_takeover(taken);
  }
  void on_resume(tune::TrialNumber number, std::int64_t step) override {
    for (auto* each : all_) each->on_resume(number, step);
  }
  void on_checkpoint_refused(tune::TrialNumber number, std::string_view reason) override {
    for (auto* each : all_) each->on_checkpoint_refused(number, reason);
  }
  void on_checkpoint_not_saved(tune::TrialNumber number, std::string_view reason) override {
    for (auto* each : all_) each->on_checkpoint_not_saved(number, reason);
  }
  void on_lost(tune::TrialNumber number, std::string_view reason) override {
    for (auto* each : all_) each->on_lost(number, reason);
  }
  void on_device_out(std::string_view device, std::string_view reason) override {
    for (auto* each : all_) each->on_device_out(device, reason);
  }

 private:
  std::vector<tune::RunObserver*> all_;
};

}  // namespace fmnist_tune
