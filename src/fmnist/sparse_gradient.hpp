#pragma once

#include <cstddef>

#include "fmnist/aligned_floats.hpp"
#include "fmnist/bytes_of.hpp"
#include "fmnist/gradient_kernels.hpp"
#include "fmnist/parameter_layout.hpp"

namespace fmnist {

/// The gradient by the first layer's weights where the one by its outputs is 0 for many outputs of many images,
/// as behind ReLU and dropout: only what is not 0 is multiplied.
class SparseGradient {
 public:
  /// For weights by input, images normalised by `scale` and batches of up to max_batch.
  SparseGradient(const DenseLayer& layer, float scale, std::size_t max_batch, const GradientKernels& kernels);

  /// Whether this is faster than a product in lanes. `g` [rows, outputs]
  [[nodiscard]] bool is_faster(const float* g, std::size_t rows) const;
  /// The gradients are in `gradients` then, which begin with `start` [outputs]. `images` [rows, inputs]
  void compute(const std::uint8_t* images, const float* g, std::size_t rows, const float* start,
               float* gradients);

  [[nodiscard]] std::size_t memory_bytes() const { return bytes_of(values_, rows_, images_, sums_); }
  /// What one takes, in numbers.
  [[nodiscard]] static std::size_t numbers(const DenseLayer& layer, std::size_t max_batch);

 private:
  DenseLayer layer_;
  float scale_;
  const GradientKernels& kernels_;
  std::size_t list_;
  AlignedFloats values_;
  AlignedWords rows_;
  AlignedFloats images_, sums_;
};

}  // namespace fmnist
