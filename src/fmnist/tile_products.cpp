#include <algorithm>
#include <vector>

#include "fmnist/aligned_floats.hpp"
#include "fmnist/bytes_of.hpp"
#include "fmnist/dense_products.hpp"
#include "fmnist/image_start.hpp"
#include "fmnist/parameter_layout.hpp"
#include "fmnist/product_kernels.hpp"
#include "fmnist/tile_kernels.hpp"

namespace fmnist {
namespace {

/// Vectors of the right operand that are made at a time: few enough to stay in a second cache, mostly.
constexpr std::size_t kColumnsAtOnce = 2 * kTileCount;

/// Words that the operands of some products take.
struct OperandSizes {
  std::size_t left = 0;
  std::size_t right = 0;

  void make_room(std::size_t left_count, TilePieces left_pieces, std::size_t depth, TilePieces right_pieces) {
    left = std::max(left, tile_words(left_count, depth, left_pieces));
    right = std::max(right, tile_words(kColumnsAtOnce, depth, right_pieces));
  }
};

OperandSizes image_sizes(const ProductsConfig& config, TilePieces pieces) {
  const DenseLayer& layer = config.layers.front();
  OperandSizes sizes;
  sizes.make_room(config.max_rows, TilePieces::kRounded, layer.in, pieces);
  sizes.make_room(layer.in, TilePieces::kRounded, config.max_batch, pieces);
  return sizes;
}

OperandSizes hidden_sizes(const ProductsConfig& config, TilePieces pieces) {
  OperandSizes sizes;
  for (std::size_t l = 1; l < config.layers.size(); ++l) {
    const DenseLayer& layer = config.layers[l];
    if (pieces == TilePieces::kExact && !is_for_pieces(layer)) continue;
    sizes.make_room(config.max_rows, pieces, layer.in, pieces);
    sizes.make_room(layer.in, pieces, config.max_batch, pieces);
    sizes.make_room(config.max_batch, pieces, layer.out, pieces);
  }
  return sizes;
}

/// Products of a left operand, which its user writes, with floats.
class Operands {
 public:
  Operands(const TileKernels& tiles, const OperandSizes& sizes)
      : tiles_(tiles), left_(sizes.left), right_(sizes.right) {}

  [[nodiscard]] std::uint32_t* left() { return left_.data(); }
  void pack_left(const FloatVectors& vectors) { tiles_.pack_floats(vectors, TileSide::kLeft, left_.data()); }

  /// c[i, j] = start[j] + Σ_d left[i, d]·right[j, d]
  void multiply(std::size_t left_count, TilePieces left_pieces, const FloatVectors& right, const float* start,
                float* c, std::size_t stride) {
    FloatVectors columns = right;
    for (std::size_t first = 0; first < right.count; first += kColumnsAtOnce) {
      columns.numbers = right.numbers + first * (right.depth_first ? 1 : right.stride);
      columns.count = std::min(kColumnsAtOnce, right.count - first);
      tiles_.pack_floats(columns, TileSide::kRight, right_.data());
      tiles_.multiply({.left = left_.data(),
                       .left_count = left_count,
                       .left_pieces = left_pieces,
                       .right = right_.data(),
                       .right_count = columns.count,
                       .right_pieces = right.pieces,
                       .depth = right.depth,
                       .start = start != nullptr ? start + first : nullptr,
                       .c = c + first,
                       .stride = stride});
    }
  }

  [[nodiscard]] std::size_t memory_bytes() const { return bytes_of(left_, right_); }

 private:
  const TileKernels& tiles_;
  AlignedWords left_, right_;
};

/// The products of the first layer. Images stay the bytes they are, which are bfloat16 numbers; normalising
/// them, x = pixel·scale + shift, moves into the other operand and the start of the sums.
class ImageTiles final : public ImageProducts {
 public:
  ImageTiles(const ProductsConfig& config, const TileKernels& tiles, TilePieces pieces)
      : layer_(config.layers.front()),
        row_(lane_row(layer_.out)),
        scale_(config.normalization.scale),
        tiles_(tiles),
        pieces_(pieces),
        operands_(tiles, image_sizes(config, pieces)),
        start_(layer_, config.normalization) {}

  void take(const ImageRows& images) override { batch_ = images; }

  void forward(const float* parameters, float* z) override {
    pack_pixels(false);
    operands_.multiply(batch_.count, TilePieces::kRounded,
                       {parameters + layer_.weight, row_, true, layer_.out, layer_.in, scale_, pieces_},
                       start_.of_forward(parameters), z, layer_.out);
  }

  void weight_gradient(const float* g, float* gradients) override {
    pack_pixels(true);
    operands_.multiply(layer_.in, TilePieces::kRounded,
                       {g, layer_.out, true, layer_.out, batch_.count, scale_, pieces_},
                       start_.of_weight_gradient(gradients), gradients + layer_.weight, row_);
  }

  std::size_t memory_bytes() const override { return operands_.memory_bytes() + start_.memory_bytes(); }

 private:
  void pack_pixels(bool depth_first) {
    tiles_.pack_pixels({batch_.pixels, layer_.in, batch_.rows, batch_.count, depth_first}, TileSide::kLeft,
                       operands_.left());
  }

  DenseLayer layer_;
  std::size_t row_;  ///< From the weights of one input to those of the next.
  float scale_;      ///< Of the normalisation.
  const TileKernels& tiles_;
  TilePieces pieces_;  ///< Of weights and gradients.
  Operands operands_;
  ImageStart start_;
  ImageRows batch_{};
};

class HiddenTiles final : public HiddenProducts {
 public:
  HiddenTiles(const ProductsConfig& config, const TileKernels& tiles, TilePieces pieces)
      : layers_(config.layers), pieces_(pieces), operands_(tiles, hidden_sizes(config, pieces)) {}

  void take(std::size_t rows) override { rows_ = rows; }

  void forward(std::size_t l, const float* parameters, const float* x, float* z) override {
    const DenseLayer& layer = layers_[l];
    operands_.pack_left({x, layer.in, false, rows_, layer.in, 1.0F, pieces_});
    operands_.multiply(
        rows_, pieces_,
        {parameters + layer.weight, lane_row(layer.out), true, layer.out, layer.in, 1.0F, pieces_},
        parameters + layer.bias, z, layer.out);
  }

  void weight_gradient(std::size_t l, const float* g, const float* x, float* gradients) override {
    const DenseLayer& layer = layers_[l];
    operands_.pack_left({x, layer.in, true, layer.in, rows_, 1.0F, pieces_});
    operands_.multiply(layer.in, pieces_, {g, layer.out, true, layer.out, rows_, 1.0F, pieces_}, nullptr,
                       gradients + layer.weight, lane_row(layer.out));
  }

  void input_gradient(std::size_t l, const float* g, const float* parameters, float* below) override {
    const DenseLayer& layer = layers_[l];
    operands_.pack_left({g, layer.out, false, rows_, layer.out, 1.0F, pieces_});
    operands_.multiply(
        rows_, pieces_,
        {parameters + layer.weight, lane_row(layer.out), false, layer.in, layer.out, 1.0F, pieces_}, nullptr,
        below, layer.in);
  }

  std::size_t memory_bytes() const override { return operands_.memory_bytes(); }

 private:
  std::vector<DenseLayer> layers_;
  TilePieces pieces_;
  Operands operands_;
  std::size_t rows_ = 0;
};

}  // namespace

bool is_for_pieces(const DenseLayer& layer) {
  return layer.out > kColumnsAtOnce;
}

std::unique_ptr<ImageProducts> image_tiles(const ProductsConfig& config, const TileKernels& kernels,
                                           TilePieces pieces) {
  return std::make_unique<ImageTiles>(config, kernels, pieces);
}

std::unique_ptr<ImageProducts> rounded_images(const ProductsConfig& config, const TileKernels& kernels) {
  if (kernels.pairs != nullptr) return image_pairs(config, *kernels.pairs, *product_kernels());
  return image_tiles(config, kernels, TilePieces::kRounded);
}

std::unique_ptr<HiddenProducts> hidden_tiles(const ProductsConfig& config, const TileKernels& kernels,
                                             TilePieces pieces) {
  return std::make_unique<HiddenTiles>(config, kernels, pieces);
}

std::size_t image_tile_numbers(const ProductsConfig& config, TilePieces pieces) {
  const OperandSizes sizes = image_sizes(config, pieces);
  return sizes.left + sizes.right + lane_row(config.layers.front().out);
}

std::size_t rounded_image_numbers(const ProductsConfig& config, const TileKernels& kernels) {
  return kernels.pairs != nullptr ? image_pair_numbers(config)
                                  : image_tile_numbers(config, TilePieces::kRounded);
}

std::size_t hidden_tile_numbers(const ProductsConfig& config, TilePieces pieces) {
  const OperandSizes sizes = hidden_sizes(config, pieces);
  return sizes.left + sizes.right;
}

}  // namespace fmnist
