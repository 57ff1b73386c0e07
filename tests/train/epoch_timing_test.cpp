#include "fmnist/epoch_timing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "fmnist/objective.hpp"
#include "train/support.hpp"
#include "tune/error.hpp"

namespace {

using namespace train_test;
using Positions = std::span<const std::uint32_t>;

/// Learns nothing and remembers what it was shown.
class RecordingEngine final : public fmnist::Engine {
 public:
  void begin_epoch(std::uint64_t) override {}
  void set_lr(double) override {}
  fmnist::BatchSums train_step(Positions positions) override {
    batch_sizes.push_back(positions.size());
    trained.insert(positions.begin(), positions.end());
    return {};
  }
  fmnist::BatchSums evaluate(Positions positions) override {
    evaluated.insert(positions.begin(), positions.end());
    return {};
  }
  std::vector<float> outputs(Positions) override { return {}; }
  [[nodiscard]] std::vector<float> parameters() const override { return {}; }
  [[nodiscard]] std::vector<float> gradients() const override { return {}; }
  [[nodiscard]] std::vector<float> buffers() const override { return {}; }
  [[nodiscard]] fmnist::EngineState state() const override { return {}; }
  void restore(const fmnist::EngineState&) override {}

  std::vector<std::size_t> batch_sizes;
  std::set<std::uint32_t> trained;
  std::set<std::uint32_t> evaluated;
};

fmnist::TrialPlan plan_of(std::size_t batch_size, std::size_t examples, bool skip_single = false) {
  fmnist::TrialPlan plan;
  plan.batches = {batch_size, skip_single};
  plan.examples_per_epoch = examples;
  return plan;
}

std::set<std::uint32_t> as_set(Positions positions) {
  return {positions.begin(), positions.end()};
}

TEST(TimeOfEpoch, TrainsOnBatchesOfTheTrialAndEvaluatesTheValidationExamples) {
  const auto data = made_up_data(500, 30, 5);
  const auto training = as_set(data->split.training);
  RecordingEngine engine;
  EXPECT_GT(fmnist::time_of_epoch(engine, *data, plan_of(64, 200)), 0.0);
  EXPECT_TRUE(std::includes(training.begin(), training.end(), engine.trained.begin(), engine.trained.end()));
  EXPECT_LE(engine.trained.size(), 200U);
  EXPECT_LE(*std::max_element(engine.batch_sizes.begin(), engine.batch_sizes.end()), 64U);
  EXPECT_EQ(engine.evaluated, as_set(data->split.validation));
}

TEST(TimeOfEpoch, TakesAFewStepsOfAnEpochOfOneBatchAndNoneOfASingleExample) {
  const auto data = made_up_data(500, 30, 5);
  RecordingEngine one_batch;
  EXPECT_GT(fmnist::time_of_epoch(one_batch, *data, plan_of(200, 200)), 0.0);
  EXPECT_EQ(one_batch.batch_sizes, (std::vector<std::size_t>(5, 200)));
  RecordingEngine with_rest;
  (void)fmnist::time_of_epoch(with_rest, *data, plan_of(50, 151, true));
  EXPECT_EQ(std::count(with_rest.batch_sizes.begin(), with_rest.batch_sizes.end(), 1U), 0);
}

TEST(Objective, TimesAnEpochWithEitherEngineAndRefusesWhatCannotBeTrained) {
  const auto data = made_up_data(500, 30, 5);
  const auto value = [](std::int64_t number) { return tune::ParamValue(number); };
  for (const char* engine : {"gemm", "tensor", "autograd"}) {
    const fmnist::Objective objective(config_with({{"engine", std::string(engine)}}), data);
    EXPECT_GT(objective.seconds_per_epoch(params_with({{"width", value(8)}, {"batch_size", value(32)}}), {}),
              0.0);
    const auto too_large = params_with({{"batch_size", value(401)}});
    EXPECT_THROW((void)objective.seconds_per_epoch(too_large, {}), tune::InvalidArgument);
  }
}

}  // namespace
