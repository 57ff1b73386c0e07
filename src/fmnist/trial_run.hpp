#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fmnist/engine.hpp"
#include "fmnist/schedule.hpp"
#include "fmnist/trainer.hpp"
#include "fmnist/training_state.hpp"
#include "tune/objective.hpp"

namespace fmnist {

/// What one trial trains with.
struct TrialPlan {
  EngineConfig engine;
  ScheduleConfig schedule;
  std::string trained_by;  ///< Engine and kind of device: another one does not go on with a checkpoint.
  BatchPlan batches;
  std::size_t examples_per_epoch = 1;
  std::int64_t epochs = 1;
  std::int64_t early_stopping = 0;  ///< Epochs without progress that are borne; 0: any number.
  std::vector<std::string> metrics;
  std::vector<std::string> measured;  ///< Metrics that results tell besides.
};

/// How a study's objective bounds its trials.
struct TrialBounds {
  std::int64_t epochs = 1;
  std::optional<std::size_t> examples_per_epoch{};  ///< All by default, and never more than there are.
};

/// From a trial's parameters. Throws InvalidArgument for what cannot be trained: a batch larger than an
/// epoch, batch norm with batches of one, a network that does not fit the images.
[[nodiscard]] TrialPlan plan_trial(const tune::ParamValues& params, const TrainingData& data,
                                   const TrialBounds& bounds);

/// From the shapes alone. Not of the memory, which depends on the engine: see engine_choice.hpp.
[[nodiscard]] tune::CostEstimate cost_of(const TrialPlan& plan);

/// One trial in training: epochs, reports, checkpoints and its end. Used once, by one thread.
///
/// Saves at the end of an epoch when the store's interval has passed and the saves take no more than a
/// hundredth of the time, and where it stands, be it amid an epoch, when the run is interrupted.
class TrialRun {
 public:
  TrialRun(tune::TrialContext& context, const TrainingData& data, TrialPlan plan,
           std::unique_ptr<Engine> engine);

  [[nodiscard]] tune::TrialResult run();
  /// What it trains.
  [[nodiscard]] const Engine& engine() const { return *engine_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// Goes on from the trial's checkpoint when there is one.
  void resume();
  void take(const tune::Checkpoint& checkpoint);
  void save();
  void save_when_due();
  /// Of the batches of that epoch.
  LearningRate lr_of_epoch(std::int64_t epoch) const;
  /// What a checkpoint must be of.
  [[nodiscard]] std::string identity() const;

  /// The trial's end when it came in this epoch, or in this pass.
  std::optional<tune::TrialResult> run_epoch();
  std::optional<tune::TrialResult> train();
  std::optional<tune::TrialResult> validate();
  std::optional<tune::TrialResult> judge(const PassResult& pass, const char* which);
  tune::TrialResult stopped();
  [[nodiscard]] bool should_stop() const { return context_.stop_reason() != tune::StopReason::kNone; }
  /// Whether the validation loss has stalled for longer than is borne.
  [[nodiscard]] bool has_stalled() const;
  /// Whether epochs have values to report.
  [[nodiscard]] bool reports() const;
  bool report(std::int64_t epoch);
  tune::TrialResult finish(tune::TrialResult result);
  [[nodiscard]] double value_of(const std::string& metric, std::int64_t epoch) const;
  /// What `measured` asks for, or nothing where a part of it is not known yet.
  [[nodiscard]] std::vector<double> measurements() const;
  [[nodiscard]] double seconds() const;
  [[nodiscard]] std::uint64_t peak_memory_bytes() const;

  tune::TrialContext& context_;
  const TrainingData& data_;
  TrialPlan plan_;
  std::unique_ptr<Engine> engine_;
  Clock::time_point start_ = Clock::now();
  double seconds_before_ = 0.0;  ///< Of training that a checkpoint brought along.
  std::uint64_t peak_memory_before_ = 0;
  tune::CostEstimate cost_;
  std::vector<std::uint32_t> order_;
  Curves curves_;
  TrainingPosition position_;

  TrainingPosition saved_position_;
  Clock::time_point last_save_ = start_;
  Clock::duration save_time_{};  ///< Of the last save.
};

}  // namespace fmnist
