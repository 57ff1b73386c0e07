#pragma once

#include <utility>
#include <vector>

#include "fmnist/aligned_floats.hpp"
#include "fmnist/bytes_of.hpp"
#include "fmnist/dense_products.hpp"
#include "fmnist/kernels.hpp"

namespace fmnist {

/// Images as normalised floats, for the products of `Layer`: forward, weight_gradient and memory_bytes as
/// below.
template <typename Layer>
class ImageFloats final : public ImageProducts {
 public:
  ImageFloats(const ProductsConfig& config, Layer layer)
      : layer_(std::move(layer)),
        normalization_(config.normalization),
        features_(config.layers.front().in),
        images_(config.max_rows * features_) {}

  void take(const ImageRows& images) override {
    rows_ = images.count;
    kernels().gather(images.pixels, features_, images.rows, rows_, normalization_.scale, normalization_.shift,
                     images_.data());
  }
  void forward(const float* parameters, float* z) override {
    layer_.forward(rows_, parameters, images_.data(), z);
  }
  void weight_gradient(const float* g, float* gradients) override {
    layer_.weight_gradient(rows_, g, images_.data(), gradients);
  }
  std::size_t memory_bytes() const override { return bytes_of(images_) + layer_.memory_bytes(); }

 private:
  Layer layer_;
  Normalization normalization_;
  std::size_t features_;
  std::size_t rows_ = 0;
  AlignedFloats images_;  ///< [rows, features]
};

/// The others over the same layers. The first one is not used, and those whose products are in tiles are not.
template <typename Layer>
class HiddenFloats final : public HiddenProducts {
 public:
  explicit HiddenFloats(std::vector<Layer> layers) : layers_(std::move(layers)) {}

  void take(std::size_t rows) override { rows_ = rows; }
  void forward(std::size_t l, const float* parameters, const float* x, float* z) override {
    layers_[l].forward(rows_, parameters, x, z);
  }
  void weight_gradient(std::size_t l, const float* g, const float* x, float* gradients) override {
    layers_[l].weight_gradient(rows_, g, x, gradients);
  }
  void input_gradient(std::size_t l, const float* g, const float* parameters, float* below) override {
    layers_[l].input_gradient(rows_, g, parameters, below);
  }
  std::size_t memory_bytes() const override {
    std::size_t bytes = 0;
    for (const Layer& layer : layers_) bytes += layer.memory_bytes();
    return bytes;
  }

 private:
  std::vector<Layer> layers_;
  std::size_t rows_ = 0;
};

}  // namespace fmnist
