#include <utility>

#include "fmnist/aligned_floats.hpp"
#include "fmnist/bytes_of.hpp"
#include "fmnist/float_products.hpp"
#include "fmnist/kernels.hpp"

namespace fmnist {
namespace {

/// The three products of one layer over a batch of `rows`.
class LayerGemms {
 public:
  LayerGemms(const DenseLayer& layer, Gemm gemm) : layer_(layer), gemm_(gemm) {}

  void forward(std::size_t rows, const float* parameters, const float* x, float* z) const {
    gemm_(false, true, rows, layer_.out, layer_.in, x, layer_.in, parameters + layer_.weight, layer_.in, 0.0F,
          z, layer_.out);
    kernels().add_bias(rows, layer_.out, z, parameters + layer_.bias);
  }

  void weight_gradient(std::size_t rows, const float* g, const float* x, float* gradients) const {
    gemm_(true, false, layer_.out, layer_.in, rows, g, layer_.out, x, layer_.in, 0.0F,
          gradients + layer_.weight, layer_.in);
  }

  void input_gradient(std::size_t rows, const float* g, const float* parameters, float* below) const {
    gemm_(false, false, rows, layer_.in, layer_.out, g, layer_.out, parameters + layer_.weight, layer_.in, 0.0F,
          below, layer_.in);
  }

  [[nodiscard]] static std::size_t memory_bytes() { return 0; }

 private:
  DenseLayer layer_;
  Gemm gemm_;
};

/// Images as normalised floats.
class ImageFloats final : public ImageProducts {
 public:
  ImageFloats(const ProductsConfig& config, Gemm gemm)
      : layer_(config.layers.front(), gemm),
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
  std::size_t memory_bytes() const override { return bytes_of(images_); }

 private:
  LayerGemms layer_;
  Normalization normalization_;
  std::size_t features_;
  std::size_t rows_ = 0;
  AlignedFloats images_;  ///< [rows, features]
};

}  // namespace

std::unique_ptr<ImageProducts> image_gemms(const ProductsConfig& config, Gemm gemm) {
  return std::make_unique<ImageFloats>(config, gemm);
}

std::unique_ptr<HiddenProducts> hidden_gemms(const ProductsConfig& config, Gemm gemm) {
  std::vector<LayerGemms> layers;
  for (const DenseLayer& layer : config.layers) layers.emplace_back(layer, gemm);
  return std::make_unique<HiddenFloats<LayerGemms>>(std::move(layers));
}

}  // namespace fmnist
