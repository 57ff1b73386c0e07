#include "fmnist/gathered_images.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "train/engines.hpp"
#include "train/random_networks.hpp"
#include "tune/random.hpp"

namespace {

using fmnist::kBitsOfWord;
using fmnist::words_of_bits;

std::vector<std::uint64_t> random_words(std::size_t n) {
  tune::RandomStream stream({n, 5, tune::Purpose::kAugmentation, 0});
  std::vector<std::uint64_t> words(n);
  for (std::uint64_t& word : words) word = stream.below(1ULL << 32) << 32 | stream.below(1ULL << 32);
  return words;
}

bool bit_of(const std::vector<std::uint64_t>& words, std::size_t first_word, std::size_t bit) {
  return (words[first_word + bit / kBitsOfWord] >> bit % kBitsOfWord & 1U) != 0;
}

TEST(Bits, TurnRowsIntoColumns) {
  for (const std::size_t rows : {1, 63, 64, 65, 130}) {
    for (const std::size_t words : {1, 2, 13}) {
      const auto bits = random_words(rows * words);
      const std::size_t turned_words = words_of_bits(rows);
      std::vector<std::uint64_t> turned(words * kBitsOfWord * turned_words, ~std::uint64_t{0});
      fmnist::turn_bits(bits.data(), rows, words, turned.data());
      for (std::size_t j = 0; j < words * kBitsOfWord; ++j) {
        for (std::size_t i = 0; i < turned_words * kBitsOfWord; ++i)
          ASSERT_EQ(bit_of(turned, j * turned_words, i), i < rows && bit_of(bits, i * words, j))
              << rows << 'x' << words << ": " << j << ',' << i;
      }
    }
  }
}

TEST(Bits, AreJoinedInPairsThatFollowEachOther) {
  constexpr std::size_t kWords = 2;
  const auto bits = random_words(5 * kWords);
  const std::vector<std::uint32_t> order{3, 0, 4, 1, 2};
  std::vector<std::uint64_t> joined(3 * kWords);
  fmnist::join_bits(bits.data(), order.data(), order.size(), kWords, joined.data());
  for (std::size_t w = 0; w < kWords; ++w) {
    EXPECT_EQ(joined[w], bits[3 * kWords + w] | bits[w]);
    EXPECT_EQ(joined[kWords + w], bits[4 * kWords + w] | bits[kWords + w]);
    EXPECT_EQ(joined[2 * kWords + w], bits[2 * kWords + w]);
  }
}

class Gathered : public testing::TestWithParam<const fmnist::ProductKernels*> {};

/// Four kinds by turns: black, full above, full below, of which there are as many pixels, and both.
TEST_P(Gathered, ImagesThatAreAlikeFollowEachOther) {
  constexpr std::size_t kImages = 40;
  constexpr std::size_t kPixels = 784;
  constexpr std::size_t kUpper = 320;
  constexpr std::size_t kKinds = 4;
  std::vector<std::uint8_t> pixels(kImages * kPixels);
  for (std::size_t i = 0; i < kImages; ++i) {
    std::uint8_t* image = pixels.data() + i * kPixels;
    const std::size_t kind = i % kKinds;
    if (kind == 1 || kind == 3) std::fill_n(image, kUpper, std::uint8_t{200});
    if (kind == 2 || kind == 3) std::fill_n(image + kUpper, kUpper, std::uint8_t{100});
  }
  const auto rows = train_test::first_positions(kImages);
  fmnist::GatheredImages images(kImages, kPixels, *GetParam());
  images.take({pixels.data(), rows.data(), kImages});
  const std::vector<std::uint32_t> order(images.order(), images.order() + kImages);
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, rows);
  std::size_t changes = 0;
  for (std::size_t i = 1; i < kImages; ++i) changes += order[i] % kKinds != order[i - 1] % kKinds ? 1U : 0U;
  EXPECT_EQ(changes, kKinds - 1);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Gathered);
INSTANTIATE_TEST_SUITE_P(Avx512, Gathered, testing::ValuesIn(train_test::lane_kernels()));

}  // namespace
