#include "cli/run/bounded_objective.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

class BoundedObjective : public tune::Objective {
 public:
  BoundedObjective(std::unique_ptr<tune::Objective> objective, std::vector<ObjectiveGoal> goals,
                   std::vector<ConstraintBound> bounds)
      : objective_(std::move(objective)), goals_(std::move(goals)), bounds_(std::move(bounds)) {}

  tune::TrialResult run(tune::TrialContext& trial) override {
    tune::TrialResult result = objective_->run(trial);
    judge(result);
    return result;
  }
  [[nodiscard]] tune::CostEstimate estimate(const tune::ParamValues& params) const override {
    return objective_->estimate(params);
  }
  [[nodiscard]] double seconds_per_epoch(const tune::ParamValues& params,
                                         const tune::DeviceSlot& slot) const override {
    return objective_->seconds_per_epoch(params, slot);
  }
  void prepare_worker(const tune::DeviceSlot& slot) override { objective_->prepare_worker(slot); }
  [[nodiscard]] tune::Attributes provenance() const override { return objective_->provenance(); }
  tune::TrainedModel train_model(tune::TrialContext& trial) override { return objective_->train_model(trial); }

 private:
  /// What the bounds are about, where all of it is among the values.
  [[nodiscard]] std::vector<double> bounded_values(const tune::TrialResult& result) const {
    std::vector<double> values;
    for (const ConstraintBound& bound : bounds_) {
      const auto goal = std::find_if(goals_.begin(), goals_.end(),
                                     [&](const ObjectiveGoal& other) { return other.metric == bound.metric; });
      const auto place = static_cast<std::size_t>(goal - goals_.begin());
      if (place >= result.values.size()) return {};
      values.push_back(result.values[place]);
    }
    return values;
  }

  void judge(tune::TrialResult& result) const {
    using End = tune::TrialResult::End;
    const auto measured = result.measurements.empty() ? bounded_values(result) : result.measurements;
    const bool may_be_unknown = result.end != End::kComplete;
    if (result.end == End::kInterrupted || (may_be_unknown && measured.empty())) return;
    if (measured.size() != bounds_.size()) {
      throw tune::Error(
          fmt::format("the objective told {} of the {} numbers that constraints are about (measurements)",
                      result.measurements.size(), bounds_.size()));
    }
    for (std::size_t i = 0; i < bounds_.size(); ++i) {
      const ConstraintBound& bound = bounds_[i];
      if (!std::isfinite(measured[i]))
        throw tune::Error(fmt::format("{}, which a constraint is about, is {}", bound.metric, measured[i]));
      if (bound.at_most) result.constraints.push_back(measured[i] - *bound.at_most);
      if (bound.at_least) result.constraints.push_back(*bound.at_least - measured[i]);
    }
  }

  std::unique_ptr<tune::Objective> objective_;
  std::vector<ObjectiveGoal> goals_;
  std::vector<ConstraintBound> bounds_;
};

}  // namespace

std::unique_ptr<tune::Objective> with_bounds(std::unique_ptr<tune::Objective> objective,
                                             const StudyConfig& config) {
  if (config.constraints.empty()) return objective;
  return std::make_unique<BoundedObjective>(std::move(objective), config.objectives, config.constraints);
}

}  // namespace fmnist_tune
