#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "fmnist/bytes_of.hpp"
#include "fmnist/image_start.hpp"
#include "fmnist/lane_products.hpp"
#include "fmnist/parameter_layout.hpp"
#include "fmnist/product_kernels.hpp"

namespace fmnist {
namespace {

constexpr std::size_t kByteValues = 256;

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

/// The products of the first layer over images as the bytes they are, of which many are 0: what a 0 is
/// multiplied by adds nothing, and is left out where all rows that are computed together have a 0.
class ImageBytes final : public ImageProducts {
 public:
  ImageBytes(const ProductsConfig& config, const ProductKernels& kernels)
      : layer_(config.layers.front()),
        row_(lane_row(layer_.out)),
        kernels_(kernels),
        start_(layer_, config.normalization),
        numbers_(kByteValues),
        words_(words_of_bits(layer_.in)),
        images_(config.max_rows * layer_.in),
        bits_(config.max_rows * words_),
        counts_(config.max_rows * words_),
        image_order_(config.max_rows),
        keys_(config.max_rows),
        pixel_bits_(words_of_bits(config.max_batch) * words_ * kBitsOfWord),
        pixel_order_(layer_.in),
        gradient_(config.max_batch * row_) {
    for (std::size_t byte = 0; byte < kByteValues; ++byte)
      numbers_[byte] = static_cast<float>(byte) * config.normalization.scale;
    std::iota(pixel_order_.begin(), pixel_order_.end(), 0U);
  }

  void take(const ImageRows& images) override {
    rows_ = images.count;
    kernels_.gather_bytes(
        {images.pixels, layer_.in, images.rows, rows_, images_.data(), bits_.data(), counts_.data()});
    order_images();
  }

  void forward(const float* parameters, float* z) override {
    kernels_.multiply_bytes({.m = rows_,
                             .n = layer_.out,
                             .numbers = numbers_.data(),
                             .a = images_.data(),
                             .a_row = layer_.in,
                             .a_depth = 1,
                             .bits = bits_.data(),
                             .words = words_,
                             .order = image_order_.data(),
                             .start = start_.of_forward(parameters),
                             .b = parameters + layer_.weight,
                             .ldb = row_,
                             .c = z,
                             .ldc = layer_.out});
  }

  void weight_gradient(const float* g, float* gradients) override {
    turn_bits();
    for (std::size_t i = 0; i < rows_; ++i)
      std::copy_n(g + i * layer_.out, layer_.out, gradient_.data() + i * row_);
    kernels_.multiply_bytes({.m = layer_.in,
                             .n = layer_.out,
                             .numbers = numbers_.data(),
                             .a = images_.data(),
                             .a_row = 1,
                             .a_depth = layer_.in,
                             .bits = pixel_bits_.data(),
                             .words = words_of_bits(rows_),
                             .order = pixel_order_.data(),
                             .start = start_.of_weight_gradient(gradients),
                             .b = gradient_.data(),
                             .ldb = row_,
                             .c = gradients + layer_.weight,
                             .ldc = row_});
  }

  std::size_t memory_bytes() const override {
    return start_.memory_bytes() + bytes_of(numbers_, images_, bits_, counts_, image_order_, keys_, pixel_bits_,
                                            pixel_order_, gradient_);
  }

 private:
  /// Images that have many zeros in common follow each other: those with about as many pixels that are not 0,
  /// and among these those with as many in the upper third, as images lie row by row. Over Fashion-MNIST blocks
  /// of six in a batch of 128 are 0 in common at 31 % of the pixels then, at 16 % in random order, at 33 % if
  /// each block begins with an image and takes those that are nearest to it.
  void order_images() {
    constexpr std::size_t kSteps = 8;
    constexpr std::size_t kUpperShare = 3;
    constexpr std::uint64_t kIndexBits = 32;
    for (std::size_t i = 0; i < rows_; ++i) {
      const std::uint8_t* counts = counts_.data() + i * words_;
      std::size_t upper = 0;
      std::size_t all = 0;
      for (std::size_t w = 0; w < words_; ++w) {
        all += counts[w];
        if (w * kUpperShare < words_) upper = all;
      }
      const std::size_t step = all * kSteps / (layer_.in + 1);
      // Up and down by turns: the last of one step is like the first of the next.
      const std::size_t within = step % 2 == 0 ? upper : layer_.in - upper;
      keys_[i] = (step * (layer_.in + 1) + within) << kIndexBits | i;
    }
    std::sort(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(rows_));
    for (std::size_t i = 0; i < rows_; ++i) image_order_[i] = static_cast<std::uint32_t>(keys_[i]);
  }

  /// Of each pixel in which images it is not zero.
  void turn_bits() {
    const std::size_t words = words_of_bits(rows_);
    for (std::size_t w = 0; w < words_; ++w) {
      for (std::size_t q = 0; q < words; ++q) {
        std::uint64_t square[kBitsOfWord] = {};
        const std::size_t first = q * kBitsOfWord;
        for (std::size_t i = first; i < std::min(rows_, first + kBitsOfWord); ++i)
          square[i - first] = bits_[i * words_ + w];
        transpose_bits(square);
        for (std::size_t j = 0; j < kBitsOfWord; ++j)
          pixel_bits_[(w * kBitsOfWord + j) * words + q] = square[j];
      }
    }
  }

  DenseLayer layer_;
  std::size_t row_;  ///< From the weights of one input to those of the next.
  const ProductKernels& kernels_;
  ImageStart start_;
  AlignedFloats numbers_;  ///< [256] what bytes stand for.
  std::size_t words_;      ///< Of an image's bits.
  std::size_t rows_ = 0;
  std::vector<std::uint8_t> images_;        ///< [rows, pixels]
  std::vector<std::uint64_t> bits_;         ///< [rows, words] which pixels are not 0.
  std::vector<std::uint8_t> counts_;        ///< [rows, words] how many bits of each word are set.
  std::vector<std::uint32_t> image_order_;  ///< [rows]
  std::vector<std::uint64_t> keys_;         ///< [rows] by which the images are ordered.
  std::vector<std::uint64_t> pixel_bits_;   ///< [pixels, words of rows] in which images they are not 0.
  std::vector<std::uint32_t> pixel_order_;  ///< [pixels]
  AlignedFloats gradient_;                  ///< [batch, row] rows that begin with cache lines.
};

}  // namespace

std::size_t image_byte_numbers(const ProductsConfig& config) {
  const DenseLayer& layer = config.layers.front();
  const std::size_t row = lane_row(layer.out);
  const std::size_t words = words_of_bits(layer.in);
  const std::size_t floats = row + kByteValues + config.max_batch * row;
  // Of images and their order; of pixels and theirs.
  const std::size_t bytes =
      config.max_rows * (layer.in + words * (sizeof(std::uint64_t) + sizeof(std::uint8_t)) +
                         sizeof(std::uint32_t) + sizeof(std::uint64_t)) +
      words_of_bits(config.max_batch) * words * kBitsOfWord * sizeof(std::uint64_t) +
      layer.in * sizeof(std::uint32_t);
  return floats + (bytes + sizeof(float) - 1) / sizeof(float);
}

std::unique_ptr<ImageProducts> image_bytes(const ProductsConfig& config, const ProductKernels& kernels) {
  return std::make_unique<ImageBytes>(config, kernels);
}

}  // namespace fmnist
