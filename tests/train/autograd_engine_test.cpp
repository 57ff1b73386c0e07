#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <future>
#include <numeric>

#include "fmnist/compute.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/families/family.hpp"
#include "train/support.hpp"
#include "tune/random.hpp"

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

/// Parameters or buffers of all layers in one row.
Tensor all_of(const std::vector<NamedTensor>& named, bool buffers,
              const std::function<Tensor(const NamedTensor&)>& tensor) {
  std::vector<Tensor> all{torch::zeros({0})};
  for (const NamedTensor& each : named) {
    if (each.is_buffer == buffers) all.push_back(tensor(each).flatten());
  }
  return torch::cat(all);
}

double relative_difference(const Tensor& found, const Tensor& expected) {
  if (found.numel() == 0 && expected.numel() == 0) return 0.0;
  return ((found - expected).abs().max() / expected.abs().max()).item<double>();
}

struct Trained {
  double loss;
  Tensor gradients, buffers;
};

using Forward = std::function<Tensor(std::map<std::string, Tensor>&, const Tensor&)>;

/// What this forward pass gives from the engine's parameters, in numbers of that type.
Trained trained_by(const Forward& forward, const fmnist::Engine& engine, const fmnist::Network& network,
                   torch::ScalarType type) {
  auto tensors = tensors_of(engine, network);
  for (auto& [name, tensor] : tensors) tensor = tensor.detach().to(type).requires_grad_(tensor.requires_grad());
  const Tensor loss = torch::nn::functional::cross_entropy(forward(tensors, images().to(type)), labels());
  loss.backward();
  const auto named = network.tensors();
  return {loss.item<double>(),
          all_of(named, false, [&](const auto& each) { return tensors[each.name].grad(); }),
          all_of(named, true, [&](const auto& each) { return tensors[each.name]; })};
}

/// The engine's step against this forward pass in doubles.
struct Difference {
  double loss, gradients, buffers;
  double stock_gradients;  ///< Of LibTorch's floats against its doubles.
};

Difference difference(const EngineConfig& config, const Forward& forward) {
  fmnist::use_one_thread();
  const auto engine = fmnist::make_autograd_engine(small_images(), config, "cpu");
  const Trained exact = trained_by(forward, *engine, config.network, torch::kDouble);
  const Trained stock = trained_by(forward, *engine, config.network, torch::kFloat);
  const auto sums = engine->train_step(positions());
  return {.loss = std::abs(sums.loss / kExamples - exact.loss),
          .gradients = relative_difference(torch::tensor(engine->gradients()), exact.gradients),
          .buffers = relative_difference(torch::tensor(engine->buffers()), exact.buffers),
          .stock_gradients = relative_difference(stock.gradients, exact.gradients)};
}

/// To 1e-5 or, where rounding costs LibTorch more, about as nearly as LibTorch has them in floats.
double gradient_tolerance(const Difference& found) {
  return 1e-5 + 2.0 * found.stock_gradients;
}

void expect_same(const EngineConfig& config, const Forward& forward) {
  const Difference found = difference(config, forward);
  EXPECT_LT(found.loss, 1e-5);
  EXPECT_LT(found.gradients, gradient_tolerance(found));
  EXPECT_LT(found.buffers, 1e-5);
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

/// Of a network of convolutions, layer by layer in LibTorch's own functions.
Tensor stock_forward(const fmnist::Network& network, std::map<std::string, Tensor>& t, Tensor x) {
  std::size_t n_norms = 0;
  for (const fmnist::Layer& layer : network.layers()) {
    const std::string name = "layer" + std::to_string(layer.index);
    switch (layer.kind) {
      case fmnist::LayerKind::kConv:
        x = torch::conv2d(x, t[name + ".weight"], t[name + ".bias"], 1, layer.padding);
        break;
      case fmnist::LayerKind::kBatchNorm:
        x = normalised(t, "norm" + std::to_string(n_norms++), x);
        break;
      case fmnist::LayerKind::kActivation:
        x = layer.activation == fmnist::Activation::kRelu ? torch::relu(x) : torch::silu(x);
        break;
      case fmnist::LayerKind::kMaxPool:
        x = torch::max_pool2d(x, layer.size);
        break;
      case fmnist::LayerKind::kMean:
        x = x.mean({2, 3});
        break;
      case fmnist::LayerKind::kFlatten:
        x = x.flatten(1);
        break;
      default:
        x = linear(t, name, x);
    }
  }
  return x;
}

/// Batch norm, pooling, activation, kernel, channels and the end drawn by `n`.
tune::ParamValues random_convolutions(std::uint64_t n) {
  tune::RandomStream stream({1, n, tune::Purpose::kAugmentation, 0});
  const auto one_of_two = [&] { return stream.below(2) == 0; };
  const auto between = [&](std::uint64_t low, std::uint64_t high) {
    return static_cast<std::int64_t>(low + stream.below(high - low + 1));
  };
  return {{"family", std::string(one_of_two() ? "cnn" : "deep_cnn")},
          {"conv_layers", between(1, 3)},
          {"conv_blocks", between(1, 2)},
          {"convs_per_block", between(1, 3)},
          {"channels_l0", between(1, 20)},
          {"channels_l1", between(1, 20)},
          {"channels_l2", between(1, 20)},
          {"kernel_size", 2 * between(1, 2) + 1},
          {"pooling", one_of_two()},
          {"batch_norm", one_of_two()},
          {"global_pooling", one_of_two()},
          {"activation", std::string(stream.below(4) == 0 ? "silu" : "relu")},
          {"depth", between(0, 1)},
          {"width", between(2, 30)}};
}

/// Whether rounding can turn a gradient elsewhere: a number next to 0 before ReLU, or two next to each other in
/// a pooled square, of which there are hundreds of thousands.
bool has_kinks(const fmnist::Network& network) {
  return std::ranges::any_of(network.layers(), [](const fmnist::Layer& layer) {
    return layer.kind == fmnist::LayerKind::kMaxPool ||
           (layer.kind == fmnist::LayerKind::kActivation && layer.activation == fmnist::Activation::kRelu);
  });
}

/// From several initial weights where the network has kinks, for what rounding turns is another each time and
/// rarely anything: a wrong gradient is wrong from all of them.
TEST(AutogradEngine, HasLibTorchsGradientsForRandomConvolutionalNetworks) {
  for (std::uint64_t n = 0; n < 30; ++n) {
    auto config = config_of(random_convolutions(n));
    SCOPED_TRACE(config.network.text());
    std::vector<bool> is_same;
    for (config.seed = 0; config.seed < (has_kinks(config.network) ? 3U : 1U); ++config.seed) {
      const Difference found =
          difference(config, [&](auto& t, const Tensor& x) { return stock_forward(config.network, t, x); });
      EXPECT_LT(found.loss, 1e-5);
      EXPECT_LT(found.buffers, 1e-5);
      EXPECT_LT(found.gradients, 0.1) << "more than one number of many";
      is_same.push_back(found.gradients < gradient_tolerance(found));
    }
    EXPECT_TRUE(std::ranges::count(is_same, true) > 0) << "gradients differ from each start";
  }
}

TEST(AutogradEngine, TrainsConvolutionsToTheSameBitsBesideAnother) {
  EngineConfig config = config_of({{"family", std::string("deep_cnn")},
                                   {"channels", std::int64_t{20}},
                                   {"conv_dropout", 0.2},
                                   {"depth", std::int64_t{1}}});
  const auto trained = [&] {
    fmnist::use_one_thread();
    const auto engine = fmnist::make_autograd_engine(small_images(), config, "cpu");
    engine->begin_epoch(1);
    for (int step = 0; step < 10; ++step) (void)engine->train_step(positions());
    return std::pair(engine->parameters(), engine->buffers());
  };
  const auto alone = trained();
  auto beside = std::async(std::launch::async, trained);
  EXPECT_EQ(trained(), alone);
  EXPECT_EQ(beside.get(), alone);
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
