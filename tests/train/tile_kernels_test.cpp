#include "fmnist/tile_kernels.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <ostream>
#include <string>
#include <vector>

#include "train/random_networks.hpp"

namespace fmnist {

void PrintTo(const TileKernels* kernels, std::ostream* out) {
  *out << kernels->name;
}

}  // namespace fmnist

namespace {

using fmnist::TileKernels;
using fmnist::TilePieces;
using fmnist::TileSide;
using train_test::random_numbers;

struct Sizes {
  std::size_t left, right, depth;
};

/// Less than a tile, exactly one, several with and without a rest; one and two tiles beside each other.
const std::vector<Sizes> kSizes{{1, 1, 1},    {16, 16, 32}, {17, 15, 33},  {32, 32, 64},
                                {10, 77, 65}, {48, 16, 31}, {16, 100, 96}, {5, 33, 784},
                                {40, 45, 70}, {47, 17, 33}, {300, 1, 40}};

/// What is stored where: numbers[i, d], or with depth_first [d, i].
std::vector<float> stored(const std::vector<float>& numbers, std::size_t depth, bool depth_first) {
  if (!depth_first) return numbers;
  const std::size_t count = numbers.size() / depth;
  std::vector<float> turned(numbers.size());
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t d = 0; d < depth; ++d) turned[d * count + i] = numbers[i * depth + d];
  }
  return turned;
}

struct Packing {
  TileSide side;
  bool depth_first = false;
  float scale = 1.0F;
  TilePieces pieces = TilePieces::kRounded;
};

std::vector<std::uint32_t> packed(const TileKernels& kernels, const std::vector<float>& numbers,
                                  std::size_t depth, const Packing& packing) {
  const std::size_t count = numbers.size() / depth;
  const std::vector<float> memory = stored(numbers, depth, packing.depth_first);
  // What a tile has beyond the numbers must not stay as it is.
  std::vector<std::uint32_t> words(fmnist::tile_words(count, depth, packing.pieces), 0x7FC07FC0U);
  kernels.pack_floats({memory.data(), packing.depth_first ? count : depth, packing.depth_first, count, depth,
                       packing.scale, packing.pieces},
                      packing.side, words.data());
  return words;
}

class Tiles : public testing::TestWithParam<const TileKernels*> {};

/// What products see of a number.
double seen(float number, TilePieces pieces) {
  return pieces == TilePieces::kExact ? static_cast<double>(number) : train_test::rounded_to_bf16(number);
}

TEST_P(Tiles, MultiplyRoundedNumbersAndExactOnesInEveryLayout) {
  const TileKernels& kernels = *GetParam();
  constexpr float kScale = 0.5F;  // Exact.
  for (const Sizes& sizes : kSizes) {
    const auto a = random_numbers(sizes.left * sizes.depth, 1);
    const auto b = random_numbers(sizes.right * sizes.depth, 2);
    const auto start = random_numbers(sizes.right + fmnist::kTileCount, 3);
    for (unsigned layout = 0; layout < 32; ++layout) {
      const bool from_zero = (layout & 4U) != 0;
      const TilePieces of_left = (layout & 8U) != 0 ? TilePieces::kExact : TilePieces::kRounded;
      const TilePieces of_right = (layout & 16U) != 0 ? TilePieces::kExact : TilePieces::kRounded;
      const auto left = packed(kernels, a, sizes.depth, {TileSide::kLeft, (layout & 1U) != 0, kScale, of_left});
      const auto right =
          packed(kernels, b, sizes.depth, {TileSide::kRight, (layout & 2U) != 0, 1.0F, of_right});
      constexpr float kUntouched = 99.0F;
      std::vector<float> c(sizes.left * (sizes.right + 3), kUntouched);
      kernels.multiply({left.data(), sizes.left, of_left, right.data(), sizes.right, of_right, sizes.depth,
                        from_zero ? nullptr : start.data(), c.data(), sizes.right + 3});
      for (std::size_t i = 0; i < sizes.left; ++i) {
        for (std::size_t j = 0; j < sizes.right; ++j) {
          double expected = from_zero ? 0.0 : static_cast<double>(start[j]);
          double size = std::abs(expected);
          for (std::size_t d = 0; d < sizes.depth; ++d) {
            const double product =
                0.5 * seen(a[i * sizes.depth + d], of_left) * seen(b[j * sizes.depth + d], of_right);
            expected += product;
            size += std::abs(product);
          }
          // Of the sums alone, in whatever order.
          ASSERT_NEAR(c[i * (sizes.right + 3) + j], expected, 1e-6 * size)
              << sizes.left << 'x' << sizes.right << 'x' << sizes.depth << " layout " << layout;
        }
        for (std::size_t j = 0; j < 3; ++j) ASSERT_EQ(c[i * (sizes.right + 3) + sizes.right + j], kUntouched);
      }
    }
  }
}

/// Of number d of a right operand with one vector.
double sum_of_pieces(const std::vector<std::uint32_t>& words, std::size_t d) {
  double sum = 0.0;
  for (std::size_t p = 0; p < 3; ++p) {
    const std::size_t tile = d / fmnist::kTileDepth * 3 + p;
    const std::size_t word = d % fmnist::kTileDepth / 2 * fmnist::kTileCount;
    const std::uint32_t both = words[tile * fmnist::kTileWords + word];
    sum += static_cast<double>(std::bit_cast<float>(d % 2 == 0 ? both << 16U : both & 0xFFFF0000U));
  }
  return sum;
}

TEST_P(Tiles, KeepEveryBitInPieces) {
  const TileKernels& kernels = *GetParam();
  std::vector<float> numbers = random_numbers(500, 4);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = std::ldexp(numbers[i], static_cast<int>(i % 60) - 30);
  numbers.insert(numbers.end(), {0.0F, -1.0F, 0x1.fffffep0F, -0x1.000002p0F, 0x1.fefffep127F});
  for (const float scale : {1.0F, 0.3F}) {
    for (const bool depth_first : {false, true}) {
      const auto words =
          packed(kernels, numbers, numbers.size(), {TileSide::kRight, depth_first, scale, TilePieces::kExact});
      for (std::size_t d = 0; d < numbers.size(); ++d)
        ASSERT_EQ(sum_of_pieces(words, d), static_cast<double>(numbers[d] * scale)) << d;
    }
  }
}

TEST_P(Tiles, KeepWhatIsNoNumberInPieces) {
  const TileKernels& kernels = *GetParam();
  for (const float number : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                             std::numeric_limits<float>::quiet_NaN()}) {
    const auto words = packed(kernels, {number}, 1, {TileSide::kRight, true, 1.0F, TilePieces::kExact});
    EXPECT_FALSE(std::isfinite(sum_of_pieces(words, 0))) << number;
  }
}

TEST_P(Tiles, TakePixelsAsTheyAre) {
  const TileKernels& kernels = *GetParam();
  constexpr std::size_t kFeatures = 49;
  constexpr std::size_t kImages = 300;
  std::vector<std::uint8_t> pixels(kFeatures * kImages);
  std::iota(pixels.begin(), pixels.end(), std::uint8_t{0});
  for (const std::size_t n : {std::size_t{1}, std::size_t{16}, std::size_t{37}}) {
    std::vector<std::uint32_t> rows(n);
    for (std::size_t i = 0; i < n; ++i) rows[i] = static_cast<std::uint32_t>(i * 7919 % kImages);
    std::vector<float> numbers;
    for (const std::uint32_t row : rows) {
      for (std::size_t j = 0; j < kFeatures; ++j) numbers.push_back(pixels[row * kFeatures + j]);
    }
    for (const TileSide side : {TileSide::kLeft, TileSide::kRight}) {
      const auto of_images = packed(kernels, numbers, kFeatures, {side});
      std::vector<std::uint32_t> words(of_images.size(), 1);
      kernels.pack_pixels({pixels.data(), kFeatures, rows.data(), n, false}, side, words.data());
      EXPECT_EQ(words, of_images) << n;
      // The same numbers with the pixels as vectors, as they are stored.
      std::vector<std::uint32_t> of_pixels(fmnist::tile_words(kFeatures, n), 1);
      kernels.pack_floats({numbers.data(), kFeatures, true, kFeatures, n, 1.0F}, side, of_pixels.data());
      words.assign(of_pixels.size(), 1);
      kernels.pack_pixels({pixels.data(), kFeatures, rows.data(), n, true}, side, words.data());
      EXPECT_EQ(words, of_pixels) << n;
    }
  }
}

TEST_P(Tiles, RoundToTheNearestAndKeepWhatIsNoNumber) {
  const TileKernels& kernels = *GetParam();
  const auto kept = [&](float number) {
    std::uint32_t words[fmnist::kTileWords];
    kernels.pack_floats({&number, 1, false, 1, 1, 1.0F}, TileSide::kLeft, words);
    return words[0];
  };
  EXPECT_EQ(kept(1.0F), 0x3F80U);
  EXPECT_EQ(kept(-2.0F), 0xC000U);
  EXPECT_EQ(kept(1.0F + 0x1p-8F), 0x3F80U) << "halfway: to the even one";
  EXPECT_EQ(kept(1.0F + 0x3p-8F), 0x3F82U) << "halfway: to the even one";
  EXPECT_EQ(kept(1.0F + 0x1.1p-8F), 0x3F81U);
  EXPECT_EQ(kept(std::numeric_limits<float>::infinity()), 0x7F80U);
  EXPECT_EQ(kept(std::numeric_limits<float>::max()), 0x7F80U);
  const std::uint32_t nan = kept(std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(nan & 0x7F80U, 0x7F80U);
  EXPECT_NE(nan & 0x7FU, 0U);
}

TEST(TileKernels, AreForFloatsOnlyWithAMatrixUnitAndInLargeBatches) {
  const TileKernels* fastest = fmnist::tile_kernels().front();
  EXPECT_EQ(fmnist::piece_kernels(32), std::string(fastest->name) == "amx" ? fastest : nullptr);
  EXPECT_EQ(fmnist::piece_kernels(31), nullptr);
}

INSTANTIATE_TEST_SUITE_P(All, Tiles, testing::ValuesIn(fmnist::tile_kernels()),
                         [](const auto& kernels) { return std::string(kernels.param->name); });

}  // namespace
