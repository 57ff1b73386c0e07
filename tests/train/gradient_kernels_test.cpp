#include "fmnist/gradient_kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "fmnist/aligned_floats.hpp"
#include "fmnist/product_kernels.hpp"
#include "train/engines.hpp"
#include "train/random_networks.hpp"

namespace {

using fmnist::AlignedFloats;
using fmnist::AlignedWords;
using fmnist::ByteGradient;
using fmnist::gradient_list_length;
using fmnist::ProductKernels;
using fmnist::whole_gradient_columns;
using train_test::random_numbers;

constexpr float kUntouched = 99.0F;
constexpr std::uint32_t kUntouchedWord = 77;
constexpr std::size_t kGap = 3;  ///< Between the rows of what is stored.
constexpr float kScale = 0.3F;

struct Sizes {
  std::size_t m, n, k;
};

/// Owns what a gradient is computed from; memory for a kernel's own use has a guard behind it.
struct Operands {
  Sizes sizes;
  std::vector<std::uint8_t> a;
  std::vector<float> g, start;
  std::vector<float> c;
  AlignedFloats values;
  AlignedWords rows, images;
  AlignedFloats sums;

  Operands(const Sizes& of, double not_zero)
      : sizes(of),
        a(of.k * of.m),
        g(of.k * (of.n + kGap)),
        start(random_numbers(of.n, 3)),
        c(of.m * (of.n + kGap), kUntouched),
        values(whole_gradient_columns(of.n) * gradient_list_length(of.k) + 1, kUntouched),
        rows(values.size(), kUntouchedWord),
        images(fmnist::kGradientImageWords + 1, kUntouchedWord),
        sums(whole_gradient_columns(of.n) * fmnist::kGradientPixels + 1, kUntouched) {
    std::mt19937 random(5);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same in each run.
    for (std::uint8_t& byte : a) byte = random() % 2 == 0 ? 0 : static_cast<std::uint8_t>(random());
    std::bernoulli_distribution is_not_zero(not_zero);
    const auto numbers = random_numbers(g.size(), 2);
    for (std::size_t at = 0; at < g.size(); ++at) g[at] = is_not_zero(random) ? numbers[at] : 0.0F;
  }

  std::vector<float> computed_by(const fmnist::GradientKernels& kernels) {
    kernels.multiply(
        {.m = sizes.m,
         .n = sizes.n,
         .k = sizes.k,
         .a = a.data(),
         .scale = kScale,
         .g = g.data(),
         .ldg = sizes.n + kGap,
         .start = start.data(),
         .c = c.data(),
         .ldc = sizes.n + kGap,
         .space = {gradient_list_length(sizes.k), values.data(), rows.data(), images.data(), sums.data()}});
    return c;
  }

  /// As a product in lanes in which nothing is left out.
  [[nodiscard]] std::vector<float> expected_by(const ProductKernels& kernels) const {
    const std::size_t words = fmnist::words_of_bits(sizes.k);
    std::vector<std::uint64_t> bits(sizes.m * words);
    for (std::size_t d = 0; d < sizes.m; ++d) {
      for (std::size_t i = 0; i < sizes.k; ++i)
        bits[d * words + i / fmnist::kBitsOfWord] |= std::uint64_t{1} << i % fmnist::kBitsOfWord;
    }
    std::vector<std::uint32_t> order(sizes.m);
    std::iota(order.begin(), order.end(), 0U);
    std::vector<float> bytes(256);
    std::iota(bytes.begin(), bytes.end(), 0.0F);
    std::vector<float> scaled = g;
    for (float& number : scaled) number *= kScale;
    std::vector<float> expected(sizes.m * (sizes.n + kGap), kUntouched);
    kernels.multiply_bytes({.m = sizes.m,
                            .n = sizes.n,
                            .a = a.data(),
                            .a_row = 1,
                            .a_depth = sizes.m,
                            .bits = bits.data(),
                            .words = words,
                            .order = order.data(),
                            .start = start.data(),
                            .b = scaled.data(),
                            .ldb = sizes.n + kGap,
                            .c = expected.data(),
                            .ldc = sizes.n + kGap},
                           bytes.data());
    return expected;
  }
};

class GradientsOfBytes : public testing::TestWithParam<const ProductKernels*> {};

void expect_same(const ProductKernels& kernels, const Sizes& sizes, double not_zero) {
  SCOPED_TRACE(testing::Message() << sizes.m << 'x' << sizes.n << 'x' << sizes.k << ", not zero " << not_zero);
  Operands operands(sizes, not_zero);
  EXPECT_EQ(operands.computed_by(*kernels.gradients), operands.expected_by(kernels));
  EXPECT_EQ(operands.values.back(), kUntouched);
  EXPECT_EQ(operands.rows.back(), kUntouchedWord);
  EXPECT_EQ(operands.images.back(), kUntouchedWord);
  EXPECT_EQ(operands.sums.back(), kUntouched);
}

/// Every number of registers, whole and with a rest; of rows and columns that are worked on at a time, too.
TEST_P(GradientsOfBytes, AreThoseInLanesForAnySize) {
  for (const std::size_t n : {1, 15, 16, 17, 66, 127, 128, 129, 300}) {
    for (const std::size_t k : {1, 16, 17, 73, 74, 100, 127, 128, 129, 300})
      expect_same(*GetParam(), {50, n, k}, 0.3);
  }
  for (const std::size_t m : {1, 15, 16, 17, 33, 64, 65, 90, 111, 112, 113, 784}) {
    for (const std::size_t k : {5, 128, 130}) expect_same(*GetParam(), {m, 40, k}, 0.2);
  }
}

TEST_P(GradientsOfBytes, AreThoseInLanesWhetherAllIsZeroOrNothing) {
  for (const double not_zero : {0.0, 1.0}) {
    for (const std::size_t k : {7, 128, 256}) expect_same(*GetParam(), {100, 130, k}, not_zero);
  }
}

TEST_P(GradientsOfBytes, ShowWhatIsNoNumber) {
  constexpr std::size_t kColumn = 18;
  for (const float number : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Operands operands({40, 20, 30}, 0.2);
    operands.g[7 * (operands.sizes.n + kGap) + kColumn] = number;
    const std::vector<float> c = operands.computed_by(*GetParam()->gradients);
    for (std::size_t d = 0; d < operands.sizes.m; ++d) {
      for (std::size_t j = 0; j < operands.sizes.n; ++j)
        EXPECT_EQ(std::isfinite(c[d * (operands.sizes.n + kGap) + j]), j != kColumn) << d << ',' << j;
    }
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GradientsOfBytes);
INSTANTIATE_TEST_SUITE_P(Avx512, GradientsOfBytes, testing::ValuesIn(train_test::lane_kernels()));

}  // namespace
