#include "fmnist/lane_products.hpp"

#include <utility>

#include "fmnist/bytes_of.hpp"
#include "fmnist/float_products.hpp"
#include "fmnist/kernels.hpp"
#include "fmnist/parameter_layout.hpp"
#include "fmnist/product_kernels.hpp"

namespace fmnist {
namespace {

/// A batch of more rows is left to the library, whose products are faster then.
constexpr std::size_t kMostRowsInLanes = 256;

/// Whether the weights of a layer stay in a second cache, which products in lanes need to be fast.
bool is_in_lanes(const DenseLayer& layer) {
  constexpr std::size_t kMostOutputs = 192;
  constexpr std::size_t kMostInputs = 1024;
  return layer.out <= kMostOutputs && layer.in <= kMostInputs;
}

/// The three products of a layer beyond the first over a batch of `rows`, with its weights by input. Those of
/// many rows and all of large layers are the library's, if there is one.
class LayerLanes {
 public:
  LayerLanes(const DenseLayer& layer, bool has_input_gradient, const LaneConfig& config)
      : layer_(layer),
        row_(lane_row(layer.out)),
        turned_row_(lane_row(layer.in)),
        is_small_(is_in_lanes(layer)),
        lanes_(*config.kernels),
        library_(config.library),
        turned_(has_input_gradient ? turned_weight_numbers(layer, library_ != nullptr) : 0) {}

  void forward(std::size_t rows, const float* parameters, const float* x, float* z) const {
    const float* w = parameters + layer_.weight;
    if (by_library(rows)) {
      library_(false, false, rows, layer_.out, layer_.in, x, layer_.in, w, row_, 0.0F, z, layer_.out);
    } else {
      multiply({.m = rows,
                .n = layer_.out,
                .k = layer_.in,
                .a = x,
                .a_row = layer_.in,
                .a_depth = 1,
                .b = w,
                .ldb = row_,
                .c = z,
                .ldc = layer_.out});
    }
    kernels().add_bias(rows, layer_.out, z, parameters + layer_.bias);
  }

  void weight_gradient(std::size_t rows, const float* g, const float* x, float* gradients) const {
    float* of_weights = gradients + layer_.weight;
    if (by_library(rows)) {
      library_(true, false, layer_.in, layer_.out, rows, x, layer_.in, g, layer_.out, 0.0F, of_weights, row_);
      return;
    }
    multiply({.m = layer_.in,
              .n = layer_.out,
              .k = rows,
              .a = x,
              .a_row = 1,
              .a_depth = layer_.in,
              .b = g,
              .ldb = layer_.out,
              .c = of_weights,
              .ldc = row_});
  }

  void input_gradient(std::size_t rows, const float* g, const float* parameters, float* below) {
    const float* w = parameters + layer_.weight;
    if (by_library(rows)) {
      library_(false, true, rows, layer_.in, layer_.out, g, layer_.out, w, row_, 0.0F, below, layer_.in);
      return;
    }
    lanes_.transpose(layer_.in, layer_.out, w, row_, turned_.data(), turned_row_);
    multiply({.m = rows,
              .n = layer_.in,
              .k = layer_.out,
              .a = g,
              .a_row = layer_.out,
              .a_depth = 1,
              .b = turned_.data(),
              .ldb = turned_row_,
              .c = below,
              .ldc = layer_.in});
  }

  [[nodiscard]] std::size_t memory_bytes() const { return bytes_of(turned_); }

 private:
  /// A is without gaps. Behind ReLU and dropout most of it is 0.
  void multiply(const FloatProduct& product) const {
    is_sparse(product, lanes_) ? lanes_.multiply_sparse(product) : lanes_.multiply(product);
  }

  [[nodiscard]] bool by_library(std::size_t rows) const {
    return library_ != nullptr && (!is_small_ || rows > kMostRowsInLanes);
  }

  DenseLayer layer_;
  std::size_t row_;
  std::size_t turned_row_;
  bool is_small_;
  const ProductKernels& lanes_;
  Gemm library_;
  AlignedFloats turned_;  ///< The weights by output, where the input's gradient is computed in lanes.
};

/// Each layer's by what is faster for its width.
class HiddenByWidth final : public HiddenProducts {
 public:
  HiddenByWidth(const std::vector<DenseLayer>& layers, std::unique_ptr<HiddenProducts> in_lanes,
                std::unique_ptr<HiddenProducts> in_tiles)
      : in_lanes_(std::move(in_lanes)), in_tiles_(std::move(in_tiles)) {
    for (const DenseLayer& layer : layers)
      of_layer_.push_back((is_for_pieces(layer) ? in_tiles_ : in_lanes_).get());
  }

  void take(std::size_t rows) override {
    in_lanes_->take(rows);
    in_tiles_->take(rows);
  }
  void forward(std::size_t l, const float* parameters, const float* x, float* z) override {
    of_layer_[l]->forward(l, parameters, x, z);
  }
  void weight_gradient(std::size_t l, const float* g, const float* x, float* gradients) override {
    of_layer_[l]->weight_gradient(l, g, x, gradients);
  }
  void input_gradient(std::size_t l, const float* g, const float* parameters, float* below) override {
    of_layer_[l]->input_gradient(l, g, parameters, below);
  }
  std::size_t memory_bytes() const override { return in_lanes_->memory_bytes() + in_tiles_->memory_bytes(); }

 private:
  std::unique_ptr<HiddenProducts> in_lanes_, in_tiles_;
  std::vector<HiddenProducts*> of_layer_;
};

}  // namespace

std::size_t turned_weight_numbers(const DenseLayer& layer, bool has_library) {
  return is_in_lanes(layer) || !has_library ? layer.out * lane_row(layer.in) : 0;
}

std::unique_ptr<ImageProducts> image_lanes(const ProductsConfig& config, const LaneConfig& lanes) {
  if (lanes.tiles != nullptr) return image_tiles(config, *lanes.tiles, TilePieces::kExact);
  return image_bytes(config, *lanes.kernels);
}

std::unique_ptr<HiddenProducts> hidden_lanes(const ProductsConfig& config, const LaneConfig& lanes) {
  std::vector<LayerLanes> layers;
  for (const DenseLayer& layer : config.layers) {
    const bool in_tiles = lanes.tiles != nullptr && is_for_pieces(layer);
    layers.emplace_back(layer, !layers.empty() && !in_tiles, lanes);
  }
  auto in_lanes = std::make_unique<HiddenFloats<LayerLanes>>(std::move(layers));
  if (lanes.tiles == nullptr) return in_lanes;
  return std::make_unique<HiddenByWidth>(config.layers, std::move(in_lanes),
                                         hidden_tiles(config, *lanes.tiles, TilePieces::kExact));
}

}  // namespace fmnist
