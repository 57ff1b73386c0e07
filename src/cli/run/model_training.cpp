#include "cli/run/model_training.hpp"

#include "cli/run/no_checkpoints.hpp"

namespace fmnist_tune {
namespace {

/// A trial that belongs to no study.
class Lone final : public tune::TrialContext {
 public:
  Lone(const ModelTraining& training, const std::atomic<bool>& stop)
      : training_(training), slot_{.device = training.device}, stop_(stop) {}

  [[nodiscard]] tune::TrialNumber number() const override { return training_.number; }
  [[nodiscard]] const tune::ParamValues& params() const override { return training_.params; }
  [[nodiscard]] const tune::DeviceSlot& slot() const override { return slot_; }
  [[nodiscard]] std::uint64_t training_seed() const override { return training_.training_seed; }
  [[nodiscard]] std::uint64_t training_trial() const override { return training_.training_trial; }
  [[nodiscard]] tune::StopReason stop_reason() const noexcept override {
    return stop_ ? tune::StopReason::kInterrupted : tune::StopReason::kNone;
  }
  void report(double, std::int64_t) override {}
  [[nodiscard]] bool should_prune() override { return false; }
  void set_user_attr(std::string, std::string) override {}
  [[nodiscard]] tune::CheckpointStore& checkpoints() override { return checkpoints_; }

 private:
  const ModelTraining& training_;
  tune::DeviceSlot slot_;
  const std::atomic<bool>& stop_;
  NoCheckpoints checkpoints_;
};

}  // namespace

tune::TrainedModel train_model(tune::Objective& objective, const ModelTraining& training,
                               const std::atomic<bool>& stop) {
  Lone trial(training, stop);
  objective.prepare_worker(trial.slot());
  return objective.train_model(trial);
}

}  // namespace fmnist_tune
