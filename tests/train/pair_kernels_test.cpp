#include "fmnist/pair_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "train/engines.hpp"
#include "train/random_networks.hpp"

namespace {

using fmnist::kBitsOfWord;
using fmnist::PairKernels;
using fmnist::pairs_of;
using fmnist::words_of_bits;
using train_test::random_numbers;
using train_test::rounded_to_bf16;

constexpr std::uint32_t kUntouched = 0x12345678;
constexpr std::size_t kGap = 3;  ///< Between the rows of what is stored.

float first_of(std::uint32_t pair) {
  return std::bit_cast<float>(pair << 16);
}

float second_of(std::uint32_t pair) {
  return std::bit_cast<float>(pair & 0xFFFF0000U);
}

/// Half of them 0.
std::vector<std::uint8_t> random_images(std::size_t n, std::size_t features) {
  std::vector<std::uint8_t> images;
  for (const float number : random_numbers(n * features, n + features, 255.0))
    images.push_back(number < 0.0F ? std::uint8_t{0} : static_cast<std::uint8_t>(number));
  return images;
}

std::vector<std::uint32_t> from_last_to_first(std::size_t n) {
  std::vector<std::uint32_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = static_cast<std::uint32_t>(n - 1 - i);
  return order;
}

class Pairs : public testing::TestWithParam<const PairKernels*> {};

TEST_P(Pairs, OfPixelsAreNeighboursAndKnowWhichAreZero) {
  for (const std::size_t n : {1, 3}) {
    for (const std::size_t features : {1, 2, 31, 32, 33, 127, 128, 130, 784}) {
      SCOPED_TRACE(testing::Message() << n << 'x' << features);
      const auto images = random_images(n, features);
      const std::size_t pairs = pairs_of(features);
      std::vector<std::uint32_t> words(n * pairs + 1, kUntouched);
      std::vector<std::uint64_t> bits(n * words_of_bits(pairs) + 1, kUntouched);
      GetParam()->pair_pixels({images.data(), n, features, words.data()}, bits.data());
      for (std::size_t i = 0; i < n; ++i) {
        std::vector<std::uint64_t> expected_bits(words_of_bits(pairs));
        for (std::size_t d = 0; d < pairs; ++d) {
          const std::uint32_t word = words[i * pairs + d];
          const bool has_second = 2 * d + 1 < features;
          ASSERT_EQ(first_of(word), static_cast<float>(images[i * features + 2 * d])) << i << ',' << d;
          ASSERT_EQ(second_of(word), has_second ? static_cast<float>(images[i * features + 2 * d + 1]) : 0.0F)
              << i << ',' << d;
          if (word != 0) expected_bits[d / kBitsOfWord] |= std::uint64_t{1} << d % kBitsOfWord;
        }
        for (std::size_t w = 0; w < expected_bits.size(); ++w)
          ASSERT_EQ(bits[i * expected_bits.size() + w], expected_bits[w]) << i << ',' << w;
      }
      EXPECT_EQ(words.back(), kUntouched);
      EXPECT_EQ(bits.back(), kUntouched);
    }
  }
}

TEST_P(Pairs, OfImagesFollowEachOtherInTheirOrder) {
  for (const std::size_t n : {1, 2, 5}) {
    for (const std::size_t features : {1, 16, 17, 784}) {
      SCOPED_TRACE(testing::Message() << n << 'x' << features);
      const auto images = random_images(n, features);
      const auto order = from_last_to_first(n);
      std::vector<std::uint32_t> words(pairs_of(n) * features + 1, kUntouched);
      GetParam()->pair_images({images.data(), n, features, words.data()}, order.data());
      for (std::size_t i = 0; i < pairs_of(n); ++i) {
        for (std::size_t d = 0; d < features; ++d) {
          const std::uint32_t word = words[i * features + d];
          ASSERT_EQ(first_of(word), static_cast<float>(images[order[2 * i] * features + d])) << i << ',' << d;
          const bool has_second = 2 * i + 1 < n;
          ASSERT_EQ(second_of(word),
                    has_second ? static_cast<float>(images[order[2 * i + 1] * features + d]) : 0.0F)
              << i << ',' << d;
        }
      }
      EXPECT_EQ(words.back(), kUntouched);
    }
  }
}

TEST_P(Pairs, OfRowsAreScaledAndRoundedInTheirOrder) {
  constexpr float kScale = 0.75F;
  for (const std::size_t rows : {1, 2, 7}) {
    for (const std::size_t n : {1, 16, 33}) {
      SCOPED_TRACE(testing::Message() << rows << 'x' << n);
      const std::size_t stride = n + kGap;
      auto numbers = random_numbers(rows * stride, rows + n);
      // As near to one bfloat16 number as to another, once they are scaled.
      for (std::size_t i = 0; i < rows; ++i)
        numbers[i * stride] = (1.0F + (i % 2 == 0 ? 1.0F : 3.0F) / 256.0F) / kScale;
      const auto order = from_last_to_first(rows);
      std::vector<std::uint32_t> words(pairs_of(rows) * stride, kUntouched);
      GetParam()->pair_rows({numbers.data(), rows, n, stride, order.data(), kScale, words.data(), stride});
      for (std::size_t at = 0; at < words.size(); ++at) {
        const std::size_t i = at / stride;
        const std::size_t j = at % stride;
        if (j >= n) {
          ASSERT_EQ(words[at], kUntouched) << i << ',' << j;
          continue;
        }
        const auto expected = [&](std::size_t place) {
          return place < rows ? rounded_to_bf16(numbers[order[place] * stride + j] * kScale) : 0.0;
        };
        ASSERT_EQ(static_cast<double>(first_of(words[at])), expected(2 * i)) << i << ',' << j;
        ASSERT_EQ(static_cast<double>(second_of(words[at])), expected(2 * i + 1)) << i << ',' << j;
      }
    }
  }
}

struct Sizes {
  std::size_t m, n, k;  ///< k: numbers along the depth.
};

/// What lies in images at depths from multiples of this on is 0, four times.
constexpr std::size_t kZeroEvery = 12;

/// Where all rows are 0 the other side is infinite, which must not show.
void expect_product(const PairKernels& kernels, const Sizes& sizes, bool depth_first) {
  const auto [m, n, k] = sizes;
  SCOPED_TRACE(testing::Message() << m << 'x' << n << 'x' << k << (depth_first ? " depth first" : ""));
  auto images = random_images(m, k);
  auto weights = random_numbers(k * (n + kGap), 2);
  for (std::size_t d = 0; d < k; ++d) {
    if (d % kZeroEvery >= 4) continue;
    for (std::size_t i = 0; i < m; ++i) images[i * k + d] = 0;
    for (std::size_t j = 0; j < n; ++j) weights[d * (n + kGap) + j] = std::numeric_limits<float>::infinity();
  }
  const std::size_t pairs = pairs_of(k);
  std::vector<std::uint32_t> a(m * pairs);
  std::vector<std::uint64_t> bits(m * words_of_bits(pairs));
  kernels.pair_pixels({images.data(), m, k, a.data()}, bits.data());
  if (depth_first) {
    const auto rows = a;
    for (std::size_t at = 0; at < a.size(); ++at) a[at % pairs * m + at / pairs] = rows[at];
  }
  std::vector<std::uint32_t> in_order = from_last_to_first(k);
  std::reverse(in_order.begin(), in_order.end());
  std::vector<std::uint32_t> b(pairs * (n + kGap));
  kernels.pair_rows({weights.data(), k, n, n + kGap, in_order.data(), 1.0F, b.data(), n + kGap});
  const auto order = from_last_to_first(m);
  const auto start = random_numbers(n, 3);
  std::vector<float> c(m * (n + kGap), 99.0F);
  kernels.multiply({.m = m,
                    .n = n,
                    .a = a.data(),
                    .a_row = depth_first ? 1 : pairs,
                    .a_depth = depth_first ? m : 1,
                    .bits = bits.data(),
                    .words = words_of_bits(pairs),
                    .order = order.data(),
                    .start = start.data(),
                    .b = b.data(),
                    .ldb = n + kGap,
                    .c = c.data(),
                    .ldc = n + kGap});
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double expected = static_cast<double>(start[j]);
      for (std::size_t d = 0; d < k; ++d) {
        const std::uint32_t pair = b[d / 2 * (n + kGap) + j];
        if (images[i * k + d] != 0)
          expected += images[i * k + d] * static_cast<double>(d % 2 == 0 ? first_of(pair) : second_of(pair));
      }
      ASSERT_NEAR(c[i * (n + kGap) + j], expected, 2e-4 * std::sqrt(static_cast<double>(k))) << i << ',' << j;
    }
    for (std::size_t j = n; j < n + kGap; ++j) ASSERT_EQ(c[i * (n + kGap) + j], 99.0F) << i << ',' << j;
  }
}

/// Every number of rows and registers of a block, whole and with a rest, and more than one block.
TEST_P(Pairs, MultiplyMatricesOfAnySizeWithoutWhatIsZero) {
  for (const std::size_t n : {1, 15, 16, 17, 32, 33, 48, 63, 64, 65, 128, 130}) {
    for (std::size_t m = 1; m <= 17; ++m) expect_product(*GetParam(), {m, n, 70}, m % 2 == 0);
    for (const std::size_t k : {1, 5, 128, 784}) expect_product(*GetParam(), {20, n, k}, k == 128);
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Pairs);
INSTANTIATE_TEST_SUITE_P(Avx512, Pairs, testing::ValuesIn(train_test::pair_kernels()));

}  // namespace
