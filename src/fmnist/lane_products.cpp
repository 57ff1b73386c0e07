#include <algorithm>

#include "fmnist/aligned_floats.hpp"
#include "fmnist/bytes_of.hpp"
#include "fmnist/dense_products.hpp"
#include "fmnist/kernels.hpp"
#include "fmnist/lane_kernels.hpp"
#include "fmnist/parameter_layout.hpp"

namespace fmnist {
namespace {

/// The three products of one layer over a batch of `rows`, with its weights by input.
class LayerLanes {
 public:
  LayerLanes(const DenseLayer& layer, const LaneKernels& lanes)
      : layer_(layer), row_(lane_row(layer.out)), lanes_(lanes) {}

  void forward(std::size_t rows, const float* parameters, const float* x, float* z) const {
    lanes_.multiply({.m = rows,
                     .n = layer_.out,
                     .k = layer_.in,
                     .a = x,
                     .a_row = layer_.in,
                     .a_depth = 1,
                     .b = parameters + layer_.weight,
                     .ldb = row_,
                     .c = z,
                     .ldc = layer_.out});
    kernels().add_bias(rows, layer_.out, z, parameters + layer_.bias);
  }

  void weight_gradient(std::size_t rows, const float* g, const float* x, float* gradients) const {
    lanes_.multiply({.m = layer_.in,
                     .n = layer_.out,
                     .k = rows,
                     .a = x,
                     .a_row = 1,
                     .a_depth = layer_.in,
                     .b = g,
                     .ldb = layer_.out,
                     .c = gradients + layer_.weight,
                     .ldc = row_});
  }

  /// Numbers of room that input_gradient needs.
  [[nodiscard]] std::size_t room() const { return layer_.out * lane_row(layer_.in); }

  void input_gradient(std::size_t rows, const float* g, const float* parameters, float* below,
                      float* room) const {
    const std::size_t row = lane_row(layer_.in);
    lanes_.transpose(layer_.in, layer_.out, parameters + layer_.weight, row_, room, row);
    lanes_.multiply({.m = rows,
                     .n = layer_.in,
                     .k = layer_.out,
                     .a = g,
                     .a_row = layer_.out,
                     .a_depth = 1,
                     .b = room,
                     .ldb = row,
                     .c = below,
                     .ldc = layer_.in});
  }

 private:
  DenseLayer layer_;
  std::size_t row_;
  const LaneKernels& lanes_;
};

class ImageLanes final : public ImageProducts {
 public:
  ImageLanes(const ProductsConfig& config, const LaneKernels& lanes)
      : first_(config.layers.front(), lanes),
        normalization_(config.normalization),
        features_(config.layers.front().in),
        images_(config.max_rows * features_) {}

  void take(const ImageRows& images) override {
    rows_ = images.count;
    kernels().gather(images.pixels, features_, images.rows, rows_, normalization_.scale, normalization_.shift,
                     images_.data());
  }
  void parameters_changed() override {}
  void forward(const float* parameters, float* z) override {
    first_.forward(rows_, parameters, images_.data(), z);
  }
  void weight_gradient(const float* g, float* gradients) override {
    first_.weight_gradient(rows_, g, images_.data(), gradients);
  }
  std::size_t memory_bytes() const override { return bytes_of(images_); }

 private:
  LayerLanes first_;
  Normalization normalization_;
  std::size_t features_;
  std::size_t rows_ = 0;
  AlignedFloats images_;  ///< [rows, features]
};

class HiddenLanes final : public HiddenProducts {
 public:
  HiddenLanes(const ProductsConfig& config, const LaneKernels& lanes) {
    for (const DenseLayer& layer : config.layers) layers_.emplace_back(layer, lanes);
    std::size_t room = 0;
    for (std::size_t l = 1; l < layers_.size(); ++l) room = std::max(room, layers_[l].room());
    room_.resize(room);
  }

  void take(std::size_t rows) override { rows_ = rows; }
  void parameters_changed() override {}
  void forward(std::size_t l, const float* parameters, const float* x, float* z) override {
    layers_[l].forward(rows_, parameters, x, z);
  }
  void weight_gradient(std::size_t l, const float* g, const float* x, float* gradients) override {
    layers_[l].weight_gradient(rows_, g, x, gradients);
  }
  void input_gradient(std::size_t l, const float* g, const float* parameters, float* below) override {
    layers_[l].input_gradient(rows_, g, parameters, below, room_.data());
  }
  std::size_t memory_bytes() const override { return bytes_of(room_); }

 private:
  std::vector<LayerLanes> layers_;
  AlignedFloats room_;  ///< A layer's weights by output.
  std::size_t rows_ = 0;
};

}  // namespace

std::unique_ptr<ImageProducts> image_lanes(const ProductsConfig& config, const LaneKernels& kernels) {
  return std::make_unique<ImageLanes>(config, kernels);
}

std::unique_ptr<HiddenProducts> hidden_lanes(const ProductsConfig& config, const LaneKernels& kernels) {
  return std::make_unique<HiddenLanes>(config, kernels);
}

}  // namespace fmnist
