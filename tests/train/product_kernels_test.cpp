#include "fmnist/product_kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "train/random_networks.hpp"

namespace {

using fmnist::ProductKernels;
using train_test::random_numbers;

constexpr float kUntouched = 99.0F;
constexpr std::size_t kGap = 3;  ///< Between the rows of what is stored.

struct Sizes {
  std::size_t m, n, k;
};

void expect_product(const ProductKernels& kernels, const Sizes& sizes, bool depth_first) {
  const auto [m, n, k] = sizes;
  SCOPED_TRACE(testing::Message() << m << 'x' << n << 'x' << k << (depth_first ? " depth first" : ""));
  const std::size_t a_row = depth_first ? 1 : k + kGap;
  const std::size_t a_depth = depth_first ? m + kGap : 1;
  const auto a = random_numbers((m + kGap) * (k + kGap), 1);
  const auto b = random_numbers(k * (n + kGap), 2);
  std::vector<float> c(m * (n + kGap), kUntouched);
  kernels.multiply({m, n, k, a.data(), a_row, a_depth, b.data(), n + kGap, c.data(), n + kGap});
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double expected = 0.0;
      for (std::size_t d = 0; d < k; ++d)
        expected +=
            static_cast<double>(a[i * a_row + d * a_depth]) * static_cast<double>(b[d * (n + kGap) + j]);
      ASSERT_NEAR(c[i * (n + kGap) + j], expected, 5e-6 * std::sqrt(static_cast<double>(k))) << i << ',' << j;
    }
    for (std::size_t j = n; j < n + kGap; ++j) ASSERT_EQ(c[i * (n + kGap) + j], kUntouched) << i << ',' << j;
  }
}

/// None on processors that have none.
std::vector<const ProductKernels*> sets() {
  return fmnist::product_kernels() == nullptr ? std::vector<const ProductKernels*>()
                                              : std::vector{fmnist::product_kernels()};
}

class Lanes : public testing::TestWithParam<const ProductKernels*> {};

/// Every number of rows and registers of a block, whole and with a rest, and more than one block.
TEST_P(Lanes, MultiplyMatricesOfAnySize) {
  for (const std::size_t n : {1, 15, 16, 17, 32, 33, 48, 63, 64, 65, 128, 130}) {
    for (std::size_t m = 1; m <= 13; ++m) {
      for (const bool depth_first : {false, true}) expect_product(*GetParam(), {m, n, 5}, depth_first);
    }
    for (const std::size_t k : {1, 24, 2000}) expect_product(*GetParam(), {50, n, k}, k == 24);
  }
}

TEST_P(Lanes, SumsOfNothingAreZero) {
  const float number = 1.0F;
  float c = kUntouched;
  GetParam()->multiply({1, 1, 0, &number, 1, 1, &number, 1, &c, 1});
  EXPECT_EQ(c, 0.0F);
}

TEST_P(Lanes, TransposeWhatIsThereAndNothingElse) {
  for (const std::size_t rows : {1, 7, 16, 17, 40}) {
    for (const std::size_t cols : {1, 9, 16, 31, 33}) {
      const auto from = random_numbers(rows * (cols + kGap), rows);
      std::vector<float> to(cols * (rows + kGap), kUntouched);
      GetParam()->transpose(rows, cols, from.data(), cols + kGap, to.data(), rows + kGap);
      for (std::size_t j = 0; j < cols; ++j) {
        for (std::size_t i = 0; i < rows + kGap; ++i) {
          ASSERT_EQ(to[j * (rows + kGap) + i], i < rows ? from[i * (cols + kGap) + j] : kUntouched)
              << rows << 'x' << cols << ": " << i << ',' << j;
        }
      }
    }
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Lanes);
INSTANTIATE_TEST_SUITE_P(Avx512, Lanes, testing::ValuesIn(sets()));

}  // namespace
