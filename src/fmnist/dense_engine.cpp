#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "fmnist/bytes_of.hpp"
#include "fmnist/dense_network.hpp"
#include "fmnist/dense_products.hpp"
#include "fmnist/dropout.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/evaluation.hpp"
#include "fmnist/input_batch.hpp"
#include "fmnist/kernels.hpp"
#include "fmnist/lane_products.hpp"
#include "fmnist/parameter_layout.hpp"
#include "fmnist/tile_kernels.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

std::vector<DenseLayer> checked_layers(const Network& network) {
  auto layers = dense_layers(network);
  if (layers) return std::move(*layers);
  throw tune::InvalidArgument(
      "engine: gemm, which bf16 needs, trains networks of dense layers only; expected auto or autograd, and "
      "fp32");
}

/// What forward leaves for backward, one a layer.
struct LayerBuffers {
  AlignedFloats output;            ///< [batch, out] after activation and dropout; logits for the classifier.
  AlignedFloats slope;             ///< [batch, out] derivative of the activation times the mask.
  AlignedFloats normal;            ///< [batch, out] with batch norm: normalised values.
  std::vector<float> inverse_std;  ///< [out] with batch norm.
};

/// Makes the products of an engine.
using MakeProducts = std::function<DenseProducts(const ProductsConfig& config)>;

class DenseEngine final : public Engine {
 public:
  DenseEngine(std::shared_ptr<const TrainingData> data, const EngineConfig& config, WeightOrder order,
              const MakeProducts& products);

  void begin_epoch(std::uint64_t epoch) override {
    masks_.begin_epoch(epoch);
    inputs_.begin_epoch(epoch);
  }
  void set_lr(double lr) override { optimizer_.set_lr(lr); }
  BatchSums train_step(std::span<const std::uint32_t> positions) override;
  BatchSums evaluate(std::span<const std::uint32_t> positions) override;
  std::vector<float> outputs(std::span<const std::uint32_t> positions) override;
  std::vector<float> parameters() const override { return layout_.placed(parameters_); }
  std::vector<float> gradients() const override { return layout_.placed(gradients_); }
  std::vector<float> buffers() const override { return buffers_; }
  std::uint64_t peak_memory_bytes() const override;
  EngineState state() const override;
  void restore(const EngineState& state) override;

 private:
  void gather(std::span<const std::uint32_t> positions, bool training);
  const float* forward_layer(std::size_t l, const float* input, std::size_t rows, bool training);
  void forward(std::size_t rows, bool training);
  BatchSums loss(std::size_t rows, bool training);
  void backward(std::size_t rows);
  void clip_gradients();
  void parameter_gradients(std::size_t l, const float* gradient, std::size_t rows);
  void through_activation(std::size_t l, float* gradient, std::size_t rows);

  std::shared_ptr<const TrainingData> data_;
  EngineConfig config_;
  ParameterLayout layout_;
  std::vector<DenseLayer> layers_;
  DenseProducts products_;
  const Kernels& kernels_;
  DropoutMasks masks_;
  InputBatch inputs_;
  FlatOptimizer optimizer_;
  AlignedFloats parameters_, gradients_;  ///< As layout_ has them.
  std::vector<float> buffers_;
  std::vector<std::uint8_t> labels_;   ///< [batch]
  std::vector<LayerBuffers> forward_;  ///< One a layer.
  AlignedFloats gradient_[2];          ///< [batch, widest layer], by turns.
};

DenseEngine::DenseEngine(std::shared_ptr<const TrainingData> data, const EngineConfig& config,
                         WeightOrder order, const MakeProducts& products)
    : data_(std::move(data)),
      config_(config),
      layout_(checked_layers(config.network), config.network.parameter_count(), order),
      layers_(layout_.layers()),
      kernels_(kernels()),
      masks_(config.seed, config.trial),
      inputs_(data_, {config.augmentation, config.seed, config.trial}),
      optimizer_(config.optimizer, layout_.size()),
      gradients_(layout_.size()),
      buffers_(config.network.buffer_count()) {
  std::vector<float> parameters(config.network.parameter_count());
  initialize(config_.network, config.seed, config.trial, parameters, buffers_);
  parameters_ = layout_.stored(parameters);
  const std::size_t batch = std::max(config.max_batch, kGemmEvaluationBatch);
  products_ = products({layers_, data_->normalization, batch, config.max_batch});
  labels_.resize(batch);
  std::size_t widest = 0;
  for (const DenseLayer& layer : layers_) {
    LayerBuffers& buffers = forward_.emplace_back();
    buffers.output.resize(batch * layer.out);
    if (layer.hidden) buffers.slope.resize(batch * layer.out);
    if (layer.batch_norm) buffers.normal.resize(batch * layer.out);
    if (layer.batch_norm) buffers.inverse_std.resize(layer.out);
    widest = std::max(widest, layer.out);
  }
  for (auto& gradient : gradient_) gradient.resize(batch * widest);
}

void DenseEngine::gather(std::span<const std::uint32_t> positions, bool training) {
  products_.images->take(inputs_.images(positions, training));
  products_.hidden->take(positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) labels_[i] = data_->examples.labels[positions[i]];
}

const float* DenseEngine::forward_layer(std::size_t l, const float* input, std::size_t rows, bool training) {
  const DenseLayer& layer = layers_[l];
  LayerBuffers& buffers = forward_[l];
  const float* p = parameters_.data();
  float* z = buffers.output.data();
  l == 0 ? products_.images->forward(p, z) : products_.hidden->forward(l, p, input, z);
  if (!layer.hidden) return z;
  if (layer.batch_norm && training) {
    kernels_.batch_norm_train(rows, layer.out, z, p + layer.gamma, p + layer.beta, buffers.normal.data(),
                              buffers.inverse_std.data(), buffers_.data() + layer.running_mean,
                              buffers_.data() + layer.running_var);
  } else if (layer.batch_norm) {
    kernels_.batch_norm_evaluate(rows, layer.out, z, p + layer.gamma, p + layer.beta,
                                 buffers_.data() + layer.running_mean, buffers_.data() + layer.running_var);
  }
  const std::size_t n = rows * layer.out;
  const DropoutMask mask = training ? masks_.next(n, layer.dropout) : DropoutMask{};
  kernels_.activate(layer.activation, n, z, mask, z, training ? buffers.slope.data() : nullptr);
  return z;
}

void DenseEngine::forward(std::size_t rows, bool training) {
  const float* input = nullptr;  // The images.
  for (std::size_t l = 0; l < layers_.size(); ++l) input = forward_layer(l, input, rows, training);
}

void DenseEngine::parameter_gradients(std::size_t l, const float* gradient, std::size_t rows) {
  const DenseLayer& layer = layers_[l];
  kernels_.column_sums(rows, layer.out, gradient, gradients_.data() + layer.bias);
  if (l == 0) {
    products_.images->weight_gradient(gradient, gradients_.data());
  } else {
    products_.hidden->weight_gradient(l, gradient, forward_[l - 1].output.data(), gradients_.data());
  }
  if (layer.penalty.is_none()) return;
  kernels_.penalize(layer.weight_count, parameters_.data() + layer.weight, static_cast<float>(layer.penalty.l1),
                    static_cast<float>(layer.penalty.l2), gradients_.data() + layer.weight);
}

/// Gradient by a hidden layer's output → by its linear part's output.
void DenseEngine::through_activation(std::size_t l, float* gradient, std::size_t rows) {
  const DenseLayer& layer = layers_[l];
  const LayerBuffers& buffers = forward_[l];
  kernels_.multiply(rows * layer.out, gradient, buffers.slope.data());
  if (!layer.batch_norm) return;
  kernels_.batch_norm_backward(rows, layer.out, gradient, buffers.normal.data(),
                               parameters_.data() + layer.gamma, buffers.inverse_std.data(),
                               gradients_.data() + layer.gamma, gradients_.data() + layer.beta);
}

/// Of the logits in the classifier's output; when training they become the gradient by them.
BatchSums DenseEngine::loss(std::size_t rows, bool training) {
  const LossConfig& config = config_.loss;
  const double smoothing = training ? config.label_smoothing : 0.0;
  const auto kernel =
      config.kind == LossKind::kSoftmaxCrossEntropy ? kernels_.softmax_cross_entropy : kernels_.cross_entropy;
  const LossSums sums = kernel(rows, data_->n_classes, forward_.back().output.data(), labels_.data(),
                               static_cast<float>(smoothing), training);
  const double surplus = config.kind == LossKind::kKlDiv ? target_entropy(smoothing, data_->n_classes) : 0.0;
  return {sums.loss - surplus * static_cast<double>(rows), sums.correct};
}

void DenseEngine::clip_gradients() {
  if (config_.gradients.max_norm == 0.0) return;
  const double norm = std::sqrt(kernels_.sum_of_squares(gradients_.size(), gradients_.data()));
  const double factor = clipping_factor(norm, config_.gradients);
  if (factor < 1.0) kernels_.scale(gradients_.size(), static_cast<float>(factor), gradients_.data());
}

/// Expects the gradient by the logits in the classifier's output.
void DenseEngine::backward(std::size_t rows) {
  float* gradient = forward_.back().output.data();
  for (std::size_t l = layers_.size(); l-- > 0;) {
    parameter_gradients(l, gradient, rows);
    if (l == 0) return;
    float* below = gradient_[l % 2].data();
    products_.hidden->input_gradient(l, gradient, parameters_.data(), below);
    through_activation(l - 1, below, rows);
    gradient = below;
  }
}

BatchSums DenseEngine::train_step(std::span<const std::uint32_t> positions) {
  gather(positions, true);
  forward(positions.size(), true);
  const BatchSums sums = loss(positions.size(), true);
  backward(positions.size());
  clip_gradients();
  optimizer_.step(parameters_, gradients_);
  return sums;
}

BatchSums DenseEngine::evaluate(std::span<const std::uint32_t> positions) {
  BatchSums total;
  for (std::size_t begin = 0; begin < positions.size(); begin += kGemmEvaluationBatch) {
    const auto batch = positions.subspan(begin, std::min(kGemmEvaluationBatch, positions.size() - begin));
    gather(batch, false);
    forward(batch.size(), false);
    const BatchSums sums = loss(batch.size(), false);
    total.loss += sums.loss;
    total.correct += sums.correct;
  }
  return total;
}

std::vector<float> DenseEngine::outputs(std::span<const std::uint32_t> positions) {
  std::vector<float> outputs;
  for (std::size_t begin = 0; begin < positions.size(); begin += kGemmEvaluationBatch) {
    const auto batch = positions.subspan(begin, std::min(kGemmEvaluationBatch, positions.size() - begin));
    gather(batch, false);
    forward(batch.size(), false);
    const float* of_batch = forward_.back().output.data();
    outputs.insert(outputs.end(), of_batch, of_batch + batch.size() * data_->n_classes);
  }
  return outputs;
}

/// It gives nothing back while it lives.
std::uint64_t DenseEngine::peak_memory_bytes() const {
  std::size_t bytes = bytes_of(parameters_, gradients_, buffers_, labels_, gradient_[0], gradient_[1],
                               optimizer_.state().first, optimizer_.state().second);
  for (const LayerBuffers& layer : forward_)
    bytes += bytes_of(layer.output, layer.slope, layer.normal, layer.inverse_std);
  return bytes + products_.images->memory_bytes() + products_.hidden->memory_bytes() + masks_.memory_bytes() +
         inputs_.memory_bytes();
}

EngineState DenseEngine::state() const {
  const FlatMoments& moments = optimizer_.state();
  return {layout_.placed(parameters_),
          buffers_,
          {layout_.placed(moments.first), layout_.placed(moments.second), moments.steps},
          masks_.state()};
}

void DenseEngine::restore(const EngineState& state) {
  check_state(state, config_);
  parameters_ = layout_.stored(state.parameters);
  buffers_ = state.buffers;
  const auto& [first, second, steps] = state.optimizer;
  optimizer_.restore({layout_.stored(first), layout_.stored(second), steps});
  masks_.restore(state.dropout);
}

}  // namespace

std::unique_ptr<Engine> make_gemm_engine(std::shared_ptr<const TrainingData> data, const EngineConfig& config,
                                         Gemm gemm) {
  return std::make_unique<DenseEngine>(
      std::move(data), config, WeightOrder::kByOutput, [&](const ProductsConfig& products) {
        return DenseProducts{image_gemms(products, gemm), hidden_gemms(products, gemm)};
      });
}

std::unique_ptr<Engine> make_lane_engine(std::shared_ptr<const TrainingData> data, const EngineConfig& config,
                                         const LaneConfig& lanes) {
  return std::make_unique<DenseEngine>(
      std::move(data), config, WeightOrder::kByInput, [&](const ProductsConfig& products) {
        return DenseProducts{image_lanes(products, lanes), hidden_lanes(products, lanes)};
      });
}

std::unique_ptr<Engine> make_tile_engine(std::shared_ptr<const TrainingData> data, const EngineConfig& config,
                                         const TileKernels& kernels) {
  return std::make_unique<DenseEngine>(
      std::move(data), config, WeightOrder::kByInput, [&](const ProductsConfig& products) {
        return DenseProducts{rounded_images(products, kernels),
                             hidden_tiles(products, kernels, TilePieces::kRounded)};
      });
}

}  // namespace fmnist
