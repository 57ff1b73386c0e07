#include "fmnist/optimizer.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "tune/random.hpp"

namespace {

using fmnist::OptimizerConfig;
using fmnist::OptimizerKind;

constexpr std::size_t kSize = 37;

std::vector<float> numbers(std::uint64_t key) {
  tune::RandomStream stream({5, key, tune::Purpose::kAugmentation, 0});
  std::vector<float> all(kSize);
  for (auto& number : all) number = static_cast<float>(stream.normal());
  return all;
}

/// Largest relative difference to torch.optim after ten steps over the same gradients.
template <typename Optimizer, typename Options>
double difference(const OptimizerConfig& config, const Options& options) {
  std::vector<float> parameters = numbers(0);
  fmnist::FlatOptimizer ours(config, kSize);
  torch::Tensor tensor = torch::tensor(parameters, torch::kFloat);
  Optimizer theirs(std::vector<torch::Tensor>{tensor}, options);
  for (std::uint64_t step = 1; step <= 10; ++step) {
    const auto gradients = numbers(step);
    ours.step(parameters, gradients);
    tensor.mutable_grad() = torch::tensor(gradients, torch::kFloat);
    theirs.step();
  }
  double worst = 0.0;
  for (std::size_t i = 0; i < kSize; ++i) {
    const double expected = tensor[static_cast<std::int64_t>(i)].item<double>();
    worst =
        std::max(worst, std::abs(static_cast<double>(parameters[i]) - expected) / (std::abs(expected) + 0.1));
  }
  return worst;
}

TEST(FlatOptimizer, StepsAsTorchSgdDoes) {
  for (const double momentum : {0.0, 0.9}) {
    for (const bool nesterov : {false, true}) {
      if (nesterov && momentum == 0.0) continue;
      const OptimizerConfig config{OptimizerKind::kSgd, 0.05, momentum, nesterov, 0.01};
      const auto options =
          torch::optim::SGDOptions(0.05).momentum(momentum).nesterov(nesterov).weight_decay(0.01);
      EXPECT_LT((difference<torch::optim::SGD>(config, options)), 1e-6) << momentum << nesterov;
    }
  }
}

TEST(FlatOptimizer, TakesNesterovWithoutMomentumForPlainSgd) {
  const OptimizerConfig config{OptimizerKind::kSgd, 0.05, 0.0, true, 0.0};
  EXPECT_LT((difference<torch::optim::SGD>(config, torch::optim::SGDOptions(0.05))), 1e-6);
}

TEST(FlatOptimizer, StepsAsTorchAdamDoes) {
  for (const double decay : {0.0, 0.1}) {
    const OptimizerConfig config{OptimizerKind::kAdam, 0.01, 0.0, false, decay};
    EXPECT_LT((difference<torch::optim::Adam>(config, torch::optim::AdamOptions(0.01).weight_decay(decay))),
              1e-6);
  }
}

TEST(FlatOptimizer, StepsAsTorchAdamWDoes) {
  for (const double decay : {0.0, 0.1}) {
    const OptimizerConfig config{OptimizerKind::kAdamw, 0.01, 0.0, false, decay};
    EXPECT_LT((difference<torch::optim::AdamW>(config, torch::optim::AdamWOptions(0.01).weight_decay(decay))),
              1e-6);
  }
}

TEST(FlatOptimizer, StepsAsTorchRmspropDoes) {
  for (const double decay : {0.0, 0.1}) {
    const OptimizerConfig config{OptimizerKind::kRmsprop, 0.01, 0.0, false, decay};
    EXPECT_LT(
        (difference<torch::optim::RMSprop>(config, torch::optim::RMSpropOptions(0.01).weight_decay(decay))),
        1e-6);
  }
}

}  // namespace
