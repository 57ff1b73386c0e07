#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "fmnist/bytes_of.hpp"
#include "fmnist/gathered_images.hpp"
#include "fmnist/image_start.hpp"
#include "fmnist/kernels.hpp"
#include "fmnist/lane_products.hpp"
#include "fmnist/parameter_layout.hpp"
#include "fmnist/product_kernels.hpp"
#include "fmnist/sparse_gradient.hpp"

namespace fmnist {
namespace {

constexpr std::size_t kByteValues = 256;

/// The products of the first layer over images as the bytes they are, of which many are 0: what a 0 is
/// multiplied by adds nothing, and is left out where all rows that are computed together have a 0; or, where
/// more is saved by that, where the gradient is 0. Both give the same sums of finite numbers.
class ImageBytes final : public ImageProducts {
 public:
  ImageBytes(const ProductsConfig& config, const ProductKernels& kernels)
      : layer_(config.layers.front()),
        row_(lane_row(layer_.out)),
        kernels_(kernels),
        start_(layer_, config.normalization),
        images_(config.max_rows, layer_.in, kernels),
        scale_(config.normalization.scale),
        inputs_(kByteValues),
        bytes_(kByteValues),
        pixel_bits_(words_of_bits(config.max_batch) * images_.words() * kBitsOfWord),
        pixel_order_(layer_.in),
        gradient_(config.max_batch * row_),
        sparse_(layer_, config.normalization.scale, config.max_batch, kernels) {
    std::iota(bytes_.begin(), bytes_.end(), 0.0F);
    for (std::size_t byte = 0; byte < kByteValues; ++byte) inputs_[byte] = bytes_[byte] * scale_;
    std::iota(pixel_order_.begin(), pixel_order_.end(), 0U);
  }

  void take(const ImageRows& images) override { images_.take(images); }

  void forward(const float* parameters, float* z) override {
    kernels_.multiply_bytes({.m = images_.count(),
                             .n = layer_.out,
                             .a = images_.bytes(),
                             .a_row = layer_.in,
                             .a_depth = 1,
                             .bits = images_.bits(),
                             .words = images_.words(),
                             .order = images_.order(),
                             .start = start_.of_forward(parameters),
                             .b = parameters + layer_.weight,
                             .ldb = row_,
                             .c = z,
                             .ldc = layer_.out},
                            inputs_.data());
  }

  void weight_gradient(const float* g, float* gradients) override {
    const float* start = start_.of_weight_gradient(gradients);
    if (sparse_.is_faster(g, images_.count())) {
      sparse_.compute(images_.bytes(), g, images_.count(), start, gradients);
    } else {
      in_lanes(g, start, gradients);
    }
  }

  std::size_t memory_bytes() const override {
    return start_.memory_bytes() + images_.memory_bytes() + sparse_.memory_bytes() +
           bytes_of(inputs_, bytes_, pixel_bits_, pixel_order_, gradient_);
  }

 private:
  void in_lanes(const float* g, const float* start, float* gradients) {
    turn_bits(images_.bits(), images_.count(), images_.words(), pixel_bits_.data());
    for (std::size_t i = 0; i < images_.count(); ++i)
      std::copy_n(g + i * layer_.out, layer_.out, gradient_.data() + i * row_);
    fmnist::kernels().scale(images_.count() * row_, scale_, gradient_.data());
    kernels_.multiply_bytes({.m = layer_.in,
                             .n = layer_.out,
                             .a = images_.bytes(),
                             .a_row = 1,
                             .a_depth = layer_.in,
                             .bits = pixel_bits_.data(),
                             .words = words_of_bits(images_.count()),
                             .order = pixel_order_.data(),
                             .start = start,
                             .b = gradient_.data(),
                             .ldb = row_,
                             .c = gradients + layer_.weight,
                             .ldc = row_},
                            bytes_.data());
  }

  DenseLayer layer_;
  std::size_t row_;  ///< From the weights of one input to those of the next.
  const ProductKernels& kernels_;
  ImageStart start_;
  GatheredImages images_;
  float scale_;
  AlignedFloats inputs_;                    ///< [256] what bytes stand for, without the shift.
  AlignedFloats bytes_;                     ///< [256] themselves, as numbers.
  std::vector<std::uint64_t> pixel_bits_;   ///< [pixels, words of rows] in which images they are not 0.
  std::vector<std::uint32_t> pixel_order_;  ///< [pixels]
  AlignedFloats gradient_;                  ///< [batch, row] times scale_; rows that begin with cache lines.
  SparseGradient sparse_;
};

}  // namespace

std::size_t image_byte_numbers(const ProductsConfig& config) {
  const DenseLayer& layer = config.layers.front();
  const std::size_t row = lane_row(layer.out);
  const std::size_t floats =
      row + 2 * kByteValues + config.max_batch * row + SparseGradient::numbers(layer, config.max_batch);
  const std::size_t bits = words_of_bits(config.max_batch) * words_of_bits(layer.in) * kBitsOfWord;
  const std::size_t bytes = GatheredImages::memory_bytes(config.max_rows, layer.in) +
                            bits * sizeof(std::uint64_t) + layer.in * sizeof(std::uint32_t);
  return floats + (bytes + sizeof(float) - 1) / sizeof(float);
}

std::unique_ptr<ImageProducts> image_bytes(const ProductsConfig& config, const ProductKernels& kernels) {
  return std::make_unique<ImageBytes>(config, kernels);
}

}  // namespace fmnist
