#include "fmnist/sparse_gradient.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "fmnist/parameter_layout.hpp"
#include "fmnist/product_kernels.hpp"
#include "train/engines.hpp"
#include "train/random_networks.hpp"

namespace {

using fmnist::SparseGradient;
using train_test::random_numbers;

class SparseGradients : public testing::TestWithParam<const fmnist::ProductKernels*> {};

fmnist::DenseLayer layer_of(std::size_t in, std::size_t out) {
  fmnist::DenseLayer layer;
  layer.in = in;
  layer.out = out;
  return layer;
}

TEST_P(SparseGradients, AreFasterWhereLessThanHalfOfTheNumbersInRegistersIsNotZero) {
  constexpr std::size_t kRows = 10;
  for (const std::size_t out : {9, 16, 20, 70}) {
    const SparseGradient sparse(layer_of(30, out), 1.0F, kRows, *GetParam());
    std::vector<float> g(kRows * out);
    EXPECT_TRUE(sparse.is_faster(g.data(), kRows)) << out;
    const std::size_t half = kRows * fmnist::lane_row(out) / 2;
    for (std::size_t at = 0; at + 1 < half; ++at) g[at] = 0.5F;
    EXPECT_TRUE(sparse.is_faster(g.data(), kRows)) << out;
    g.back() = 0.5F;
    EXPECT_FALSE(sparse.is_faster(g.data(), kRows)) << out;
  }
}

/// Larger batches leave behind what smaller ones must not see.
TEST_P(SparseGradients, ComputeBatchesOfAnySizeOneAfterTheOther) {
  constexpr std::size_t kMostRows = 300;
  constexpr std::size_t kIn = 130;
  constexpr std::size_t kOut = 140;
  constexpr std::size_t kEveryNth = 3;
  constexpr float kScale = 0.01F;
  const std::size_t row = fmnist::lane_row(kOut);
  SparseGradient sparse(layer_of(kIn, kOut), kScale, kMostRows, *GetParam());
  const std::vector<float> start = random_numbers(kOut, 1);
  for (const std::size_t rows :
       {kMostRows, std::size_t{100}, std::size_t{1}, std::size_t{65}, std::size_t{129}}) {
    std::vector<float> g = random_numbers(rows * kOut, rows);
    for (std::size_t at = 0; at < g.size(); ++at) {
      if (at % kEveryNth != 0) g[at] = 0.0F;
    }
    std::vector<std::uint8_t> images(rows * kIn);
    for (std::size_t at = 0; at < images.size(); ++at) images[at] = static_cast<std::uint8_t>(at * 37 % 251);
    std::vector<float> gradients(kIn * row);
    sparse.compute(images.data(), g.data(), rows, start.data(), gradients.data());
    for (std::size_t d = 0; d < kIn; ++d) {
      for (std::size_t j = 0; j < kOut; ++j) {
        double expected = static_cast<double>(start[j]);
        for (std::size_t i = 0; i < rows; ++i)
          expected += static_cast<double>(kScale) * images[i * kIn + d] * static_cast<double>(g[i * kOut + j]);
        ASSERT_NEAR(gradients[d * row + j], expected, 1e-4) << rows << ", " << d << ", " << j;
      }
    }
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SparseGradients);
INSTANTIATE_TEST_SUITE_P(Avx512, SparseGradients, testing::ValuesIn(train_test::lane_kernels()));

}  // namespace
