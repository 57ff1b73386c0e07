#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "fmnist/aligned_floats.hpp"
#include "fmnist/bytes_of.hpp"
#include "fmnist/dense_products.hpp"
#include "fmnist/gathered_images.hpp"
#include "fmnist/image_start.hpp"
#include "fmnist/pair_kernels.hpp"
#include "fmnist/parameter_layout.hpp"

namespace fmnist {
namespace {

/// How many of what, as pairs.
struct PairSizes {
  std::size_t pixels, pixel_pairs, images, batch_pairs, row;

  explicit PairSizes(const ProductsConfig& config)
      : pixels(config.layers.front().in),
        pixel_pairs(pairs_of(pixels)),
        images(config.max_rows),
        batch_pairs(pairs_of(config.max_batch)),
        row(lane_row(config.layers.front().out)) {}

  /// Images by pairs of pixels, or pixels by pairs of images.
  [[nodiscard]] std::size_t left() const { return std::max(images * pixel_pairs, batch_pairs * pixels); }
  /// Weights, or the gradient.
  [[nodiscard]] std::size_t right() const { return std::max(pixel_pairs, batch_pairs) * row; }
  /// Bits of images, or of pixels.
  [[nodiscard]] std::size_t bits() const {
    return std::max(images * words_of_bits(pixel_pairs),
                    words_of_bits(batch_pairs) * words_of_bits(pixels) * kBitsOfWord);
  }
  [[nodiscard]] std::size_t common_bits() const { return batch_pairs * words_of_bits(pixels); }
};

/// The products of the first layer over pairs of bfloat16 numbers. A pair that is 0 in all rows that are
/// computed together is left out: in forward two pixels of an image, on the way back a pixel of two images.
class ImagePairs final : public ImageProducts {
 public:
  ImagePairs(const ProductsConfig& config, const PairKernels& kernels, const ProductKernels& gathering)
      : layer_(config.layers.front()),
        row_(lane_row(layer_.out)),
        scale_(config.normalization.scale),
        kernels_(kernels),
        start_(layer_, config.normalization),
        images_(config.max_rows, layer_.in, gathering),
        pixel_order_(layer_.in) {
    const PairSizes sizes(config);
    left_.resize(sizes.left());
    right_.resize(sizes.right());
    bits_.resize(sizes.bits());
    common_bits_.resize(sizes.common_bits());
    std::iota(pixel_order_.begin(), pixel_order_.end(), 0U);
  }

  void take(const ImageRows& images) override { images_.take(images); }

  void forward(const float* parameters, float* z) override {
    const std::size_t pair_count = pairs_of(layer_.in);
    kernels_.pair_pixels({images_.bytes(), images_.count(), layer_.in, left_.data()}, bits_.data());
    kernels_.pair_rows({parameters + layer_.weight, layer_.in, layer_.out, row_, pixel_order_.data(), scale_,
                        right_.data(), row_});
    kernels_.multiply({.m = images_.count(),
                       .n = layer_.out,
                       .a = left_.data(),
                       .a_row = pair_count,
                       .a_depth = 1,
                       .bits = bits_.data(),
                       .words = words_of_bits(pair_count),
                       .order = images_.order(),
                       .start = start_.of_forward(parameters),
                       .b = right_.data(),
                       .ldb = row_,
                       .c = z,
                       .ldc = layer_.out});
  }

  void weight_gradient(const float* g, float* gradients) override {
    const std::size_t pair_count = pairs_of(images_.count());
    kernels_.pair_images({images_.bytes(), images_.count(), layer_.in, left_.data()}, images_.order());
    kernels_.pair_rows(
        {g, images_.count(), layer_.out, layer_.out, images_.order(), scale_, right_.data(), row_});
    join_bits(images_.bits(), images_.order(), images_.count(), images_.words(), common_bits_.data());
    turn_bits(common_bits_.data(), pair_count, images_.words(), bits_.data());
    kernels_.multiply({.m = layer_.in,
                       .n = layer_.out,
                       .a = left_.data(),
                       .a_row = 1,
                       .a_depth = layer_.in,
                       .bits = bits_.data(),
                       .words = words_of_bits(pair_count),
                       .order = pixel_order_.data(),
                       .start = start_.of_weight_gradient(gradients),
                       .b = right_.data(),
                       .ldb = row_,
                       .c = gradients + layer_.weight,
                       .ldc = row_});
  }

  std::size_t memory_bytes() const override {
    return start_.memory_bytes() + images_.memory_bytes() +
           bytes_of(left_, right_, bits_, common_bits_, pixel_order_);
  }

 private:
  DenseLayer layer_;
  std::size_t row_;  ///< From the weights of one input to those of the next.
  float scale_;      ///< Of the normalisation.
  const PairKernels& kernels_;
  ImageStart start_;
  GatheredImages images_;
  AlignedWords left_;                       ///< [images, pairs of pixels], or [pairs of images, pixels]
  AlignedWords right_;                      ///< [pairs, row] of weights, or of the gradient.
  std::vector<std::uint64_t> bits_;         ///< Of what is on the left.
  std::vector<std::uint64_t> common_bits_;  ///< [pairs of images, words]
  std::vector<std::uint32_t> pixel_order_;  ///< [pixels]
};

}  // namespace

std::size_t image_pair_numbers(const ProductsConfig& config) {
  const PairSizes sizes(config);
  const std::size_t bytes = GatheredImages::memory_bytes(sizes.images, sizes.pixels) +
                            (sizes.bits() + sizes.common_bits()) * sizeof(std::uint64_t) +
                            sizes.pixels * sizeof(std::uint32_t);
  return sizes.row + sizes.left() + sizes.right() + (bytes + sizeof(float) - 1) / sizeof(float);
}

std::unique_ptr<ImageProducts> image_pairs(const ProductsConfig& config, const PairKernels& kernels,
                                           const ProductKernels& gathering) {
  return std::make_unique<ImagePairs>(config, kernels, gathering);
}

}  // namespace fmnist
