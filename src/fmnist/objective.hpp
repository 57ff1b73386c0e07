#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fmnist/dataset.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/trial_run.hpp"
#include "tune/objective.hpp"

namespace fmnist {

/// A mean loss beyond this many times that of guessing (ln of the number of classes) is a divergence, even
/// where numbers stay finite.
inline constexpr double kDivergedFactor = 1000.0;

/// Trains image classifiers on an IDX data set, one network a trial.
///
/// Reports the study's metric after each epoch when the study has one objective and the metric is one that
/// changes with epochs; a trial's values are those after the last epoch. A loss that is NaN, infinite or beyond
/// kDivergedFactor ends the trial as PRUNED with the reason, without a report for that epoch. User attributes:
/// `curves` (four lists by epoch), `parameter_count`, `training_seconds`.
class Objective final : public tune::Objective {
 public:
  /// Reads the data. Throws tune::Error when they cannot be read, InvalidArgument for an unknown metric or a
  /// device that this machine lacks.
  explicit Objective(const tune::ObjectiveConfig& config);
  /// The same over data that are there already; `config.data_dir` is not used.
  Objective(const tune::ObjectiveConfig& config, std::shared_ptr<const TrainingData> data);

  tune::TrialResult run(tune::TrialContext& trial) override;
  /// Reads the test set first when the data were read: whatever is wrong with it is told at once.
  tune::TrainedModel train_model(tune::TrialContext& trial) override;
  [[nodiscard]] tune::CostEstimate estimate(const tune::ParamValues& params) const override;
  [[nodiscard]] double seconds_per_epoch(const tune::ParamValues& params,
                                         const tune::DeviceSlot& slot) const override;
  void prepare_worker(const tune::DeviceSlot& slot) override;
  [[nodiscard]] tune::Attributes provenance() const override;

 private:
  [[nodiscard]] TrialPlan plan(const tune::TrialContext& trial, const TrainingData& data) const;

  std::shared_ptr<const TrainingData> data_;
  std::vector<std::string> metrics_;
  std::vector<std::string> measured_;
  tune::OptionValues settings_;
  std::vector<std::string> devices_;
  tune::ParamValues common_;
  std::string engine_;
  bool needs_libtorch_;
  TrialBounds bounds_;
  std::optional<DataOptions> source_;  ///< Nothing: the data were there already.
};

/// Reads what `config` names.
[[nodiscard]] DataOptions data_options(const tune::ObjectiveConfig& config);

}  // namespace fmnist
