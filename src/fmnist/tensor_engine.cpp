#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "fmnist/dense_network.hpp"
#include "fmnist/device_inputs.hpp"
#include "fmnist/device_masks.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/kernels.hpp"
#include "fmnist/libtorch.hpp"
#include "fmnist/tensor_functions.hpp"
#include "fmnist/tensor_optimizer.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

using at::Tensor;

/// Steps between two looks at their sums: an epoch of 60,000 images in batches of 16 has no more.
constexpr std::size_t kStartsAhead = 4096;
/// Examples of `evaluate` and `outputs` that are computed together.
constexpr std::size_t kEvaluationBatch = 4096;

std::vector<DenseLayer> checked_layers(const Network& network) {
  auto layers = dense_layers(network);
  if (layers) return std::move(*layers);
  throw tune::InvalidArgument("engine: tensor trains networks of dense layers only; expected auto or autograd");
}

/// Parts of a flat array that belong to one layer; undefined where it has none.
struct LayerParts {
  Tensor weight, bias, gamma, beta;
};

LayerParts parts_of(const DenseLayer& layer, const Tensor& flat) {
  const auto out = static_cast<std::int64_t>(layer.out);
  const auto in = static_cast<std::int64_t>(layer.in);
  LayerParts parts{part_of(flat, layer.weight, {out, in}), part_of(flat, layer.bias, {out}), {}, {}};
  if (!layer.batch_norm) return parts;
  parts.gamma = part_of(flat, layer.gamma, {out});
  parts.beta = part_of(flat, layer.beta, {out});
  return parts;
}

/// What a network gave for some batches.
struct Outcomes {
  std::vector<Tensor> logits;  ///< [n, classes] each.
  std::vector<Tensor> labels;  ///< [n]

  void add(Tensor of_batch, Tensor labels_of_batch) {
    logits.push_back(std::move(of_batch));
    labels.push_back(std::move(labels_of_batch));
  }
};

/// One layer: its numbers, and what forward leaves for backward, each [batch, out] or [batch, in].
struct LayerWork {
  DenseLayer layer;
  LayerParts parameters, gradients;
  Tensor running_mean, running_var;

  Tensor input;
  Tensor linear;     ///< With batch norm: before it.
  Tensor mean;       ///< [out] of the batch, with batch norm, as the next.
  Tensor scale;      ///< [out] one over the standard deviation.
  Tensor activated;  ///< What the activation was given.
  Tensor output;     ///< Of the activation, before dropout.
  Tensor mask;       ///< Undefined without dropout.
};

class TensorEngine final : public Engine {
 public:
  TensorEngine(std::shared_ptr<const TrainingData> data, const EngineConfig& config, const at::Device& device);

  void begin_epoch(std::uint64_t epoch) override {
    masks_.begin_epoch(epoch);
    inputs_.begin_epoch(epoch);
  }
  void set_lr(double lr) override { optimizer_.set_lr(lr); }
  BatchSums train_step(std::span<const std::uint32_t> positions) override;
  BatchSums evaluate(std::span<const std::uint32_t> positions) override;
  std::vector<float> outputs(std::span<const std::uint32_t> positions) override;
  void begin_pass(std::span<const std::uint32_t> positions, bool training) override;
  void start(std::size_t begin, std::size_t n) override;
  std::vector<BatchSums> finish() override;
  std::size_t starts_ahead() const override { return kStartsAhead; }
  std::vector<float> parameters() const override { return to_vector(parameters_); }
  std::vector<float> gradients() const override { return to_vector(gradients_); }
  std::vector<float> buffers() const override { return to_vector(buffers_); }
  EngineState state() const override;
  void restore(const EngineState& state) override;

 private:
  static std::vector<float> to_vector(const Tensor& tensor);
  Tensor forward_hidden(LayerWork& work, Tensor z, bool training);
  /// The logits.
  Tensor forward(Tensor x, bool training);
  void backward(Tensor gradient);
  void weight_gradients(LayerWork& work, const Tensor& gradient) const;
  /// Gradient by a hidden layer's output → by its linear part's output.
  static Tensor through_activation(LayerWork& work, Tensor gradient);
  /// The logits, before the step.
  Tensor step(const DeviceInputs::Batch& batch);
  std::vector<BatchSums> sums_of(const Outcomes& outcomes, bool training) const;

  EngineConfig config_;
  DeviceInputs inputs_;
  DeviceMasks masks_;
  Tensor parameters_, gradients_, buffers_;
  Tensor targets_;  ///< [classes, classes] of each label, smoothed.
  std::vector<LayerWork> layers_;
  TensorOptimizer optimizer_;
  bool is_training_ = false;
  Outcomes started_;  ///< Of the batches whose sums nobody has asked for yet.
};

TensorEngine::TensorEngine(std::shared_ptr<const TrainingData> data, const EngineConfig& config,
                           const at::Device& device)
    : config_(config),
      inputs_(data, {config.augmentation, config.seed, config.trial}, device),
      masks_(config.seed, config.trial, device) {
  const std::vector<DenseLayer> layers = checked_layers(config.network);
  std::vector<float> parameters(config.network.parameter_count());
  std::vector<float> buffers(config.network.buffer_count());
  initialize(config.network, config.seed, config.trial, parameters, buffers);
  parameters_ = to_tensor(parameters).to(device);
  buffers_ = to_tensor(buffers).to(device);
  gradients_ = at::zeros_like(parameters_);
  optimizer_ = TensorOptimizer(config.optimizer, parameters_);
  const auto n = static_cast<std::int64_t>(data->n_classes);
  targets_ = smoothed(at::eye(n, parameters_.options()), config.loss.label_smoothing);
  for (const DenseLayer& layer : layers) {
    LayerWork& work = layers_.emplace_back();
    work.layer = layer;
    work.parameters = parts_of(layer, parameters_);
    work.gradients = parts_of(layer, gradients_);
    if (!layer.batch_norm) continue;
    work.running_mean = part_of(buffers_, layer.running_mean, {static_cast<std::int64_t>(layer.out)});
    work.running_var = part_of(buffers_, layer.running_var, {static_cast<std::int64_t>(layer.out)});
  }
}

std::vector<float> TensorEngine::to_vector(const Tensor& tensor) {
  const c10::InferenceMode no_autograd;
  return fmnist::to_vector(tensor);
}

Tensor TensorEngine::forward_hidden(LayerWork& work, Tensor z, bool training) {
  const DenseLayer& layer = work.layer;
  if (layer.batch_norm) {
    work.linear = z;
    std::tie(z, work.mean, work.scale) =
        at::native_batch_norm(z, work.parameters.gamma, work.parameters.beta, work.running_mean,
                              work.running_var, training, kBatchNormMomentum, kBatchNormEps);
  }
  work.activated = z;
  work.output = activate(layer.activation, z);
  work.mask = Tensor();
  if (!training || layer.dropout == 0.0) return work.output;
  work.mask = masks_.next(work.output, layer.dropout);
  return work.output * work.mask;
}

Tensor TensorEngine::forward(Tensor x, bool training) {
  for (LayerWork& work : layers_) {
    work.input = x;
    x = at::addmm(work.parameters.bias, x, work.parameters.weight.t());
    if (work.layer.hidden) x = forward_hidden(work, x, training);
  }
  return x;
}

void TensorEngine::weight_gradients(LayerWork& work, const Tensor& gradient) const {
  at::mm_out(work.gradients.weight, gradient.t(), work.input);
  at::sum_out(work.gradients.bias, gradient, 0);
  const Penalty& penalty = work.layer.penalty;
  if (penalty.l1 != 0.0) work.gradients.weight.add_(work.parameters.weight.sign(), penalty.l1);
  if (penalty.l2 != 0.0) work.gradients.weight.add_(work.parameters.weight, 2.0 * penalty.l2);
}

Tensor TensorEngine::through_activation(LayerWork& work, Tensor gradient) {
  const DenseLayer& layer = work.layer;
  if (work.mask.defined()) gradient.mul_(work.mask);
  gradient = activation_backward(layer.activation, gradient, work.activated, work.output);
  if (!layer.batch_norm) return gradient;
  const auto [by_input, by_gamma, by_beta] = at::native_batch_norm_backward(
      gradient, work.linear, work.parameters.gamma, work.running_mean, work.running_var, work.mean, work.scale,
      true, kBatchNormEps, {true, true, true});
  work.gradients.gamma.copy_(by_gamma);
  work.gradients.beta.copy_(by_beta);
  return by_input;
}

void TensorEngine::backward(Tensor gradient) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    weight_gradients(layers_[l], gradient);
    if (l == 0) return;
    gradient = through_activation(layers_[l - 1], at::mm(gradient, layers_[l].parameters.weight));
  }
}

Tensor TensorEngine::step(const DeviceInputs::Batch& batch) {
  const Tensor logits = forward(batch.inputs, true);
  backward(loss_gradient(config_.loss.kind, logits, targets_.index_select(0, batch.labels)));
  clip_gradients(gradients_, config_.gradients);
  optimizer_.step(parameters_, gradients_);
  return logits;
}

/// All batches at once: a step leaves that to this.
std::vector<BatchSums> TensorEngine::sums_of(const Outcomes& outcomes, bool training) const {
  if (outcomes.logits.empty()) return {};
  const Tensor logits = at::cat(outcomes.logits);
  const Tensor labels = at::cat(outcomes.labels);
  const Tensor each = losses(config_.loss.kind, logits, labels, training ? config_.loss.label_smoothing : 0.0);
  std::vector<std::int64_t> sizes;
  for (const Tensor& of_batch : outcomes.labels) sizes.push_back(of_batch.numel());
  return sums_by_batch(each, logits.argmax(1).eq(labels), sizes);
}

BatchSums TensorEngine::train_step(std::span<const std::uint32_t> positions) {
  const c10::InferenceMode no_autograd;
  const DeviceInputs::Batch batch = inputs_.of(positions, true);
  return sums_of({{step(batch)}, {batch.labels}}, true).front();
}

BatchSums TensorEngine::evaluate(std::span<const std::uint32_t> positions) {
  const c10::InferenceMode no_autograd;
  BatchSums total;
  for (std::size_t begin = 0; begin < positions.size(); begin += kEvaluationBatch) {
    const auto some = positions.subspan(begin, std::min(kEvaluationBatch, positions.size() - begin));
    const DeviceInputs::Batch batch = inputs_.of(some, false);
    const BatchSums sums = sums_of({{forward(batch.inputs, false)}, {batch.labels}}, false).front();
    total.loss += sums.loss;
    total.correct += sums.correct;
  }
  return total;
}

std::vector<float> TensorEngine::outputs(std::span<const std::uint32_t> positions) {
  const c10::InferenceMode no_autograd;
  std::vector<float> outputs;
  for (std::size_t begin = 0; begin < positions.size(); begin += kEvaluationBatch) {
    const auto some = positions.subspan(begin, std::min(kEvaluationBatch, positions.size() - begin));
    const std::vector<float> of_batch = fmnist::to_vector(forward(inputs_.of(some, false).inputs, false));
    outputs.insert(outputs.end(), of_batch.begin(), of_batch.end());
  }
  return outputs;
}

void TensorEngine::begin_pass(std::span<const std::uint32_t> positions, bool training) {
  const c10::InferenceMode no_autograd;
  started_ = {};
  is_training_ = training;
  inputs_.begin_pass(positions, training);
}

void TensorEngine::start(std::size_t begin, std::size_t n) {
  const c10::InferenceMode no_autograd;
  const DeviceInputs::Batch batch = inputs_.of_pass(begin, n);
  started_.add(is_training_ ? step(batch) : forward(batch.inputs, false), batch.labels);
}

std::vector<BatchSums> TensorEngine::finish() {
  const c10::InferenceMode no_autograd;
  return sums_of(std::exchange(started_, {}), is_training_);
}

EngineState TensorEngine::state() const {
  const c10::InferenceMode no_autograd;
  return {to_vector(parameters_), to_vector(buffers_), optimizer_.state(), masks_.state()};
}

void TensorEngine::restore(const EngineState& state) {
  const c10::InferenceMode no_autograd;
  check_state(state, config_);
  masks_.restore(state.dropout);
  parameters_.copy_(to_tensor(state.parameters));
  buffers_.copy_(to_tensor(state.buffers));
  optimizer_.restore(state.optimizer);
}

}  // namespace

std::unique_ptr<Engine> make_tensor_engine(std::shared_ptr<const TrainingData> data, const EngineConfig& config,
                                           const std::string& device) {
  libtorch::use_one_thread();
  const c10::InferenceMode no_autograd;
  return std::make_unique<TensorEngine>(std::move(data), config, at::Device(device));
}

}  // namespace fmnist
