#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "fmnist/compute.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/families/family.hpp"
#include "fmnist/pooling.hpp"
#include "train/support.hpp"

namespace {

using namespace train_test;
using fmnist::EngineConfig;
using fmnist::NamedTensor;
using torch::Tensor;

constexpr std::size_t kExamples = 60;

/// Twelve by ten pixels, five classes.
std::shared_ptr<const fmnist::TrainingData> small_images() {
  static const auto data = made_up_data(200, 120, 5, 12);
  return data;
}

EngineConfig config_of(const tune::ParamValues& given) {
  const auto data = small_images();
  EngineConfig config;
  config.network = fmnist::build_network(params_with(given), data->examples.image_shape(), 5);
  config.max_batch = kExamples;
  return config;
}

std::vector<std::uint32_t> positions() {
  std::vector<std::uint32_t> all(kExamples);
  std::iota(all.begin(), all.end(), 0U);
  return all;
}

Tensor images() {
  const auto data = small_images();
  const auto& pixels = data->examples.pixels;
  const Tensor bytes =
      torch::tensor(std::vector<std::uint8_t>(pixels.begin(), pixels.begin() + kExamples * 120), torch::kByte);
  return (bytes.to(torch::kFloat) * data->normalization.scale + data->normalization.shift)
      .view({kExamples, 1, 12, 10});
}

Tensor labels() {
  const auto& all = small_images()->examples.labels;
  return torch::tensor(std::vector<std::uint8_t>(all.begin(), all.begin() + kExamples), torch::kByte)
      .to(torch::kLong);
}

/// The same numbers as the engine's, as tensors of their own, by name.
std::map<std::string, Tensor> tensors_of(const fmnist::Engine& engine, const fmnist::Network& network) {
  const auto parameters = engine.parameters();
  const auto buffers = engine.buffers();
  std::map<std::string, Tensor> tensors;
  for (const NamedTensor& named : network.tensors()) {
    const auto& from = named.is_buffer ? buffers : parameters;
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(named.offset);
    const std::vector<float> values(begin, begin + fmnist::element_count(named.shape));
    tensors[named.name] = torch::tensor(values).view(named.shape).requires_grad_(!named.is_buffer);
  }
  return tensors;
}

/// A step of the engine has the loss and the gradients of this forward pass.
void expect_same(const EngineConfig& config,
                 const std::function<Tensor(std::map<std::string, Tensor>&, const Tensor&)>& forward) {
  fmnist::use_one_thread();
  const auto engine = fmnist::make_autograd_engine(small_images(), config, "cpu");
  auto tensors = tensors_of(*engine, config.network);
  const Tensor loss = torch::nn::functional::cross_entropy(forward(tensors, images()), labels());
  loss.backward();
  const auto sums = engine->train_step(positions());
  EXPECT_NEAR(sums.loss / kExamples, loss.item<double>(), 1e-5);
  const auto gradients = engine->gradients();
  const auto buffers = engine->buffers();
  for (const NamedTensor& named : config.network.tensors()) {
    const auto& from = named.is_buffer ? buffers : gradients;
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(named.offset);
    const Tensor found = torch::tensor(std::vector<float>(begin, begin + fmnist::element_count(named.shape)));
    const Tensor expected = named.is_buffer ? tensors[named.name] : tensors[named.name].grad();
    EXPECT_LT((found - expected.flatten()).abs().max().item<double>(), 1e-5) << named.name;
  }
}

Tensor normalised(std::map<std::string, Tensor>& t, const std::string& name, const Tensor& x) {
  return torch::batch_norm(x, t[name + ".gamma"], t[name + ".beta"], t[name + ".running_mean"],
                           t[name + ".running_var"], true, 0.1, 1e-5, false);
}

Tensor linear(std::map<std::string, Tensor>& t, const std::string& name, const Tensor& x) {
  return torch::nn::functional::linear(x, t[name + ".weight"], t[name + ".bias"]);
}

TEST(AutogradEngine, TrainsConvolutionsWithPoolingAndDenseLayers) {
  const auto config = config_of({{"family", std::string("cnn")},
                                 {"channels_l0", std::int64_t{3}},
                                 {"channels_l1", std::int64_t{4}},
                                 {"kernel_size", std::int64_t{5}},
                                 {"activation", std::string("tanh")},
                                 {"depth", std::int64_t{1}},
                                 {"width", std::int64_t{6}}});
  expect_same(config, [](auto& t, Tensor x) {
    for (const std::string name : {"layer0", "layer1"}) {
      x = torch::max_pool2d(torch::tanh(torch::conv2d(x, t[name + ".weight"], t[name + ".bias"], 1, 2)), 2);
    }
    return linear(t, "layer3", torch::tanh(linear(t, "layer2", x.flatten(1))));
  });
}

TEST(AutogradEngine, TrainsBlocksOfConvolutionsWithBatchNorm) {
  const auto config = config_of({{"family", std::string("deep_cnn")},
                                 {"conv_blocks", std::int64_t{2}},
                                 {"channels", std::int64_t{3}},
                                 {"pooling", false},
                                 {"global_pooling", true},
                                 {"depth", std::int64_t{0}}});
  expect_same(config, [](auto& t, Tensor x) {
    for (const std::string n : {"0", "1", "2", "3"}) {
      x = torch::conv2d(x, t["layer" + n + ".weight"], t["layer" + n + ".bias"], 1, 1);
      x = torch::relu(normalised(t, "norm" + n, x));
    }
    return linear(t, "layer4", x.mean({2, 3}));
  });
}

TEST(AutogradEngine, TrainsNetworksAcrossPatchesAndFeatures) {
  const auto config = config_of({{"family", std::string("patch_mlp")},
                                 {"patch_size", std::int64_t{2}},
                                 {"mixer_blocks", std::int64_t{1}},
                                 {"width", std::int64_t{7}},
                                 {"tokens_mlp_dim", std::int64_t{8}},
                                 {"channels_mlp_dim", std::int64_t{9}}});
  expect_same(config, [](auto& t, const Tensor& image) {
    std::vector<Tensor> patches;
    for (int y = 0; y < 12; y += 2) {
      for (int x = 0; x < 10; x += 2) patches.push_back(image.narrow(2, y, 2).narrow(3, x, 2).flatten(1));
    }
    Tensor x = linear(t, "layer0", torch::stack(patches, 1));
    x = linear(t, "layer2", torch::relu(linear(t, "layer1", x.transpose(1, 2)))).transpose(1, 2);
    x = linear(t, "layer4", torch::relu(linear(t, "layer3", x)));
    return linear(t, "layer5", x.mean(1));
  });
}

TEST(MaxPool2, IsPyTorchsWithItsGradientForEverySizeAndEqualNumbers) {
  const auto plain = [](const Tensor& x) { return torch::max_pool2d(x, 2); };
  for (const std::vector<std::int64_t>& sizes :
       {std::vector<std::int64_t>{3, 2, 28, 28}, {2, 1, 7, 5}, {1, 3, 2, 3}, {2, 2, 4, 4}}) {
    // Few different numbers, so that many squares have equal ones.
    const Tensor numbers =
        torch::arange(c10::multiply_integers(sizes)).mul(7).remainder(5).to(torch::kFloat).view(sizes);
    std::vector<Tensor> outs, gradients;
    for (const auto& pool : {std::function<Tensor(const Tensor&)>(fmnist::max_pool2), {plain}}) {
      Tensor x = numbers.transpose(2, 3).contiguous().transpose(2, 3).detach().requires_grad_(true);
      outs.push_back(pool(x));
      outs.back().mul(torch::arange(outs.back().numel()).view_as(outs.back())).sum().backward();
      gradients.push_back(x.grad().clone());
    }
    EXPECT_TRUE(outs[0].equal(outs[1])) << sizes;
    EXPECT_TRUE(gradients[0].equal(gradients[1])) << sizes;
  }
}

TEST(MaxPool2, LetsANaNThroughFromEveryPlace) {
  for (int i = 0; i < 4; ++i) {
    Tensor x = torch::ones({1, 1, 2, 2});
    x.view(4)[i] = std::nanf("");
    EXPECT_TRUE(std::isnan(fmnist::max_pool2(x).item<float>())) << i;
  }
}

TEST(AutogradEngine, EvaluatesManyExamplesAsFewAtATime) {
  const auto config = config_of({{"family", std::string("deep_cnn")},
                                 {"conv_blocks", std::int64_t{2}},
                                 {"channels", std::int64_t{64}},
                                 {"depth", std::int64_t{0}}});
  const auto engine = fmnist::make_autograd_engine(small_images(), config, "cpu");
  (void)engine->train_step(positions());
  std::vector<std::uint32_t> all(200);
  std::iota(all.begin(), all.end(), 0U);
  const auto together = engine->evaluate(all);
  fmnist::BatchSums one_by_one;
  for (const std::uint32_t position : all) {
    const auto sums = engine->evaluate(std::span(&position, 1));
    one_by_one.loss += sums.loss;
    one_by_one.correct += sums.correct;
  }
  EXPECT_NEAR(together.loss / one_by_one.loss, 1.0, 1e-5);
  EXPECT_EQ(together.correct, one_by_one.correct);
}

}  // namespace
