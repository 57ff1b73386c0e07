#include "fmnist/dense_products.hpp"
#include "fmnist/kernels.hpp"

namespace fmnist {
namespace {

class GemmProducts final : public DenseProducts {
 public:
  GemmProducts(const ProductsConfig& config, Gemm gemm)
      : config_(config),
        gemm_(gemm),
        kernels_(kernels()),
        images_(config.max_rows * config.layers.front().in) {}

  void take(const ImageRows& images) override {
    rows_ = images.count;
    kernels_.gather(images.pixels, config_.layers.front().in, images.rows, rows_, config_.normalization.scale,
                    config_.normalization.shift, images_.data());
  }

  void parameters_changed() override {}

  void forward(std::size_t l, const float* parameters, const float* x, float* z) override {
    const DenseLayer& layer = config_.layers[l];
    gemm_(false, true, rows_, layer.out, layer.in, inputs(l, x), layer.in, parameters + layer.weight, layer.in,
          0.0F, z, layer.out);
    kernels_.add_bias(rows_, layer.out, z, parameters + layer.bias);
  }

  void weight_gradient(std::size_t l, const float* g, const float* x, float* gradients) override {
    const DenseLayer& layer = config_.layers[l];
    gemm_(true, false, layer.out, layer.in, rows_, g, layer.out, inputs(l, x), layer.in, 0.0F,
          gradients + layer.weight, layer.in);
  }

  void input_gradient(std::size_t l, const float* g, const float* parameters, float* below) override {
    const DenseLayer& layer = config_.layers[l];
    gemm_(false, false, rows_, layer.in, layer.out, g, layer.out, parameters + layer.weight, layer.in, 0.0F,
          below, layer.in);
  }

 private:
  [[nodiscard]] const float* inputs(std::size_t l, const float* x) const { return l == 0 ? images_.data() : x; }

  ProductsConfig config_;
  Gemm gemm_;
  const Kernels& kernels_;
  std::size_t rows_ = 0;
  std::vector<float> images_;  ///< [rows, features]
};

}  // namespace

std::unique_ptr<DenseProducts> gemm_products(const ProductsConfig& config, Gemm gemm) {
  return std::make_unique<GemmProducts>(config, gemm);
}

}  // namespace fmnist
