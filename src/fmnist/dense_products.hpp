#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fmnist/dataset.hpp"
#include "fmnist/dense_network.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/input_batch.hpp"

namespace fmnist {

/// The matrix products of a network of dense layers. Layer l has weights W [out, in] and biases at its offsets
/// in the flat parameters, inputs X [rows, in] and linear outputs Z [rows, out], all row-major. `x` is the
/// output of the layer below; layer 0 takes the images of the batch instead and ignores it. Used by one thread.
class DenseProducts {
 public:
  virtual ~DenseProducts() = default;

  /// The batch from now on: at most `max_rows` images, normalised. They may be read until the next one.
  virtual void take(const ImageRows& images) = 0;
  /// To be called before the parameters are used that a step of the optimizer, or anything else, has changed.
  virtual void parameters_changed() = 0;
  /// Z = X·Wᵀ + bias
  virtual void forward(std::size_t l, const float* parameters, const float* x, float* z) = 0;
  /// The gradient by W from `g`, that by Z [rows, out]: gᵀ·X. The one by the biases is in `gradients` already.
  virtual void weight_gradient(std::size_t l, const float* g, const float* x, float* gradients) = 0;
  /// The gradient by X: g·W. Not for layer 0.
  virtual void input_gradient(std::size_t l, const float* g, const float* parameters, float* below) = 0;
};

/// What the products of an engine depend on.
struct ProductsConfig {
  std::vector<DenseLayer> layers;
  Normalization normalization;
  std::size_t max_rows = 0;
};

/// Products of floats.
[[nodiscard]] std::unique_ptr<DenseProducts> gemm_products(const ProductsConfig& config, Gemm gemm);
/// Products of floats rounded to bfloat16; pixels are such numbers anyway. Sums and biases are floats.
[[nodiscard]] std::unique_ptr<DenseProducts> tile_products(const ProductsConfig& config,
                                                           const TileKernels& kernels);

}  // namespace fmnist
