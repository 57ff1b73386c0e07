#include "fmnist/network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "fmnist/dense_network.hpp"
#include "fmnist/families/dense.hpp"
#include "fmnist/families/family.hpp"
#include "train/support.hpp"

namespace {

using namespace train_test;
using fmnist::Network;
using fmnist::Shape;

const Shape kImage{1, 28, 28};

Network network_of(const tune::ParamValues& given, const Shape& image = kImage) {
  return fmnist::build_network(params_with(given), image, 10);
}

std::string refusal_of(const tune::ParamValues& given, const Shape& image = kImage) {
  return error_of([&] { (void)network_of(given, image); });
}

TEST(Network, StartsWithinPyTorchsBounds) {
  const Network network = fmnist::dense_network({.widths = {64}, .batch_norm = true}, 100, 10);
  std::vector<float> parameters(network.parameter_count());
  std::vector<float> buffers(network.buffer_count());
  fmnist::initialize(network, 1, 2, parameters, buffers);
  const auto weights = std::span(parameters).first(6400);
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  const double squares = std::inner_product(weights.begin(), weights.end(), weights.begin(), 0.0);
  EXPECT_LT(*std::max_element(weights.begin(), weights.end()), 0.1F);
  EXPECT_NEAR(sum / 6400.0, 0.0, 0.003);
  EXPECT_NEAR(squares / 6400.0, 0.01 / 3.0, 1e-4);
  EXPECT_EQ(parameters[network.layers()[1].weight], 1.0F);
  EXPECT_EQ(buffers[network.layers()[1].running_var], 1.0F);
}

TEST(Network, WithoutHiddenLayersIsSoftmaxRegression) {
  EXPECT_EQ(fmnist::dense_network({}, 784, 10).parameter_count(), 7850U);
}

TEST(Network, TakesADropoutForEachLayerBeforeTheCommonOneAndForTheLastAloneWhenAsked) {
  auto params = params_with({{"depth", std::int64_t{3}}, {"dropout", 0.2}, {"dropout_l1", 0.5}});
  EXPECT_EQ(fmnist::dense_config(params).dropout, (std::vector<double>{0.2, 0.5, 0.2}));
  params.insert_or_assign("dropout_layers", std::string("last"));
  EXPECT_EQ(fmnist::dense_config(params).dropout, (std::vector<double>{0.0, 0.0, 0.2}));
  params.erase("dropout");
  EXPECT_EQ(fmnist::dense_config(params).dropout, (std::vector<double>{0.0, 0.0, 0.0}));
}

std::vector<std::pair<double, double>> penalties_of(const Network& network) {
  std::vector<std::pair<double, double>> found;
  for (const fmnist::Layer& layer : network.layers())
    if (layer.has_weights()) found.emplace_back(layer.penalty.l1, layer.penalty.l2);
  return found;
}

TEST(Network, HasThePenaltiesOfAllHiddenWeightsAndForEachDenseLayerItsOwnFirst) {
  using Penalties = std::vector<std::pair<double, double>>;
  const tune::ParamValues given{{"l1", 0.1}, {"l2", 0.2}, {"l1_l1", 0.3}, {"l2_l0", 0.0}, {"l2_l5", 9.0}};
  EXPECT_EQ(penalties_of(network_of(given)), (Penalties{{0.1, 0.0}, {0.3, 0.2}, {0.0, 0.0}}));
  tune::ParamValues cnn = given;
  cnn.emplace("family", std::string("cnn"));
  EXPECT_EQ(penalties_of(network_of(cnn)),
            (Penalties{{0.1, 0.2}, {0.1, 0.2}, {0.1, 0.0}, {0.3, 0.2}, {0.0, 0.0}}));
  tune::ParamValues patches = given;
  patches.emplace("family", std::string("patch_mlp"));
  patches.emplace("mixer_blocks", std::int64_t{1});
  EXPECT_EQ(penalties_of(network_of(patches)),
            (Penalties{{0.1, 0.2}, {0.1, 0.2}, {0.1, 0.2}, {0.1, 0.2}, {0.1, 0.2}, {0.0, 0.0}}));
  tune::ParamValues only_own = params_with({{"l2_l1", 0.5}});
  only_own.erase("l1");
  only_own.erase("l2");
  EXPECT_EQ(penalties_of(fmnist::build_network(only_own, kImage, 10)),
            (Penalties{{0.0, 0.0}, {0.0, 0.5}, {0.0, 0.0}}));
}

TEST(Network, TakesAWidthForEachLayerBeforeTheCommonOne) {
  auto params =
      params_with({{"depth", std::int64_t{3}}, {"width", std::int64_t{64}}, {"width_l1", std::int64_t{5}}});
  EXPECT_EQ(fmnist::dense_config(params).widths, (std::vector<std::int64_t>{64, 5, 64}));
  params.erase("width");
  EXPECT_EQ(fmnist::dense_config(params).widths, (std::vector<std::int64_t>{128, 5, 128}));
}

TEST(Network, CountsParametersAsPyTorchDoes) {
  // Conv2d(1, 32, 3), Conv2d(32, 64, 3), Linear(3136, 128), Linear(128, 10), BatchNorm2d(32), (64) and 1d
  // (128).
  const Network cnn =
      network_of({{"family", std::string("cnn")}, {"depth", std::int64_t{1}}, {"batch_norm", true}});
  EXPECT_EQ(cnn.parameter_count(), 320U + 18'496U + 401'536U + 1'290U + 2U * (32U + 64U + 128U));
  EXPECT_EQ(cnn.buffer_count(), 2U * (32U + 64U + 128U));
  const Network patches = network_of({{"family", std::string("patch_mlp")}, {"mixer_blocks", std::int64_t{1}}});
  // 16 patches of 49 pixels; stem, across 16 patches by 64 units, across 128 features by 128 units, classifier.
  EXPECT_EQ(patches.parameter_count(), 50U * 128U + (17U * 64U + 65U * 16U) + 2U * 129U * 128U + 1'290U);
}

TEST(Network, CountsTwoOperationsForEachMultiplyAddForwardAndBackward) {
  EXPECT_EQ(network_of({{"depth", std::int64_t{1}}}).flops_per_example(), 4.0 * 784 * 128 + 6.0 * 128 * 10);
  const Network cnn = network_of(
      {{"family", std::string("cnn")}, {"conv_layers", std::int64_t{1}}, {"depth", std::int64_t{0}}});
  EXPECT_EQ(cnn.flops_per_example(), 4.0 * 9 * 32 * 784 + 6.0 * 32 * 14 * 14 * 10);
}

TEST(Network, ListsItsTensorsSideBySideAndWhole) {
  for (const auto& family : fmnist::families()) {
    const Network network = network_of({{"family", family.name}, {"batch_norm", family.name != "patch_mlp"}});
    std::size_t n_parameters = 0;
    std::size_t n_buffers = 0;
    for (const auto& tensor : network.tensors()) {
      std::size_t& end = tensor.is_buffer ? n_buffers : n_parameters;
      EXPECT_EQ(tensor.offset, end) << family.name << ' ' << tensor.name;
      end += static_cast<std::size_t>(fmnist::element_count(tensor.shape));
    }
    EXPECT_EQ(n_parameters, network.parameter_count()) << family.name;
    EXPECT_EQ(n_buffers, network.buffer_count()) << family.name;
  }
}

TEST(Network, OfConvolutionsGrowsByTheFactorOrAsEachLayerSays) {
  const std::string text = network_of({{"family", std::string("deep_cnn")},
                                       {"conv_blocks", std::int64_t{3}},
                                       {"convs_per_block", std::int64_t{1}},
                                       {"channels", std::int64_t{10}},
                                       {"channel_growth", 1.5},
                                       {"channels_l1", std::int64_t{7}},
                                       {"global_pooling", true},
                                       {"conv_dropout", 0.25},
                                       {"depth", std::int64_t{0}}})
                               .text();
  EXPECT_EQ(
      text,
      "1x28x28, conv 10 of 3, batch norm, max pool 2, relu, dropout 0.25, conv 7 of 3, batch norm, max pool 2, "
      "relu, dropout 0.25, conv 23 of 3, batch norm, max pool 2, relu, dropout 0.25, mean, linear 10");
}

TEST(Network, SaysWhyItDoesNotFitTheImages) {
  EXPECT_TRUE(mentions(refusal_of({{"family", std::string("cnn")}, {"conv_layers", std::int64_t{5}}}),
                       {"max pooling", "2 × 2", "[512, 1, 1]"}));
  EXPECT_TRUE(mentions(refusal_of({{"family", std::string("cnn")}, {"kernel_size", std::int64_t{4}}}),
                       {"kernel_size", "odd", "4"}));
  EXPECT_TRUE(mentions(refusal_of({{"family", std::string("patch_mlp")}, {"patch_size", std::int64_t{5}}}),
                       {"patches", "5", "[1, 28, 28]"}));
  EXPECT_TRUE(mentions(refusal_of({{"family", std::string("patch_mlp")}, {"patch_size", std::int64_t{0}}}),
                       {"patch_size", "1 to 256", "found 0"}));
  EXPECT_TRUE(mentions(refusal_of({{"family", std::string("cnn")}, {"kernel_size", INT64_MAX}}),
                       {"kernel_size", "1 to 11"}));
  EXPECT_TRUE(mentions(refusal_of({{"family", std::string("cnn")}, {"channel_growth", 1e300}}),
                       {"channels_l1", "1 to 4096"}));
  EXPECT_TRUE(mentions(refusal_of({{"family", std::string("rnn")}}),
                       {"family", "mlp, cnn, deep_cnn or patch_mlp", "rnn"}));
  EXPECT_TRUE(mentions(refusal_of({{"depth", std::int64_t{99}}}), {"depth", "0 to 8", "99"}));
  EXPECT_TRUE(
      mentions(refusal_of({{"activation", std::string("step")}}), {"activation", "leaky_relu", "step"}));
  EXPECT_TRUE(mentions(refusal_of({{"width_l1", std::int64_t{0}}}), {"width_l1", "1 to", "0"}));
  EXPECT_TRUE(mentions(refusal_of({{"family", std::string("cnn")}, {"channels", std::int64_t{4096}}}),
                       {"channels_l1", "1 to 4096", "8192"}));
}

TEST(DenseLayers, AreThoseOfANetworkWithoutOthers) {
  const auto layers = fmnist::dense_layers(network_of(
      {{"depth", std::int64_t{2}}, {"batch_norm", true}, {"dropout_l1", 0.5}, {"width_l0", std::int64_t{9}}}));
  ASSERT_TRUE(layers);
  ASSERT_EQ(layers->size(), 3U);
  EXPECT_EQ((*layers)[0].out, 9U);
  EXPECT_TRUE((*layers)[1].batch_norm);
  EXPECT_EQ((*layers)[0].dropout, 0.0);
  EXPECT_EQ((*layers)[1].dropout, 0.5);
  EXPECT_FALSE((*layers)[2].hidden);
  for (const char* family : {"cnn", "deep_cnn", "patch_mlp"}) {
    EXPECT_FALSE(fmnist::dense_layers(network_of({{"family", std::string(family)}}))) << family;
  }
  using fmnist::Activation;
  EXPECT_FALSE(fmnist::dense_layers(Network({5}).linear(3).linear(2)));
  EXPECT_FALSE(
      fmnist::dense_layers(Network({5}).linear(3).activate(Activation::kRelu).batch_norm().classifier(2)));
  EXPECT_FALSE(
      fmnist::dense_layers(Network({5}).linear(3).dropout(0.5).activate(Activation::kRelu).classifier(2)));
  EXPECT_FALSE(fmnist::dense_layers(Network({5}).batch_norm().classifier(2)));
}

TEST(Families, ThatAreDenseMakeDenseLayersOnly) {
  for (const fmnist::Family& family : fmnist::families()) {
    const Network network = network_of({{"family", family.name}});
    EXPECT_EQ(fmnist::dense_layers(network).has_value(), family.is_dense) << family.name;
    EXPECT_EQ(fmnist::is_dense(family.name), family.is_dense);
  }
  EXPECT_TRUE(mentions(error_of([] { (void)fmnist::is_dense("rnn"); }), {"family", "mlp", "rnn"}));
}

}  // namespace
