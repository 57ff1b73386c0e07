#pragma once

#include <cstddef>

#include "fmnist/aligned_floats.hpp"
#include "fmnist/bytes_of.hpp"
#include "fmnist/dataset.hpp"
#include "fmnist/dense_network.hpp"
#include "fmnist/kernels.hpp"
#include "fmnist/parameter_layout.hpp"

namespace fmnist {

/// What the sums of the first layer's products begin with where images stay the bytes they are: of x =
/// pixel·scale + shift the products take the first part, and these are the second. For weights by input; each
/// list is there until the next one.
class ImageStart {
 public:
  ImageStart(const DenseLayer& layer, const Normalization& normalization)
      : layer_(layer), shift_(normalization.shift), start_(lane_row(layer.out)) {}

  /// [out] Of forward: shift·Σ_d W[j, d] + bias[j].
  [[nodiscard]] const float* of_forward(const float* parameters) {
    kernels().column_sums(layer_.in, start_.size(), parameters + layer_.weight, start_.data());
    for (std::size_t j = 0; j < layer_.out; ++j) start_[j] = shift_ * start_[j] + parameters[layer_.bias + j];
    return start_.data();
  }
  /// [out] Of the gradient by any weight of output j: shift·Σ_i g[i, j], the sum from the gradient by the
  /// biases.
  [[nodiscard]] const float* of_weight_gradient(const float* gradients) {
    for (std::size_t j = 0; j < layer_.out; ++j) start_[j] = shift_ * gradients[layer_.bias + j];
    return start_.data();
  }
  [[nodiscard]] std::size_t memory_bytes() const { return bytes_of(start_); }

 private:
  DenseLayer layer_;
  float shift_;
  AlignedFloats start_;
};

}  // namespace fmnist
