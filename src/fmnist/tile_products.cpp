#include <algorithm>

#include "fmnist/dense_products.hpp"
#include "fmnist/kernels.hpp"
#include "fmnist/tile_kernels.hpp"

namespace fmnist {
namespace {

using Words = std::vector<std::uint32_t>;

/// A layer's weights as operands, made when they are first needed after a change.
struct PackedWeights {
  Words by_input;            ///< Left operand [out], sums over the inputs.
  Words by_output;           ///< Right operand [in], sums over the outputs.
  std::vector<float> start;  ///< [out] what a sum begins with: the bias, and what normalising adds.
  bool has_by_input = false;
  bool has_by_output = false;
};

/// Images stay the bytes they are, which are bfloat16 numbers; normalising them, x = pixel·scale + shift, moves
/// into the other operand and the start of the sums.
class TileProducts final : public DenseProducts {
 public:
  TileProducts(const ProductsConfig& config, const TileKernels& kernels)
      : config_(config), tiles_(kernels), kernels_(fmnist::kernels()), weights_(config.layers.size()) {
    const std::size_t rows = config.max_rows;
    std::size_t most = 0;
    std::size_t widest = 0;
    for (std::size_t l = 0; l < config.layers.size(); ++l) {
      const DenseLayer& layer = config.layers[l];
      weights_[l].by_input.resize(tile_words(layer.out, layer.in));
      if (l > 0) weights_[l].by_output.resize(tile_words(layer.in, layer.out));
      weights_[l].start.resize(layer.out);
      most = std::max({most, tile_words(rows, layer.in), tile_words(layer.in, rows)});
      widest = std::max(widest, layer.out);
    }
    inputs_.resize(most);
    gradient_.resize(std::max(tile_words(widest, rows), tile_words(rows, widest)));
    start_.resize(widest);
  }

  void take(const ImageRows& images) override { images_ = images; }

  void parameters_changed() override {
    for (PackedWeights& weights : weights_) weights.has_by_input = weights.has_by_output = false;
  }

  void forward(std::size_t l, const float* parameters, const float* x, float* z) override {
    const DenseLayer& layer = config_.layers[l];
    const PackedWeights& weights = weights_by_input(l, parameters);
    if (l == 0) {
      tiles_.pack_pixels(pixels(false), TileSide::kRight, inputs_.data());
    } else {
      tiles_.pack_floats({x, layer.in, false, images_.count, layer.in, 1.0F}, TileSide::kRight, inputs_.data());
    }
    tiles_.multiply({.left = weights.by_input.data(),
                     .left_count = layer.out,
                     .right = inputs_.data(),
                     .right_count = images_.count,
                     .depth = layer.in,
                     .start = weights.start.data(),
                     .c = z,
                     .stride = layer.out,
                     .transposed = true});
  }

  void weight_gradient(std::size_t l, const float* g, const float* x, float* gradients) override {
    const DenseLayer& layer = config_.layers[l];
    const std::size_t rows = images_.count;
    const float scale = l == 0 ? config_.normalization.scale : 1.0F;
    tiles_.pack_floats({g, layer.out, true, layer.out, rows, scale}, TileSide::kLeft, gradient_.data());
    if (l == 0) {
      tiles_.pack_pixels(pixels(true), TileSide::kRight, inputs_.data());
      const float* of_bias = gradients + layer.bias;
      for (std::size_t i = 0; i < layer.out; ++i) start_[i] = config_.normalization.shift * of_bias[i];
    } else {
      tiles_.pack_floats({x, layer.in, true, layer.in, rows, 1.0F}, TileSide::kRight, inputs_.data());
    }
    tiles_.multiply({.left = gradient_.data(),
                     .left_count = layer.out,
                     .right = inputs_.data(),
                     .right_count = layer.in,
                     .depth = rows,
                     .start = l == 0 ? start_.data() : nullptr,
                     .c = gradients + layer.weight,
                     .stride = layer.in,
                     .transposed = false});
  }

  void input_gradient(std::size_t l, const float* g, const float* parameters, float* below) override {
    const DenseLayer& layer = config_.layers[l];
    tiles_.pack_floats({g, layer.out, false, images_.count, layer.out, 1.0F}, TileSide::kLeft,
                       gradient_.data());
    tiles_.multiply({.left = gradient_.data(),
                     .left_count = images_.count,
                     .right = weights_by_output(l, parameters).data(),
                     .right_count = layer.in,
                     .depth = layer.out,
                     .start = nullptr,
                     .c = below,
                     .stride = layer.in,
                     .transposed = false});
  }

 private:
  [[nodiscard]] PixelVectors pixels(bool depth_first) const {
    return {images_.pixels, config_.layers.front().in, images_.rows, images_.count, depth_first};
  }

  const PackedWeights& weights_by_input(std::size_t l, const float* parameters) {
    PackedWeights& weights = weights_[l];
    if (weights.has_by_input) return weights;
    const DenseLayer& layer = config_.layers[l];
    const float* w = parameters + layer.weight;
    const float scale = l == 0 ? config_.normalization.scale : 1.0F;
    tiles_.pack_floats({w, layer.in, false, layer.out, layer.in, scale}, TileSide::kLeft,
                       weights.by_input.data());
    std::copy_n(parameters + layer.bias, layer.out, weights.start.data());
    if (l == 0) {
      kernels_.row_sums(layer.out, layer.in, w, start_.data());
      for (std::size_t i = 0; i < layer.out; ++i) weights.start[i] += config_.normalization.shift * start_[i];
    }
    weights.has_by_input = true;
    return weights;
  }

  const Words& weights_by_output(std::size_t l, const float* parameters) {
    PackedWeights& weights = weights_[l];
    const DenseLayer& layer = config_.layers[l];
    if (!weights.has_by_output) {
      tiles_.pack_floats({parameters + layer.weight, layer.in, true, layer.in, layer.out, 1.0F},
                         TileSide::kRight, weights.by_output.data());
    }
    weights.has_by_output = true;
    return weights.by_output;
  }

  ProductsConfig config_;
  const TileKernels& tiles_;
  const Kernels& kernels_;
  ImageRows images_{};
  std::vector<PackedWeights> weights_;
  Words inputs_;    ///< Right operand: a layer's inputs.
  Words gradient_;  ///< Left operand: a gradient.
  std::vector<float> start_;
};

}  // namespace

std::unique_ptr<DenseProducts> tile_products(const ProductsConfig& config, const TileKernels& kernels) {
  return std::make_unique<TileProducts>(config, kernels);
}

}  // namespace fmnist
