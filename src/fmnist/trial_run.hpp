#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fmnist/engine.hpp"
#include "fmnist/trainer.hpp"
#include "tune/objective.hpp"

namespace fmnist {

/// Loss and accuracy by epoch.
struct Curves {
  std::vector<double> train_loss, train_accuracy, validation_loss, validation_accuracy;
};

/// What one trial trains with.
struct TrialPlan {
  EngineConfig engine;
  BatchPlan batches;
  std::int64_t epochs = 1;
  std::vector<std::string> metrics;
};

/// From a trial's parameters. Throws InvalidArgument for what cannot be trained: a batch larger than the
/// training set, batch norm with batches of one.
[[nodiscard]] TrialPlan plan_trial(const tune::ParamValues& params, std::size_t n_training);

/// One trial in training: epochs, reports and its end. Used once, by one thread.
class TrialRun {
 public:
  TrialRun(tune::TrialContext& context, const TrainingData& data, TrialPlan plan,
           std::unique_ptr<Engine> engine);

  [[nodiscard]] tune::TrialResult run();

 private:
  /// The trial's end when it came in this epoch.
  std::optional<tune::TrialResult> run_epoch(std::int64_t epoch);
  std::optional<tune::TrialResult> judge(const PassResult& pass, const char* which, std::int64_t epoch) const;
  bool report(std::int64_t epoch);
  tune::TrialResult finish(tune::TrialResult result);
  [[nodiscard]] double value_of(const std::string& metric) const;
  [[nodiscard]] double seconds() const;

  tune::TrialContext& context_;
  const TrainingData& data_;
  TrialPlan plan_;
  std::unique_ptr<Engine> engine_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::size_t parameter_count_;
  std::vector<std::uint32_t> order_;
  Curves curves_;
};

}  // namespace fmnist
