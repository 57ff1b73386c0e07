#include <algorithm>
#include <utility>

#include "fmnist/aligned_floats.hpp"
#include "fmnist/bytes_of.hpp"
#include "fmnist/dense_products.hpp"
#include "fmnist/kernels.hpp"
#include "fmnist/parameter_layout.hpp"
#include "fmnist/tile_kernels.hpp"

namespace fmnist {
namespace {

using Words = std::vector<std::uint32_t, CacheLineAllocator<std::uint32_t>>;

/// The products of the first layer. Images stay the bytes they are, which are bfloat16 numbers; normalising
/// them, x = pixel·scale + shift, moves into the other operand and the start of the sums.
class ImageTiles final : public ImageProducts {
 public:
  ImageTiles(const ProductsConfig& config, const TileKernels& tiles, TilePieces pieces)
      : layer_(config.layers.front()),
        row_(lane_row(layer_.out)),
        normalization_(config.normalization),
        tiles_(tiles),
        pieces_(pieces),
        weights_(tile_words(std::min(layer_.out, kColumnsAtOnce), layer_.in, pieces)),
        gradient_(tile_words(layer_.out, config.max_rows, pieces)),
        images_(std::max(tile_words(config.max_rows, layer_.in), tile_words(layer_.in, config.max_rows))),
        start_(row_) {}

  void take(const ImageRows& images) override { batch_ = images; }

  void forward(const float* parameters, float* z) override {
    const float* w = parameters + layer_.weight;
    kernels().column_sums(layer_.in, row_, w, start_.data());
    for (std::size_t i = 0; i < layer_.out; ++i)
      start_[i] = normalization_.shift * start_[i] + parameters[layer_.bias + i];
    tiles_.pack_pixels(pixels(false), TileSide::kLeft, images_.data());
    for (std::size_t first = 0; first < layer_.out; first += kColumnsAtOnce) {
      const std::size_t columns = std::min(kColumnsAtOnce, layer_.out - first);
      tiles_.pack_floats({w + first, row_, true, columns, layer_.in, normalization_.scale, pieces_},
                         TileSide::kRight, weights_.data());
      tiles_.multiply({.left = images_.data(),
                       .left_count = batch_.count,
                       .right = weights_.data(),
                       .right_count = columns,
                       .right_pieces = pieces_,
                       .depth = layer_.in,
                       .start = start_.data() + first,
                       .c = z + first,
                       .stride = layer_.out});
    }
  }

  void weight_gradient(const float* g, float* gradients) override {
    tiles_.pack_floats({g, layer_.out, true, layer_.out, batch_.count, normalization_.scale, pieces_},
                       TileSide::kRight, gradient_.data());
    tiles_.pack_pixels(pixels(true), TileSide::kLeft, images_.data());
    for (std::size_t i = 0; i < layer_.out; ++i) start_[i] = normalization_.shift * gradients[layer_.bias + i];
    tiles_.multiply({.left = images_.data(),
                     .left_count = layer_.in,
                     .right = gradient_.data(),
                     .right_count = layer_.out,
                     .right_pieces = pieces_,
                     .depth = batch_.count,
                     .start = start_.data(),
                     .c = gradients + layer_.weight,
                     .stride = row_});
  }

  std::size_t memory_bytes() const override { return bytes_of(weights_, gradient_, images_, start_); }

 private:
  [[nodiscard]] PixelVectors pixels(bool depth_first) const {
    return {batch_.pixels, layer_.in, batch_.rows, batch_.count, depth_first};
  }

  DenseLayer layer_;
  std::size_t row_;  ///< From the weights of one input to those of the next.
  Normalization normalization_;
  const TileKernels& tiles_;
  TilePieces pieces_;  ///< Of weights and gradients.
  ImageRows batch_{};
  Words weights_;        ///< Right operand [columns at once], sums over the pixels.
  Words gradient_;       ///< Right operand [out], sums over the images.
  Words images_;         ///< Left operand of both.
  AlignedFloats start_;  ///< [row] what sums begin with.
};

/// A layer's weights as operands, made when they are first needed after a change.
struct PackedWeights {
  Words by_input;   ///< Right operand [out], sums over the inputs.
  Words by_output;  ///< Right operand [in], sums over the outputs.
  bool has_by_input = false;
  bool has_by_output = false;
};

class HiddenTiles final : public HiddenProducts {
 public:
  HiddenTiles(const ProductsConfig& config, const TileKernels& tiles)
      : layers_(config.layers), tiles_(tiles), weights_(layers_.size()) {
    std::size_t left = 0;
    std::size_t gradient = 0;
    for (std::size_t l = 1; l < layers_.size(); ++l) {
      const auto [in, out] = std::pair(layers_[l].in, layers_[l].out);
      weights_[l].by_input.resize(tile_words(out, in));
      weights_[l].by_output.resize(tile_words(in, out));
      left = std::max({left, tile_words(config.max_rows, in), tile_words(in, config.max_rows),
                       tile_words(config.max_rows, out)});
      gradient = std::max(gradient, tile_words(out, config.max_rows));
    }
    left_.resize(left);
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
      tiles_.pack_floats({parameters + layer.weight, lane_row(layer.out), true, layer.out, layer.in, 1.0F},
                         TileSide::kRight, weights.by_input.data());
    }
    tiles_.pack_floats({x, layer.in, false, rows_, layer.in, 1.0F}, TileSide::kLeft, left_.data());
    tiles_.multiply({.left = left_.data(),
                     .left_count = rows_,
                     .right = weights.by_input.data(),
                     .right_count = layer.out,
                     .right_pieces = TilePieces::kRounded,
                     .depth = layer.in,
                     .start = parameters + layer.bias,
                     .c = z,
                     .stride = layer.out});
  }

  void weight_gradient(std::size_t l, const float* g, const float* x, float* gradients) override {
    const DenseLayer& layer = layers_[l];
    tiles_.pack_floats({x, layer.in, true, layer.in, rows_, 1.0F}, TileSide::kLeft, left_.data());
    tiles_.pack_floats({g, layer.out, true, layer.out, rows_, 1.0F}, TileSide::kRight, gradient_.data());
    tiles_.multiply({.left = left_.data(),
                     .left_count = layer.in,
                     .right = gradient_.data(),
                     .right_count = layer.out,
                     .right_pieces = TilePieces::kRounded,
                     .depth = rows_,
                     .start = nullptr,
                     .c = gradients + layer.weight,
                     .stride = lane_row(layer.out)});
  }

  void input_gradient(std::size_t l, const float* g, const float* parameters, float* below) override {
    const DenseLayer& layer = layers_[l];
    PackedWeights& weights = weights_[l];
    if (!std::exchange(weights.has_by_output, true)) {
      tiles_.pack_floats({parameters + layer.weight, lane_row(layer.out), false, layer.in, layer.out, 1.0F},
                         TileSide::kRight, weights.by_output.data());
    }
    tiles_.pack_floats({g, layer.out, false, rows_, layer.out, 1.0F}, TileSide::kLeft, left_.data());
    tiles_.multiply({.left = left_.data(),
                     .left_count = rows_,
                     .right = weights.by_output.data(),
                     .right_count = layer.in,
                     .right_pieces = TilePieces::kRounded,
                     .depth = layer.out,
                     .start = nullptr,
                     .c = below,
                     .stride = layer.in});
  }

  std::size_t memory_bytes() const override {
    std::size_t bytes = bytes_of(left_, gradient_);
    for (const PackedWeights& weights : weights_) bytes += bytes_of(weights.by_input, weights.by_output);
    return bytes;
  }

 private:
  std::vector<DenseLayer> layers_;
  const TileKernels& tiles_;
  std::vector<PackedWeights> weights_;  ///< One a layer; empty for the first.
  std::size_t rows_ = 0;
  Words left_;      ///< Left operand: a layer's inputs, or the gradient by its outputs.
  Words gradient_;  ///< Right operand: that gradient.
};

}  // namespace

std::unique_ptr<ImageProducts> image_tiles(const ProductsConfig& config, const TileKernels& kernels,
                                           TilePieces pieces) {
  return std::make_unique<ImageTiles>(config, kernels, pieces);
}

std::unique_ptr<HiddenProducts> hidden_tiles(const ProductsConfig& config, const TileKernels& kernels) {
  return std::make_unique<HiddenTiles>(config, kernels);
}

}  // namespace fmnist
