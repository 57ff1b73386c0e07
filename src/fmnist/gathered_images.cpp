#include "fmnist/gathered_images.hpp"

#include <algorithm>

namespace fmnist {
namespace {

/// Bit j of word i becomes bit i of word j: squares of half the size change places, then those within each
/// (Warren, Hacker's Delight, 7-3).
void transpose_bits(std::uint64_t* words) {
  std::uint64_t lower = 0xFFFFFFFF;  // The lower half of each square's columns.
  for (std::size_t half = kBitsOfWord / 2; half != 0; half /= 2, lower ^= lower << half) {
    for (std::size_t i = 0; i < kBitsOfWord; i = ((i | half) + 1) & ~half) {
      const std::uint64_t changed = (words[i] >> half ^ words[i | half]) & lower;
      words[i] ^= changed << half;
      words[i | half] ^= changed;
    }
  }
}

}  // namespace

void turn_bits(const std::uint64_t* bits, std::size_t rows, std::size_t words, std::uint64_t* turned) {
  const std::size_t turned_words = words_of_bits(rows);
  for (std::size_t w = 0; w < words; ++w) {
    for (std::size_t q = 0; q < turned_words; ++q) {
      std::uint64_t square[kBitsOfWord] = {};
      const std::size_t first = q * kBitsOfWord;
      for (std::size_t i = first; i < std::min(rows, first + kBitsOfWord); ++i)
        square[i - first] = bits[i * words + w];
      transpose_bits(square);
      for (std::size_t j = 0; j < kBitsOfWord; ++j)
        turned[(w * kBitsOfWord + j) * turned_words + q] = square[j];
    }
  }
}

void join_bits(const std::uint64_t* bits, const std::uint32_t* order, std::size_t rows, std::size_t words,
               std::uint64_t* joined) {
  for (std::size_t i = 0; i < rows; i += 2, joined += words) {
    const std::uint64_t* first = bits + order[i] * words;
    const std::uint64_t* second = bits + order[std::min(i + 1, rows - 1)] * words;
    for (std::size_t w = 0; w < words; ++w) joined[w] = first[w] | second[w];
  }
}

GatheredImages::GatheredImages(std::size_t max_rows, std::size_t pixels, const ProductKernels& kernels)
    : pixels_(pixels),
      words_(words_of_bits(pixels)),
      kernels_(kernels),
      bytes_(max_rows * pixels),
      bits_(max_rows * words_),
      counts_(max_rows * words_),
      order_(max_rows),
      keys_(max_rows) {}

std::size_t GatheredImages::memory_bytes(std::size_t max_rows, std::size_t pixels) {
  return max_rows * (pixels + words_of_bits(pixels) * (sizeof(std::uint64_t) + sizeof(std::uint8_t)) +
                     sizeof(std::uint32_t) + sizeof(std::uint64_t));
}

void GatheredImages::take(const ImageRows& images) {
  count_ = images.count;
  kernels_.gather_bytes(
      {images.pixels, pixels_, images.rows, count_, bytes_.data(), bits_.data(), counts_.data()});
  put_in_order();
}

/// By about how many pixels are not 0, and among alike ones by how many of the upper third, as images lie row
/// by row. Over Fashion-MNIST each four that follow each other in a batch of 128 are 0 in common at 34 % of the
/// pixels then, at 21 % in random order, at 38 % if each block begins with an image and takes those that are
/// nearest to it.
void GatheredImages::put_in_order() {
  constexpr std::size_t kSteps = 8;
  constexpr std::size_t kUpperShare = 3;
  constexpr std::uint64_t kIndexBits = 32;
  for (std::size_t i = 0; i < count_; ++i) {
    const std::uint8_t* counts = counts_.data() + i * words_;
    std::size_t upper = 0;
    std::size_t all = 0;
    for (std::size_t w = 0; w < words_; ++w) {
      all += counts[w];
      if (w * kUpperShare < words_) upper = all;
    }
    const std::size_t step = all * kSteps / (pixels_ + 1);
    // Up and down by turns: the last of one step is like the first of the next.
    const std::size_t within = step % 2 == 0 ? upper : pixels_ - upper;
    keys_[i] = (step * (pixels_ + 1) + within) << kIndexBits | i;
  }
  std::sort(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(count_));
  for (std::size_t i = 0; i < count_; ++i) order_[i] = static_cast<std::uint32_t>(keys_[i]);
}

}  // namespace fmnist
