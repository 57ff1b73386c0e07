#pragma once

#include <utility>
#include <vector>

#include "fmnist/dense_products.hpp"

namespace fmnist {

/// The products of layers beyond the first by those of `Layer`: forward, weight_gradient, input_gradient and
/// memory_bytes as below. The first one is not used, and those whose products are in tiles are not.
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
