#include "train/random_networks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fmnist/families/dense.hpp"
#include "tune/random.hpp"

namespace train_test {

using fmnist::EngineConfig;

double relative_difference(const std::vector<float>& a, const std::vector<float>& reference) {
  EXPECT_EQ(a.size(), reference.size());
  double scale = 1e-30;
  double difference = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    scale = std::max(scale, std::abs(static_cast<double>(reference[i])));
    const double of_number = std::abs(static_cast<double>(a[i]) - static_cast<double>(reference[i]));
    if (!(of_number <= difference)) difference = of_number;  // Also when it is no number.
  }
  return difference / scale;
}

std::vector<float> random_numbers(std::size_t n, std::uint64_t seed, double bound) {
  tune::RandomStream stream({seed, n, tune::Purpose::kAugmentation, 0});
  std::vector<float> numbers(n);
  for (float& number : numbers) number = static_cast<float>(stream.uniform(-bound, bound));
  return numbers;
}

EngineConfig random_network(std::uint64_t n) {
  tune::RandomStream stream({1, n, tune::Purpose::kAugmentation, 0});
  EngineConfig config;
  fmnist::DenseConfig dense;
  const std::uint64_t depth = stream.below(4);
  for (std::uint64_t l = 0; l < depth; ++l) {
    dense.widths.push_back(static_cast<std::int64_t>(1 + stream.below(90)));
  }
  dense.activation = static_cast<fmnist::Activation>(n % 7);
  for (std::uint64_t l = 0; l < depth; ++l) {
    dense.dropout.push_back(stream.below(2) == 0 ? 0.0 : stream.uniform(0.0, 0.8));
  }
  dense.batch_norm = stream.below(2) == 0;
  config.network = fmnist::dense_network(dense, 40, 5);
  config.max_batch = 2 + stream.below(150);
  config.loss.kind = static_cast<fmnist::LossKind>(stream.below(4));
  config.loss.label_smoothing = stream.below(2) == 0 ? 0.0 : stream.uniform(0.0, 0.9);
  for (std::size_t l = 0; l < config.network.layers().size(); ++l) {
    const fmnist::Layer& layer = config.network.layers()[l];
    if (!layer.has_weights() || layer.is_classifier) continue;
    const double l1 = stream.below(2) == 0 ? 0.0 : stream.uniform(0.0, 0.01);
    const double l2 = stream.below(2) == 0 ? 0.0 : stream.uniform(0.0, 0.1);
    config.network.penalize(l, {l1, l2});
  }
  config.gradients.max_norm = stream.below(2) == 0 ? 0.0 : stream.uniform(0.01, 2.0);
  config.optimizer.kind = fmnist::OptimizerKind::kSgd;
  config.optimizer.lr = 0.01;
  config.seed = n;
  config.trial = 3;
  return config;
}

double gradient_tolerance(const EngineConfig& config) {
  return config.network.has_batch_norm() && config.max_batch < 8 ? 1e-4 : 1e-5;
}

double rounded_to_bf16(float value) {
  int exponent = 0;
  const double mantissa = std::frexp(static_cast<double>(value), &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(mantissa, 8)), exponent - 8);
}

std::vector<std::uint32_t> first_positions(std::size_t n) {
  std::vector<std::uint32_t> positions(n);
  std::iota(positions.begin(), positions.end(), 0U);
  return positions;
}

}  // namespace train_test
