#include "fmnist/sparse_gradient.hpp"

namespace fmnist {
namespace {

std::size_t list_numbers(const DenseLayer& layer, std::size_t max_batch) {
  return gradient_columns(layer.out) * gradient_list(max_batch);
}

std::size_t sum_numbers(const DenseLayer& layer) {
  return gradient_columns(layer.out) * kGradientPixels;
}

}  // namespace

SparseGradient::SparseGradient(const DenseLayer& layer, float scale, std::size_t max_batch,
                               const GradientKernels& kernels)
    : layer_(layer),
      scale_(scale),
      kernels_(kernels),
      list_(gradient_list(max_batch)),
      values_(list_numbers(layer, max_batch)),
      rows_(list_numbers(layer, max_batch)),
      images_(kGradientImages),
      sums_(sum_numbers(layer)) {}

/// A product in lanes is one of whole registers, about half of which are left out as images have zeros.
bool SparseGradient::is_faster(const float* g, std::size_t rows) const {
  return 2 * kernels_.count_not_zero(rows * layer_.out, g) < rows * lane_row(layer_.out);
}

void SparseGradient::compute(const std::uint8_t* images, const float* g, std::size_t rows, const float* start,
                             float* gradients) {
  kernels_.multiply({.m = layer_.in,
                     .n = layer_.out,
                     .k = rows,
                     .a = images,
                     .scale = scale_,
                     .g = g,
                     .ldg = layer_.out,
                     .start = start,
                     .c = gradients + layer_.weight,
                     .ldc = lane_row(layer_.out),
                     .space = {list_, values_.data(), rows_.data(), images_.data(), sums_.data()}});
}

std::size_t SparseGradient::numbers(const DenseLayer& layer, std::size_t max_batch) {
  return 2 * list_numbers(layer, max_batch) + kGradientImages + sum_numbers(layer);
}

}  // namespace fmnist
