#include "fmnist/schedule.hpp"

#include <gtest/gtest.h>

#include "train/support.hpp"

namespace {

using namespace train_test;
using fmnist::lr_factor;
using fmnist::ScheduleKind;

/// Ten epochs of 100 batches.
double factor_at(const fmnist::ScheduleConfig& config, std::size_t batch) {
  return lr_factor(config, {batch, 100, 10});
}

TEST(Schedule, IsConstantUnlessAskedFor) {
  EXPECT_TRUE(fmnist::schedule_config(params_with({})).is_constant());
  EXPECT_EQ(factor_at({}, 999), 1.0);
}

TEST(Schedule, StepsAfterWholeEpochs) {
  const fmnist::ScheduleConfig config{.kind = ScheduleKind::kStep, .step_epochs = 3, .gamma = 0.5};
  EXPECT_EQ(factor_at(config, 299), 1.0);
  EXPECT_EQ(factor_at(config, 300), 0.5);
  EXPECT_EQ(factor_at(config, 999), 0.125);
}

TEST(Schedule, FollowsACosineDownToZero) {
  const fmnist::ScheduleConfig config{.kind = ScheduleKind::kCosine};
  EXPECT_EQ(factor_at(config, 0), 1.0);
  EXPECT_NEAR(factor_at(config, 250), 0.853553, 1e-6);
  EXPECT_NEAR(factor_at(config, 500), 0.5, 1e-12);
  EXPECT_NEAR(factor_at(config, 999), 0.0, 1e-5);
}

/// By the formula of torch.optim.lr_scheduler.OneCycleLR, whose peak is batch 0.3·n − 1.
TEST(Schedule, RisesAndFallsInOneCycle) {
  const fmnist::ScheduleConfig config{.kind = ScheduleKind::kOneCycle};
  EXPECT_NEAR(factor_at(config, 0), 0.04, 1e-11);
  EXPECT_NEAR(factor_at(config, 150), 0.522521668123, 1e-11);
  EXPECT_NEAR(factor_at(config, 299), 1, 1e-11);
  EXPECT_NEAR(factor_at(config, 650), 0.497758021756, 1e-11);
  EXPECT_NEAR(factor_at(config, 999), 4e-06, 1e-11);
}

TEST(Schedule, HasAFiniteCycleForTheShortestTraining) {
  const fmnist::ScheduleConfig config{.kind = ScheduleKind::kOneCycle};
  for (const std::size_t n : {1U, 2U, 3U, 4U}) {
    for (std::size_t batch = 0; batch < n; ++batch) {
      const double factor = lr_factor(config, {batch, n, 1});
      EXPECT_TRUE(factor > 0.0 && factor <= 1.0) << factor << " in batch " << batch << " of " << n;
    }
  }
}

TEST(Schedule, WarmsUpFromTheFirstBatchOn) {
  const fmnist::ScheduleConfig config{.warmup_epochs = 0.5};
  EXPECT_FALSE(config.is_constant());
  EXPECT_EQ(factor_at(config, 0), 0.02);
  EXPECT_EQ(factor_at(config, 24), 0.5);
  EXPECT_EQ(factor_at(config, 49), 1.0);
  EXPECT_EQ(factor_at(config, 50), 1.0);
}

TEST(Schedule, RefusesAnUnknownNameAndNoEpochsBetweenSteps) {
  EXPECT_TRUE(mentions(error_of([] {
                         (void)fmnist::schedule_config(params_with({{"schedule", std::string("linear")}}));
                       }),
                       {"one_cycle", "\"linear\""}));
  EXPECT_TRUE(mentions(error_of([] {
                         (void)fmnist::schedule_config(params_with({{"lr_step_epochs", std::int64_t{0}}}));
                       }),
                       {"lr_step_epochs", "found 0"}));
}

}  // namespace
