#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "fmnist/dataset.hpp"
#include "fmnist/dense_network.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/input_batch.hpp"
#include "fmnist/tile_kernels.hpp"

namespace fmnist {

/// What products depend on. Layer l has weights W and biases at its offsets in the flat parameters, inputs X
/// [rows, in] and linear outputs Z = X·Wᵀ + bias [rows, out], all row-major; W is stored as its ParameterLayout
/// has it.
struct ProductsConfig {
  std::vector<DenseLayer> layers;
  Normalization normalization;
  std::size_t max_rows = 0;   ///< Of a batch.
  std::size_t max_batch = 0;  ///< Of a batch whose gradients are computed.
};

/// The matrix products of the first layer, whose inputs are images, normalised. Used by one thread.
class ImageProducts {
 public:
  virtual ~ImageProducts() = default;

  /// The batch from now on, which is read until the next one: 1 … max_rows images, or max_batch where a
  /// gradient follows.
  virtual void take(const ImageRows& images) = 0;
  virtual void forward(const float* parameters, float* z) = 0;
  /// The gradient by W, gᵀ·X, from `g`, that by Z. The one by the biases is in `gradients` already.
  virtual void weight_gradient(const float* g, float* gradients) = 0;
  /// What its operands take.
  [[nodiscard]] virtual std::size_t memory_bytes() const = 0;
};

/// Those of the other layers, l ≥ 1, with inputs `x`. Used by one thread.
class HiddenProducts {
 public:
  virtual ~HiddenProducts() = default;

  /// Rows of the batch from now on: 1 … max_rows, or max_batch where gradients follow.
  virtual void take(std::size_t rows) = 0;
  virtual void forward(std::size_t l, const float* parameters, const float* x, float* z) = 0;
  virtual void weight_gradient(std::size_t l, const float* g, const float* x, float* gradients) = 0;
  /// The gradient by X: g·W.
  virtual void input_gradient(std::size_t l, const float* g, const float* parameters, float* below) = 0;
  /// What its operands take.
  [[nodiscard]] virtual std::size_t memory_bytes() const = 0;
};

struct DenseProducts {
  std::unique_ptr<ImageProducts> images;
  std::unique_ptr<HiddenProducts> hidden;
};

/// Products of floats by a library, for weights by output.
[[nodiscard]] std::unique_ptr<ImageProducts> image_gemms(const ProductsConfig& config, Gemm gemm);
[[nodiscard]] std::unique_ptr<HiddenProducts> hidden_gemms(const ProductsConfig& config, Gemm gemm);

/// Products of bfloat16 numbers, which the bytes of images are, for weights by input. Weights and gradients are
/// rounded to such numbers, or taken in exact pieces: then what is rounded are sums of floats, of weights times
/// pixels from 0 to 255 before these are moved to mean 0, which is coarser where all pixels are nearly the
/// same.
[[nodiscard]] std::unique_ptr<ImageProducts> image_tiles(const ProductsConfig& config,
                                                         const TileKernels& kernels, TilePieces pieces);
/// The same of rounded numbers, in pairs; pixels that are 0 are left out where several images, or neighbours,
/// have them in common. What is no finite number still shows in all sums, through what they begin with.
[[nodiscard]] std::unique_ptr<ImageProducts> image_pairs(const ProductsConfig& config,
                                                         const PairKernels& kernels,
                                                         const ProductKernels& gathering);
/// What is fastest of those for rounded numbers.
[[nodiscard]] std::unique_ptr<ImageProducts> rounded_images(const ProductsConfig& config,
                                                            const TileKernels& kernels);
/// Of numbers rounded to bfloat16; or in exact pieces, about as exact as products of floats, for layers with
/// is_for_pieces.
[[nodiscard]] std::unique_ptr<HiddenProducts> hidden_tiles(const ProductsConfig& config,
                                                           const TileKernels& kernels, TilePieces pieces);
/// Whether a layer beyond the first has enough outputs for taking floats apart to be worth it: more than
/// are taken apart at a time.
[[nodiscard]] bool is_for_pieces(const DenseLayer& layer);
/// Numbers that these take for operands.
[[nodiscard]] std::size_t image_tile_numbers(const ProductsConfig& config, TilePieces pieces);
[[nodiscard]] std::size_t image_pair_numbers(const ProductsConfig& config);
[[nodiscard]] std::size_t rounded_image_numbers(const ProductsConfig& config, const TileKernels& kernels);
[[nodiscard]] std::size_t hidden_tile_numbers(const ProductsConfig& config, TilePieces pieces);

}  // namespace fmnist
