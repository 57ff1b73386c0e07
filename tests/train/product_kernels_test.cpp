#include "fmnist/product_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "fmnist/flush_denormals.hpp"
#include "train/engines.hpp"
#include "train/random_networks.hpp"

namespace {

using fmnist::kBitsOfWord;
using fmnist::ProductKernels;
using fmnist::words_of_bits;
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

struct ByteMatrix {
  std::vector<std::uint8_t> bytes;   ///< [rows, cols]
  std::vector<std::uint64_t> bits;   ///< [rows, words]
  std::vector<std::uint8_t> counts;  ///< [rows, words]
};

/// What lies at depths that are multiples of this is 0 in all rows.
constexpr std::size_t kZeroEvery = 7;

/// Of which that share is 0 besides, gathered from more images.
ByteMatrix random_bytes(const ProductKernels& kernels, std::size_t rows, std::size_t cols, double zeros) {
  const std::size_t many = rows + 3;
  const auto numbers = random_numbers(many * cols, rows * cols);
  std::vector<std::uint8_t> pixels(many * cols);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const double number = (static_cast<double>(numbers[i]) + 1.0) / 2.0;
    const bool is_zero = number < zeros || i % cols % kZeroEvery == 0;
    pixels[i] = is_zero ? std::uint8_t{0} : static_cast<std::uint8_t>(1 + i % 255);
  }
  std::vector<std::uint32_t> places(rows);
  for (std::size_t i = 0; i < rows; ++i) places[i] = static_cast<std::uint32_t>((i * 2 + 1) % many);
  ByteMatrix matrix{std::vector<std::uint8_t>(rows * cols + kGap, 77),
                    std::vector<std::uint64_t>(rows * words_of_bits(cols) + 1, 77),
                    std::vector<std::uint8_t>(rows * words_of_bits(cols) + 1, 77)};
  kernels.gather_bytes({pixels.data(), cols, places.data(), rows, matrix.bytes.data(), matrix.bits.data(),
                        matrix.counts.data()});
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j)
      EXPECT_EQ(matrix.bytes[i * cols + j], pixels[places[i] * cols + j]) << i << ',' << j;
  }
  return matrix;
}

TEST_P(Lanes, GatherBytesAndCountThoseThatAreNotZero) {
  for (const std::size_t rows : {1, 2, 9}) {
    for (const std::size_t cols : {1, 63, 64, 65, 784}) {
      const ByteMatrix matrix = random_bytes(*GetParam(), rows, cols, 0.5);
      const std::size_t words = words_of_bits(cols);
      for (std::size_t i = 0; i < rows * words; ++i) {
        std::uint64_t expected = 0;
        for (std::size_t j = i % words * kBitsOfWord; j < std::min(cols, (i % words + 1) * kBitsOfWord); ++j) {
          if (matrix.bytes[i / words * cols + j] != 0) expected |= std::uint64_t{1} << j % kBitsOfWord;
        }
        EXPECT_EQ(matrix.bits[i], expected) << rows << 'x' << cols << ": " << i;
        EXPECT_EQ(matrix.counts[i], std::popcount(expected)) << rows << 'x' << cols << ": " << i;
      }
      EXPECT_EQ(matrix.bytes[rows * cols], 77);
      EXPECT_EQ(matrix.bits.back(), 77);
      EXPECT_EQ(matrix.counts.back(), 77);
    }
  }
}

/// Where all rows are 0 the other side is infinite, which must not show.
void expect_byte_product(const ProductKernels& kernels, const Sizes& sizes, double zeros, bool depth_first) {
  const auto [m, n, k] = sizes;
  SCOPED_TRACE(testing::Message() << m << 'x' << n << 'x' << k << ", zeros " << zeros
                                  << (depth_first ? ", depth first" : ""));
  const ByteMatrix a = random_bytes(kernels, m, k, zeros);
  std::vector<std::uint8_t> turned(m * k);
  for (std::size_t at = 0; at < turned.size(); ++at) turned[at % k * m + at / k] = a.bytes[at];
  std::vector<float> numbers(256);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i) / 255.0F;
  std::vector<std::uint32_t> order(m);
  for (std::size_t i = 0; i < m; ++i) order[i] = static_cast<std::uint32_t>(m - 1 - i);
  const auto start = random_numbers(n, 3);
  auto b = random_numbers(k * (n + kGap), 2);
  for (std::size_t d = 0; d < k; d += kZeroEvery)
    std::fill_n(b.data() + d * (n + kGap), n, std::numeric_limits<float>::infinity());
  std::vector<float> c(m * (n + kGap), kUntouched);
  kernels.multiply_bytes({.m = m,
                          .n = n,
                          .a = depth_first ? turned.data() : a.bytes.data(),
                          .a_row = depth_first ? 1 : k,
                          .a_depth = depth_first ? m : 1,
                          .bits = a.bits.data(),
                          .words = words_of_bits(k),
                          .order = order.data(),
                          .start = start.data(),
                          .b = b.data(),
                          .ldb = n + kGap,
                          .c = c.data(),
                          .ldc = n + kGap},
                         numbers.data());
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double expected = static_cast<double>(start[j]);
      for (std::size_t d = 0; d < k; ++d) {
        if (d % kZeroEvery != 0)
          expected += a.bytes[i * k + d] / 255.0 * static_cast<double>(b[d * (n + kGap) + j]);
      }
      ASSERT_NEAR(c[i * (n + kGap) + j], expected, 5e-6 * std::sqrt(static_cast<double>(k))) << i << ',' << j;
    }
    for (std::size_t j = n; j < n + kGap; ++j) ASSERT_EQ(c[i * (n + kGap) + j], kUntouched) << i << ',' << j;
  }
}

/// Every number of rows and registers of a block, whole and with a rest, and more than one block.
TEST_P(Lanes, MultiplyBytesOfAnySizeWithoutWhatIsZero) {
  for (const std::size_t n :
       {1, 7, 8, 9, 15, 16, 17, 32, 33, 48, 63, 64, 65, 80, 81, 95, 96, 97, 128, 130, 192}) {
    for (std::size_t m = 1; m <= 13; ++m) expect_byte_product(*GetParam(), {m, n, 70}, 0.5, m % 2 == 0);
    for (const std::size_t k : {1, 64, 784}) expect_byte_product(*GetParam(), {20, n, k}, 0.7, k == 64);
  }
}

TEST_P(Lanes, MultiplyBytesThatAreAllZeroOrHardlyEver) {
  for (const double zeros : {0.0, 1.0}) expect_byte_product(*GetParam(), {14, 50, 200}, zeros, false);
}

/// Held against the product in which nothing is left out, which is the same to the last bit.
void expect_sparse_product(const ProductKernels& kernels, const Sizes& sizes, bool depth_first, double zeros) {
  const auto [m, n, k] = sizes;
  SCOPED_TRACE(testing::Message() << m << 'x' << n << 'x' << k << ", zeros " << zeros
                                  << (depth_first ? ", depth first" : ""));
  const std::size_t a_row = depth_first ? 1 : k + kGap;
  const std::size_t a_depth = depth_first ? m + kGap : 1;
  auto a = random_numbers((m + kGap) * (k + kGap), 1);
  std::mt19937 random(4);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same in each run.
  std::bernoulli_distribution is_zero(zeros);
  for (float& number : a) {
    if (is_zero(random)) number = 0.0F;
  }
  const auto b = random_numbers(k * (n + kGap), 2);
  std::vector<float> expected(m * (n + kGap), kUntouched);
  kernels.multiply({m, n, k, a.data(), a_row, a_depth, b.data(), n + kGap, expected.data(), n + kGap});
  std::vector<float> c(m * (n + kGap), kUntouched);
  kernels.multiply_sparse({m, n, k, a.data(), a_row, a_depth, b.data(), n + kGap, c.data(), n + kGap});
  EXPECT_EQ(c, expected);
}

/// Every number of registers, whole and with a rest; of rows and of depths that are listed at a time, too.
TEST_P(Lanes, MultiplySparseMatricesOfAnySizeAsOthers) {
  for (const bool depth_first : {false, true}) {
    for (const std::size_t n :
         {1, 15, 16, 17, 32, 33, 48, 63, 64, 65, 81, 96, 100, 112, 127, 128, 130, 192, 300})
      expect_sparse_product(*GetParam(), {20, n, 40}, depth_first, 0.7);
    for (const std::size_t m : {1, 2, 15, 16, 17, 33}) {
      for (const std::size_t k : {1, 15, 16, 17, 127, 128, 129, 300})
        expect_sparse_product(*GetParam(), {m, 37, k}, depth_first, 0.5);
    }
    for (const double zeros : {0.0, 1.0}) expect_sparse_product(*GetParam(), {18, 70, 260}, depth_first, zeros);
    for (const std::size_t n : {64, 300}) expect_sparse_product(*GetParam(), {20, n, 260}, depth_first, 0.6);
  }
}

TEST_P(Lanes, ShowWhatIsNoNumberInSparseMatrices) {
  constexpr std::size_t kSide = 20;
  std::vector<float> a(kSide * kSide);
  a[7 * kSide + 3] = std::numeric_limits<float>::quiet_NaN();
  const auto b = random_numbers(kSide * kSide, 2);
  std::vector<float> c(kSide * kSide);
  GetParam()->multiply_sparse({kSide, kSide, kSide, a.data(), kSide, 1, b.data(), kSide, c.data(), kSide});
  for (std::size_t at = 0; at < c.size(); ++at) EXPECT_EQ(std::isnan(c[at]), at / kSide == 7) << at;
}

TEST_P(Lanes, MultiplyWhatIsNotFiniteByZeros) {
  constexpr std::size_t kSide = 20;
  constexpr std::size_t kColumn = 17;
  const std::vector<float> a(kSide * kSide);
  for (const float number :
       {-std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    auto b = random_numbers(kSide * kSide, 2);
    b[7 * kSide + kColumn] = number;
    std::vector<float> c(kSide * kSide);
    GetParam()->multiply_sparse({kSide, kSide, kSide, a.data(), kSide, 1, b.data(), kSide, c.data(), kSide});
    for (std::size_t at = 0; at < c.size(); ++at) EXPECT_EQ(std::isnan(c[at]), at % kSide == kColumn) << at;
  }
}

TEST_P(Lanes, AreSparseWithManyColumnsAndManyZeros) {
  constexpr std::size_t kRows = 10;
  constexpr std::size_t kDepth = 20;
  constexpr std::size_t kMostNotZero = 90;  // 0.45 of them.
  std::vector<float> a(kRows * kDepth);
  const auto is_sparse = [&](std::size_t n) {
    return fmnist::is_sparse({kRows, n, kDepth, a.data(), kDepth, 1, nullptr, n, nullptr, n}, *GetParam());
  };
  std::fill_n(a.begin(), kMostNotZero - 1, 2.0F);
  EXPECT_FALSE(is_sparse(16));
  EXPECT_TRUE(is_sparse(17));
  a.back() = 2.0F;
  EXPECT_FALSE(is_sparse(17));
}

TEST_P(Lanes, CountWhatIsNotZero) {
  const ProductKernels& kernels = *GetParam();
  for (const std::size_t n : {1, 15, 16, 17, 32, 100}) {
    std::vector<float> numbers(n + 1);
    numbers.back() = 1.0F;  // Beyond the end.
    EXPECT_EQ(kernels.count_not_zero(n, numbers.data()), 0U) << n;
    numbers[n / 2] = -0.0F;
    EXPECT_EQ(kernels.count_not_zero(n, numbers.data()), 0U) << n;
    numbers[n - 1] = std::numeric_limits<float>::quiet_NaN();
    numbers[0] = -std::numeric_limits<float>::min();
    EXPECT_EQ(kernels.count_not_zero(n, numbers.data()), n == 1 ? 1U : 2U) << n;
    numbers[0] = std::numeric_limits<float>::denorm_min();
    EXPECT_EQ(kernels.count_not_zero(n, numbers.data()), n == 1 ? 1U : 2U) << n;
    const fmnist::FlushDenormals flush;
    EXPECT_EQ(kernels.count_not_zero(n, numbers.data()), n == 1 ? 0U : 1U) << n;
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Lanes);
INSTANTIATE_TEST_SUITE_P(Avx512, Lanes, testing::ValuesIn(train_test::lane_kernels()));

}  // namespace
