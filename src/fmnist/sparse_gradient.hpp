#pragma once

#include <cstddef>

#include "fmnist/aligned_floats.hpp"
#include "fmnist/bytes_of.hpp"
#include "fmnist/parameter_layout.hpp"
#include "fmnist/product_kernels.hpp"

namespace fmnist {

/// The gradient by the first layer's weights where the one by its outputs is 0 for many outputs of many images,
/// as behind ReLU and dropout: only what is not 0 is multiplied. Used by one thread.
class SparseGradient {
 public:
  /// For weights by input, images normalised by `scale` and batches of up to max_batch.
  SparseGradient(const DenseLayer& layer, float scale, std::size_t max_batch, const ProductKernels& kernels);

  /// Whether this is faster than a product in lanes that leaves out pixels. Depends on `g` [rows, outputs]
  /// alone.
  [[nodiscard]] bool is_faster(const float* g, std::size_t rows) const;
  /// Writes those by the weights into `gradients`, each a sum that begins with its output's `start` [outputs],
  /// from `images` [rows, inputs]; 1 … max_batch rows.
  void compute(const std::uint8_t* images, const float* g, std::size_t rows, const float* start,
               float* gradients);

  [[nodiscard]] std::size_t memory_bytes() const { return bytes_of(values_, row_numbers_, images_, sums_); }
  /// What one takes, in numbers.
  [[nodiscard]] static std::size_t numbers(const DenseLayer& layer, std::size_t max_batch);

 private:
  DenseLayer layer_;
  float scale_;
  const ProductKernels& kernels_;
  std::size_t list_length_;
  AlignedFloats values_;
  AlignedWords row_numbers_, images_;
  AlignedFloats sums_;
};

}  // namespace fmnist
