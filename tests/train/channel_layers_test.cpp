#include "fmnist/channel_layers.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <utility>

#include "fmnist/compute.hpp"

namespace {

using fmnist::channel_layers;
using fmnist::NormTensors;
using torch::Tensor;
using Sizes = std::vector<std::int64_t>;

/// What is done to images, and to what.
struct Case {
  Sizes sizes;
  bool norm, pools, relu;
  torch::MemoryFormat layout;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.sizes << (c.norm ? " norm" : "") << (c.pools ? " pool" : "") << (c.relu ? " relu" : "") << ' '
             << c.layout;
}

/// Odd and even sides, one channel, more than a tile of channels, images of the fewest pixels.
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Sizes& sizes :
       {Sizes{3, 5, 28, 28}, {2, 1, 7, 5}, {5, 70, 2, 3}, {2, 131, 3, 2}, {300, 16, 5, 5}}) {
    for (int choice = 1; choice < 8; ++choice) {
      for (const auto layout : {torch::MemoryFormat::ChannelsLast, torch::MemoryFormat::Contiguous})
        all.push_back({sizes, (choice & 1) != 0, (choice & 2) != 0, (choice & 4) != 0, layout});
    }
  }
  return all;
}

Tensor random_like(const Sizes& sizes, std::uint64_t seed) {
  return torch::randn(sizes, at::make_generator<at::CPUGeneratorImpl>(seed));
}

/// A layer amid its training: a gamma is 0 and some are negative.
NormTensors norm_tensors(std::int64_t n_channels) {
  Tensor weight = random_like({n_channels}, 1);
  weight[0] = 0.0F;
  return {weight.requires_grad_(true), random_like({n_channels}, 2).requires_grad_(true),
          random_like({n_channels}, 3), random_like({n_channels}, 4).abs()};
}

/// LibTorch's own, in the order in which networks are written down.
Tensor stock(const Tensor& x, const NormTensors& norm, const Case& c, bool training) {
  Tensor y = x;
  if (c.norm)
    y = torch::batch_norm(x, norm.weight, norm.bias, norm.running_mean, norm.running_var, training, 0.1, 1e-5,
                          false);
  if (c.relu) y = torch::relu(y);
  return c.pools ? torch::max_pool2d(y, 2) : y;
}

Tensor own(const Tensor& x, const NormTensors& norm, const Case& c, bool training) {
  return channel_layers(x, c.norm ? norm : NormTensors{}, c.pools, c.relu, training);
}

/// A result and all that training takes from it: gradients and running statistics.
std::vector<Tensor> trained(const Case& c, decltype(own)& layers) {
  const NormTensors norm = norm_tensors(c.sizes[1]);
  const Tensor x = (random_like(c.sizes, 5) * 3.0 + 10.0).contiguous(c.layout).detach().requires_grad_(true);
  const Tensor y = layers(x, norm, c, true);
  y.backward(random_like(y.sizes().vec(), 6));
  std::vector<Tensor> all{y.detach(), x.grad()};
  if (c.norm)
    all.insert(all.end(), {norm.weight.grad(), norm.bias.grad(), norm.running_mean, norm.running_var});
  return all;
}

double relative_difference(const Tensor& found, const Tensor& expected) {
  EXPECT_EQ(found.sizes(), expected.sizes());
  const auto largest = [](const Tensor& x) { return x.abs().max().item<double>(); };
  return largest(found - expected) / std::max(largest(expected), 1e-30);
}

TEST(ChannelLayers, AreLibTorchsWithTheirGradients) {
  fmnist::use_one_thread();
  for (const Case& c : cases()) {
    const auto expected = trained(c, stock);
    const auto found = trained(c, own);
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_LT(relative_difference(found[i], expected[i]), 1e-5) << c << ", number " << i;
  }
}

TEST(ChannelLayers, EvaluateWithRunningStatisticsAndLeaveThemAlone) {
  const torch::NoGradGuard no_grad;
  for (const Case& c : cases()) {
    const NormTensors norm = norm_tensors(c.sizes[1]);
    const Tensor before = norm.running_var.clone();
    const Tensor x = random_like(c.sizes, 5).contiguous(c.layout);
    EXPECT_LT(relative_difference(own(x, norm, c, false), stock(x, norm, c, false)), 1e-6) << c;
    EXPECT_TRUE(norm.running_var.equal(before)) << c;
  }
}

TEST(ChannelLayers, GiveTheFirstOfEqualNumbersTheGradientAndReluNoneAtZero) {
  for (const Sizes& sizes : {Sizes{3, 2, 28, 28}, {2, 1, 7, 5}, {1, 3, 2, 3}, {2, 2, 4, 4}}) {
    // Few different numbers, so that many squares have equal ones and many are 0.
    const Tensor numbers =
        torch::arange(c10::multiply_integers(sizes)).mul(7).remainder(5).sub(2).to(torch::kFloat).view(sizes);
    for (const auto& [pools, relu] : {std::pair(true, false), {true, true}, {false, true}}) {
      const Case c{sizes, false, pools, relu, torch::MemoryFormat::Contiguous};
      std::vector<Tensor> outs, gradients;
      for (const auto& layers : {own, stock}) {
        const Tensor x = numbers.clone().requires_grad_(true);
        outs.push_back(layers(x, {}, c, true));
        outs.back().mul(torch::arange(1, outs.back().numel() + 1).view(outs.back().sizes())).sum().backward();
        gradients.push_back(x.grad());
      }
      EXPECT_TRUE(outs[0].equal(outs[1])) << c;
      EXPECT_TRUE(gradients[0].equal(gradients[1])) << c;
    }
  }
}

TEST(ChannelLayers, LetANaNThroughFromEveryPlace) {
  for (int i = 0; i < 4; ++i) {
    Tensor x = torch::ones({1, 1, 2, 2});
    x.view(4)[i] = std::nanf("");
    for (const bool relu : {false, true}) {
      EXPECT_TRUE(std::isnan(channel_layers(x, {}, true, relu, true).item<float>())) << i;
      EXPECT_EQ(channel_layers(x, {}, false, relu, true).isnan().sum().item<int>(), 1) << i;
    }
  }
}

TEST(ChannelLayers, KeepTheVarianceOfNumbersFarFromZero) {
  const Tensor x = random_like({64, 3, 9, 9}, 7) + 1000.0;
  NormTensors norm{torch::ones({3}), torch::zeros({3}), torch::zeros({3}), torch::zeros({3})};
  (void)channel_layers(x, norm, false, false, true);
  const Tensor expected = x.to(torch::kDouble).transpose(0, 1).flatten(1).var(1) * 0.1;
  EXPECT_LT(relative_difference(norm.running_var.to(torch::kDouble), expected), 1e-5);
}

}  // namespace
