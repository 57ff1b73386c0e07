#include <algorithm>
#include <utility>

#include "fmnist/bytes_of.hpp"
#include "fmnist/dense_products.hpp"
#include "fmnist/kernels.hpp"
#include "fmnist/tile_kernels.hpp"

namespace fmnist {
namespace {

using Words = std::vector<std::uint32_t>;

/// The products of the first layer. Images stay the bytes they are, which are bfloat16 numbers; normalising
/// them, x = pixel·scale + shift, moves into the other operand and the start of the sums.
class ImageTiles final : public ImageProducts {
 public:
  ImageTiles(const ProductsConfig& config, const TileKernels& tiles)
      : layer_(config.layers.front()),
        normalization_(config.normalization),
        tiles_(tiles),
        kernels_(kernels()),
        weights_(tile_words(layer_.out, layer_.in)),
        gradient_(tile_words(layer_.out, config.max_rows)),
        images_(std::max(tile_words(config.max_rows, layer_.in), tile_words(layer_.in, config.max_rows))),
        start_(layer_.out),
        gradient_start_(layer_.out) {}

  void take(const ImageRows& images) override { batch_ = images; }
  void parameters_changed() override { has_weights_ = false; }

  void forward(const float* parameters, float* z) override {
    pack_weights(parameters);
    tiles_.pack_pixels(pixels(false), TileSide::kRight, images_.data());
    tiles_.multiply({.left = weights_.data(),
                     .left_count = layer_.out,
                     .right = images_.data(),
                     .right_count = batch_.count,
                     .depth = layer_.in,
                     .start = start_.data(),
                     .c = z,
                     .stride = layer_.out,
                     .transposed = true});
  }

  void weight_gradient(const float* g, float* gradients) override {
    tiles_.pack_floats({g, layer_.out, true, layer_.out, batch_.count, normalization_.scale}, TileSide::kLeft,
                       gradient_.data());
    tiles_.pack_pixels(pixels(true), TileSide::kRight, images_.data());
    for (std::size_t i = 0; i < layer_.out; ++i)
      gradient_start_[i] = normalization_.shift * gradients[layer_.bias + i];
    tiles_.multiply({.left = gradient_.data(),
                     .left_count = layer_.out,
                     .right = images_.data(),
                     .right_count = layer_.in,
                     .depth = batch_.count,
                     .start = gradient_start_.data(),
                     .c = gradients + layer_.weight,
                     .stride = layer_.in,
                     .transposed = false});
  }

  std::size_t memory_bytes() const override {
    return bytes_of(weights_, gradient_, images_, start_, gradient_start_);
  }

 private:
  [[nodiscard]] PixelVectors pixels(bool depth_first) const {
    return {batch_.pixels, layer_.in, batch_.rows, batch_.count, depth_first};
  }

  void pack_weights(const float* parameters) {
    if (has_weights_) return;
    const float* w = parameters + layer_.weight;
    tiles_.pack_floats({w, layer_.in, false, layer_.out, layer_.in, normalization_.scale}, TileSide::kLeft,
                       weights_.data());
    kernels_.row_sums(layer_.out, layer_.in, w, start_.data());
    for (std::size_t i = 0; i < layer_.out; ++i)
      start_[i] = normalization_.shift * start_[i] + parameters[layer_.bias + i];
    has_weights_ = true;
  }

  DenseLayer layer_;
  Normalization normalization_;
  const TileKernels& tiles_;
  const Kernels& kernels_;
  ImageRows batch_{};
  Words weights_;                              ///< Left operand [out], sums over the pixels.
  Words gradient_;                             ///< Left operand [out], sums over the images.
  Words images_;                               ///< Right operand of both.
  std::vector<float> start_, gradient_start_;  ///< [out] what the sums begin with.
  bool has_weights_ = false;
};

/// A layer's weights as operands, made when they are first needed after a change.
struct PackedWeights {
  Words by_input;   ///< Left operand [out], sums over the inputs.
  Words by_output;  ///< Right operand [in], sums over the outputs.
  bool has_by_input = false;
  bool has_by_output = false;
};

class HiddenTiles final : public HiddenProducts {
 public:
  HiddenTiles(const ProductsConfig& config, const TileKernels& tiles)
      : layers_(config.layers), tiles_(tiles), weights_(layers_.size()) {
    std::size_t inputs = 0;
    std::size_t gradient = 0;
    for (std::size_t l = 1; l < layers_.size(); ++l) {
      const auto [in, out] = std::pair(layers_[l].in, layers_[l].out);
      weights_[l].by_input.resize(tile_words(out, in));
      weights_[l].by_output.resize(tile_words(in, out));
      inputs = std::max({inputs, tile_words(config.max_rows, in), tile_words(in, config.max_rows)});
      gradient = std::max({gradient, tile_words(config.max_rows, out), tile_words(out, config.max_rows)});
    }
    inputs_.resize(inputs);
    gradient_.resize(gradient);
  }

  void take(std::size_t rows) override { rows_ = rows; }

  void parameters_changed() override {
    for (PackedWeights& weights : weights_) weights.has_by_input = weights.has_by_output = false;
  }

  void forward(std::size_t l, const float* parameters, const float* x, float* z) override {
    const DenseLayer& layer = layers_[l];
    PackedWeights& weights = weights_[l];
    if (!std::exchange(weights.has_by_input, true)) {
      tiles_.pack_floats({parameters + layer.weight, layer.in, false, layer.out, layer.in, 1.0F},
                         TileSide::kLeft, weights.by_input.data());
    }
    tiles_.pack_floats({x, layer.in, false, rows_, layer.in, 1.0F}, TileSide::kRight, inputs_.data());
    tiles_.multiply({.left = weights.by_input.data(),
                     .left_count = layer.out,
                     .right = inputs_.data(),
                     .right_count = rows_,
                     .depth = layer.in,
                     .start = parameters + layer.bias,
                     .c = z,
                     .stride = layer.out,
                     .transposed = true});
  }

  void weight_gradient(std::size_t l, const float* g, const float* x, float* gradients) override {
    const DenseLayer& layer = layers_[l];
    tiles_.pack_floats({g, layer.out, true, layer.out, rows_, 1.0F}, TileSide::kLeft, gradient_.data());
    tiles_.pack_floats({x, layer.in, true, layer.in, rows_, 1.0F}, TileSide::kRight, inputs_.data());
    tiles_.multiply({.left = gradient_.data(),
                     .left_count = layer.out,
                     .right = inputs_.data(),
                     .right_count = layer.in,
                     .depth = rows_,
                     .start = nullptr,
                     .c = gradients + layer.weight,
                     .stride = layer.in,
                     .transposed = false});
  }

  void input_gradient(std::size_t l, const float* g, const float* parameters, float* below) override {
    const DenseLayer& layer = layers_[l];
    PackedWeights& weights = weights_[l];
    if (!std::exchange(weights.has_by_output, true)) {
      tiles_.pack_floats({parameters + layer.weight, layer.in, true, layer.in, layer.out, 1.0F},
                         TileSide::kRight, weights.by_output.data());
    }
    tiles_.pack_floats({g, layer.out, false, rows_, layer.out, 1.0F}, TileSide::kLeft, gradient_.data());
    tiles_.multiply({.left = gradient_.data(),
                     .left_count = rows_,
                     .right = weights.by_output.data(),
                     .right_count = layer.in,
                     .depth = layer.out,
                     .start = nullptr,
                     .c = below,
                     .stride = layer.in,
                     .transposed = false});
  }

  std::size_t memory_bytes() const override {
    std::size_t bytes = bytes_of(inputs_, gradient_);
    for (const PackedWeights& weights : weights_) bytes += bytes_of(weights.by_input, weights.by_output);
    return bytes;
  }

 private:
  std::vector<DenseLayer> layers_;
  const TileKernels& tiles_;
  std::vector<PackedWeights> weights_;  ///< One a layer; empty for the first.
  std::size_t rows_ = 0;
  Words inputs_;    ///< Right operand: a layer's inputs.
  Words gradient_;  ///< Left operand: the gradient by its outputs.
};

}  // namespace

std::unique_ptr<ImageProducts> image_tiles(const ProductsConfig& config, const TileKernels& kernels) {
  return std::make_unique<ImageTiles>(config, kernels);
}

std::unique_ptr<HiddenProducts> hidden_tiles(const ProductsConfig& config, const TileKernels& kernels) {
  return std::make_unique<HiddenTiles>(config, kernels);
}

}  // namespace fmnist
