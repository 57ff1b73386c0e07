#include "fmnist/parameter_layout.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

#include "fmnist/families/dense.hpp"

namespace {

using fmnist::AlignedFloats;
using fmnist::DenseLayer;
using fmnist::ParameterLayout;
using fmnist::WeightOrder;

struct Placed {
  std::vector<DenseLayer> layers;
  std::vector<float> parameters;  ///< 1, 2, …
};

Placed some_network() {
  const auto network = fmnist::dense_network({.widths = {20, 16}, .batch_norm = true}, 7, 3);
  Placed placed{*fmnist::dense_layers(network), std::vector<float>(network.parameter_count())};
  std::iota(placed.parameters.begin(), placed.parameters.end(), 1.0F);
  return placed;
}

TEST(ParameterLayout, ByOutputIsThatOfTheNetwork) {
  const Placed network = some_network();
  const ParameterLayout layout(network.layers, network.parameters.size(), WeightOrder::kByOutput);
  EXPECT_EQ(layout.size(), network.parameters.size());
  const AlignedFloats stored = layout.stored(network.parameters);
  EXPECT_TRUE(std::equal(stored.begin(), stored.end(), network.parameters.begin(), network.parameters.end()));
  EXPECT_EQ(layout.layers()[1].weight, network.layers[1].weight);
  EXPECT_EQ(layout.layers()[1].weight_count, 20U * 16U);
}

TEST(ParameterLayout, ByInputHasTheWeightsOfAnInputSideBySideFromACacheLineOn) {
  const Placed network = some_network();
  const ParameterLayout layout(network.layers, network.parameters.size(), WeightOrder::kByInput);
  const AlignedFloats stored = layout.stored(network.parameters);
  ASSERT_EQ(stored.size(), layout.size());
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const DenseLayer& from = network.layers[l];
    const DenseLayer& to = layout.layers()[l];
    const std::size_t row = fmnist::lane_row(from.out);
    EXPECT_EQ(row, from.out == 20 ? 32U : 16U);
    EXPECT_EQ(to.weight_count, from.in * row);
    for (std::size_t i = 0; i < from.in; ++i) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&stored[to.weight + i * row]) % 64, 0U);
      for (std::size_t o = 0; o < row; ++o) {
        EXPECT_EQ(stored[to.weight + i * row + o],
                  o < from.out ? network.parameters[from.weight + o * from.in + i] : 0.0F);
      }
    }
    for (std::size_t o = 0; o < from.out; ++o) {
      EXPECT_EQ(stored[to.bias + o], network.parameters[from.bias + o]);
      if (!from.batch_norm) continue;
      EXPECT_EQ(stored[to.gamma + o], network.parameters[from.gamma + o]);
      EXPECT_EQ(stored[to.beta + o], network.parameters[from.beta + o]);
    }
  }
}

TEST(ParameterLayout, GivesBackWhatItWasGiven) {
  const Placed network = some_network();
  for (const WeightOrder order : {WeightOrder::kByOutput, WeightOrder::kByInput}) {
    const ParameterLayout layout(network.layers, network.parameters.size(), order);
    EXPECT_EQ(layout.placed(layout.stored(network.parameters)), network.parameters);
    EXPECT_TRUE(layout.stored({}).empty());
    EXPECT_TRUE(layout.placed({}).empty());
  }
}

}  // namespace
