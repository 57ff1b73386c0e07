#include "tune/cost_limits.hpp"

#include <gtest/gtest.h>

namespace tune {
namespace {

using Constraints = std::vector<std::pair<std::string, double>>;

constexpr double kMib = 1024.0 * 1024.0;

TEST(CostLimits, GiveTheShareByWhichAnEstimateIsBeyondThem) {
  const CostEstimate estimate{.parameters = 10, .memory_bytes = 3 << 20, .flops_per_epoch = 5e8};
  const auto verdict = judge_cost(estimate, {.memory_bytes = 2 * kMib, .flops_per_epoch = 1e9});
  EXPECT_EQ(verdict.constraints, (Constraints{{"memory_limit", 0.5}, {"compute_limit", -0.5}}));
  EXPECT_TRUE(verdict.is_rejected());
  EXPECT_EQ(verdict.reason, "rejected before training: memory of 3 MiB is estimated, the limit is 2 MiB");
}

TEST(CostLimits, SayEveryOneThatIsExceeded) {
  const CostEstimate estimate{.parameters = 0, .memory_bytes = 3 << 20, .flops_per_epoch = 5e8};
  EXPECT_EQ(judge_cost(estimate, {.memory_bytes = kMib, .flops_per_epoch = 4e8}).reason,
            "rejected before training: memory of 3 MiB is estimated, the limit is 1 MiB; computation of 0.5 "
            "GFLOP an epoch is estimated, the limit is 0.4 GFLOP an epoch");
}

TEST(CostLimits, AllowWhatIsEqualToThem) {
  const CostEstimate estimate{.parameters = 0, .memory_bytes = 1 << 20, .flops_per_epoch = 1e9};
  const auto verdict = judge_cost(estimate, {.memory_bytes = kMib, .flops_per_epoch = 1e9});
  EXPECT_EQ(verdict.constraints, (Constraints{{"memory_limit", 0.0}, {"compute_limit", 0.0}}));
  EXPECT_FALSE(verdict.is_rejected());
}

TEST(CostLimits, JudgeNeitherWhatIsNotKnownNorWhatHasNoLimit) {
  const auto unknown = judge_cost({}, {.memory_bytes = 1.0, .flops_per_epoch = 1.0});
  EXPECT_TRUE(unknown.constraints.empty());
  EXPECT_FALSE(unknown.is_rejected());
  const CostEstimate estimate{.parameters = 1, .memory_bytes = 2, .flops_per_epoch = 3.0};
  EXPECT_TRUE(judge_cost(estimate, {}).constraints.empty());
}

}  // namespace
}  // namespace tune
