#include <torch/torch.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "fmnist/channel_layers.hpp"
#include "fmnist/channel_step.hpp"
#include "fmnist/device_inputs.hpp"
#include "fmnist/device_masks.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/evaluation.hpp"
#include "fmnist/input_batch.hpp"
#include "fmnist/kernels.hpp"
#include "fmnist/libtorch.hpp"
#include "fmnist/tensor_functions.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

using torch::Tensor;

/// Starts of a GPU between two looks at their sums.
constexpr std::size_t kStartsAhead = 1024;

/// torch.optim's own implementation, over one flat tensor.
std::unique_ptr<torch::optim::Optimizer> torch_optimizer(const OptimizerConfig& config, const Tensor& flat) {
  const std::vector<Tensor> parameters{flat};
  switch (config.kind) {
    case OptimizerKind::kSgd:
      return std::make_unique<torch::optim::SGD>(parameters,
                                                 torch::optim::SGDOptions(config.lr)
                                                     .momentum(config.momentum)
                                                     .nesterov(config.nesterov && config.momentum > 0.0)
                                                     .weight_decay(config.weight_decay));
    case OptimizerKind::kAdam:
      return std::make_unique<torch::optim::Adam>(
          parameters, torch::optim::AdamOptions(config.lr).weight_decay(config.weight_decay));
    case OptimizerKind::kAdamw:
      return std::make_unique<torch::optim::AdamW>(
          parameters, torch::optim::AdamWOptions(config.lr).weight_decay(config.weight_decay));
    case OptimizerKind::kRmsprop:
      return std::make_unique<torch::optim::RMSprop>(
          parameters, torch::optim::RMSpropOptions(config.lr).weight_decay(config.weight_decay));
  }
  throw tune::InvalidArgument("unknown optimizer kind");
}

/// One-hot, or smoothed: [n, classes].
Tensor targets(const Tensor& labels, std::int64_t n_classes, double smoothing) {
  return smoothed(torch::one_hot(labels, n_classes).to(torch::kFloat), smoothing);
}

/// LibTorch's own losses, one an example.
Tensor torch_losses(LossKind kind, const Tensor& logits, const Tensor& labels, double smoothing) {
  namespace F = torch::nn::functional;
  const auto each = F::CrossEntropyFuncOptions().reduction(torch::kNone).label_smoothing(smoothing);
  switch (kind) {
    case LossKind::kCrossEntropy:
      return F::cross_entropy(logits, labels, each);
    case LossKind::kNll: {
      const Tensor log_p = torch::log_softmax(logits, 1);
      if (smoothing == 0.0) return F::nll_loss(log_p, labels, F::NLLLossFuncOptions().reduction(torch::kNone));
      return -(targets(labels, logits.size(1), smoothing) * log_p).sum(1);
    }
    case LossKind::kKlDiv:
      return F::kl_div(torch::log_softmax(logits, 1), targets(labels, logits.size(1), smoothing),
                       F::KLDivFuncOptions().reduction(torch::kNone))
          .sum(1);
    case LossKind::kSoftmaxCrossEntropy:
      return F::cross_entropy(torch::softmax(logits, 1), labels, each);
  }
  throw tune::InvalidArgument("unknown loss");
}

/// The tensors in torch's state that OptimizerState lists; those that the optimizer does not use are undefined.
struct Moments {
  Tensor first, second;
};

template <typename State>
Moments adam_moments(State& state, std::int64_t steps) {
  state.step(steps);
  return {state.exp_avg(), state.exp_avg_sq()};
}

/// Also sets how many steps were taken.
Moments moments_after(std::int64_t steps, OptimizerKind kind, torch::optim::OptimizerParamState& state) {
  switch (kind) {
    case OptimizerKind::kSgd:
      return {static_cast<torch::optim::SGDParamState&>(state).momentum_buffer(), {}};
    case OptimizerKind::kAdam:
      return adam_moments(static_cast<torch::optim::AdamParamState&>(state), steps);
    case OptimizerKind::kAdamw:
      return adam_moments(static_cast<torch::optim::AdamWParamState&>(state), steps);
    case OptimizerKind::kRmsprop: {
      auto& rmsprop = static_cast<torch::optim::RMSpropParamState&>(state);
      rmsprop.step(steps);
      return {{}, rmsprop.square_avg()};
    }
  }
  throw tune::InvalidArgument("unknown optimizer kind");
}

/// Views of one layer's numbers in the flat tensors; parameters are leaves with gradients of their own.
/// Undefined where a layer has none.
struct LayerTensors {
  Tensor weight, bias, running_mean, running_var;
};

/// Squares of an image [n, 1, h, w], row by row: [n, patches, size²].
Tensor patches_of(const Tensor& x, const Layer& layer) {
  const std::int64_t rows = layer.in[1] / layer.size;
  const std::int64_t columns = layer.in[2] / layer.size;
  return x.reshape({x.size(0), rows, layer.size, columns, layer.size})
      .permute({0, 1, 3, 2, 4})
      .reshape({x.size(0), rows * columns, layer.size * layer.size});
}

Tensor linear(const Tensor& x, const LayerTensors& tensors) {
  if (x.dim() == 2) return torch::addmm(tensors.bias, x, tensors.weight.t());
  return torch::linear(x, tensors.weight, tensors.bias);
}

/// Batches whose sums nobody has asked for yet.
struct Outcomes {
  std::vector<Tensor> losses;   ///< One an example.
  std::vector<Tensor> correct;  ///< Whether it is classified so.
  std::vector<std::int64_t> sizes;

  std::vector<BatchSums> sums() const {
    if (losses.empty()) return std::vector<BatchSums>(sizes.size());
    return sums_by_batch(torch::cat(losses), torch::cat(correct), sizes);
  }
};

class AutogradEngine final : public Engine {
 public:
  AutogradEngine(std::shared_ptr<const TrainingData> data, const EngineConfig& config,
                 const std::string& device);

  void begin_epoch(std::uint64_t epoch) override {
    masks_.begin_epoch(epoch);
    inputs_.begin_epoch(epoch);
    if (device_inputs_) device_inputs_->begin_epoch(epoch);
  }
  void set_lr(double lr) override { optimizer_->param_groups().front().options().set_lr(lr); }
  BatchSums train_step(std::span<const std::uint32_t> positions) override;
  BatchSums evaluate(std::span<const std::uint32_t> positions) override;
  std::vector<float> outputs(std::span<const std::uint32_t> positions) override;
  void begin_pass(std::span<const std::uint32_t> positions, bool training) override;
  void start(std::size_t begin, std::size_t n) override;
  std::vector<BatchSums> finish() override { return std::exchange(started_, {}).sums(); }
  std::size_t starts_ahead() const override { return device_.is_cpu() ? 1 : kStartsAhead; }
  std::vector<float> parameters() const override { return to_vector(parameters_); }
  std::vector<float> gradients() const override { return to_vector(gradients_); }
  std::vector<float> buffers() const override { return to_vector(buffers_); }
  EngineState state() const override;
  void restore(const EngineState& state) override;

 private:
  Tensor to_device(const std::vector<float>& values) const;
  void make_layers();
  /// None before the first step.
  Moments moments() const;
  Tensor leaf(std::size_t offset, torch::IntArrayRef shape);
  /// On the device, in the network's shape.
  DeviceInputs::Batch batch(std::span<const std::uint32_t> positions, bool training);
  DeviceInputs::Batch shaped(DeviceInputs::Batch batch) const;
  Shape input_shape(std::size_t n) const;
  Tensor host_inputs(std::span<const std::uint32_t> positions, bool training);
  Tensor host_labels(std::span<const std::uint32_t> positions) const;
  Tensor apply(const Layer& layer, const LayerTensors& tensors, const Tensor& x, bool training);
  Tensor forward(Tensor x, bool training);
  Tensor with_penalties(Tensor loss) const;
  void step(const DeviceInputs::Batch& batch, Outcomes& outcomes);
  void evaluate(const DeviceInputs::Batch& batch, Outcomes& outcomes);

  std::shared_ptr<const TrainingData> data_;
  EngineConfig config_;
  torch::Device device_;
  DeviceMasks masks_;
  InputBatch inputs_;                          ///< On the CPU.
  std::optional<DeviceInputs> device_inputs_;  ///< Elsewhere.
  Tensor parameters_, gradients_, buffers_;
  std::vector<LayerTensors> layers_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  std::int64_t n_steps_ = 0;
  std::span<const std::uint32_t> pass_;
  bool is_training_ = false;
  Outcomes started_;
};

AutogradEngine::AutogradEngine(std::shared_ptr<const TrainingData> data, const EngineConfig& config,
                               const std::string& device)
    : data_(std::move(data)),
      config_(config),
      device_(device),
      masks_(config.seed, config.trial, device_),
      inputs_(data_, {config.augmentation, config.seed, config.trial}) {
  if (!device_.is_cpu())
    device_inputs_.emplace(data_, Augmenter{config.augmentation, config.seed, config.trial}, device_);
  std::vector<float> parameters(config.network.parameter_count());
  std::vector<float> buffers(config.network.buffer_count());
  initialize(config.network, config.seed, config.trial, parameters, buffers);
  parameters_ = to_device(parameters);
  buffers_ = to_device(buffers);
  gradients_ = torch::zeros_like(parameters_);
  parameters_.mutable_grad() = gradients_;
  make_layers();
  optimizer_ = torch_optimizer(config.optimizer, parameters_);
}

Tensor AutogradEngine::to_device(const std::vector<float>& values) const {
  return torch::tensor(values, torch::kFloat).to(device_);
}

Tensor AutogradEngine::leaf(std::size_t offset, torch::IntArrayRef shape) {
  const auto view = [&](const Tensor& flat) {
    return flat.narrow(0, static_cast<std::int64_t>(offset), c10::multiply_integers(shape))
        .view(shape)
        .detach();
  };
  Tensor tensor = view(parameters_).requires_grad_(true);
  tensor.mutable_grad() = view(gradients_);
  return tensor;
}

void AutogradEngine::make_layers() {
  for (const Layer& layer : config_.network.layers()) {
    LayerTensors& tensors = layers_.emplace_back();
    const bool is_norm = layer.kind == LayerKind::kBatchNorm;
    if (!layer.has_weights() && !is_norm) continue;
    tensors.weight = leaf(layer.weight, is_norm ? Shape{layer.n_out()} : layer.weight_shape());
    tensors.bias = leaf(layer.bias, {layer.n_out()});
    if (!is_norm) continue;
    const auto statistics = [&](std::size_t offset) {
      return buffers_.narrow(0, static_cast<std::int64_t>(offset), layer.n_out());
    };
    tensors.running_mean = statistics(layer.running_mean);
    tensors.running_var = statistics(layer.running_var);
  }
}

Shape AutogradEngine::input_shape(std::size_t n) const {
  Shape shape = config_.network.layers().front().in;
  shape.insert(shape.begin(), static_cast<std::int64_t>(n));
  return shape;
}

Tensor AutogradEngine::host_inputs(std::span<const std::uint32_t> positions, bool training) {
  const Shape shape = input_shape(positions.size());
  // Of one channel the order is the same in both layouts, but what follows keeps the one it is given.
  const auto layout = shape.size() == 4 ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
  Tensor batch = torch::empty(shape, torch::TensorOptions(torch::kFloat).memory_format(layout));
  inputs_.gather(positions, training, batch.data_ptr<float>());
  return batch;
}

Tensor AutogradEngine::host_labels(std::span<const std::uint32_t> positions) const {
  Tensor batch = torch::empty({static_cast<std::int64_t>(positions.size())}, torch::kLong);
  auto* to = batch.data_ptr<std::int64_t>();
  for (const std::uint32_t position : positions) *to++ = data_->examples.labels[position];
  return batch;
}

DeviceInputs::Batch AutogradEngine::shaped(DeviceInputs::Batch batch) const {
  const Shape shape = input_shape(static_cast<std::size_t>(batch.labels.numel()));
  return {batch.inputs.view(shape), batch.labels};
}

DeviceInputs::Batch AutogradEngine::batch(std::span<const std::uint32_t> positions, bool training) {
  if (device_inputs_) return shaped(device_inputs_->of(positions, training));
  return {host_inputs(positions, training), host_labels(positions)};
}

Tensor AutogradEngine::apply(const Layer& layer, const LayerTensors& tensors, const Tensor& x, bool training) {
  switch (layer.kind) {
    case LayerKind::kLinear:
      return linear(x, tensors);
    case LayerKind::kConv:
      return torch::conv2d(x, tensors.weight, tensors.bias, layer.stride, layer.padding);
    case LayerKind::kBatchNorm:
      return torch::batch_norm(x, tensors.weight, tensors.bias, tensors.running_mean, tensors.running_var,
                               training, kBatchNormMomentum, kBatchNormEps, false);
    case LayerKind::kActivation:
      return activate(layer.activation, x);
    case LayerKind::kDropout:
      return training ? x * masks_.next(x, layer.probability) : x;
    case LayerKind::kMaxPool:
      return torch::max_pool2d(x, layer.size);
    case LayerKind::kFlatten:
      return x.flatten(1);
    case LayerKind::kPatches:
      return patches_of(x, layer);
    case LayerKind::kTranspose:
      return x.transpose(1, 2);
    case LayerKind::kMean:
      return layer.in.size() == 3 ? x.mean({2, 3}) : x.mean(1);
  }
  throw tune::InvalidArgument("unknown kind of layer");
}

Tensor AutogradEngine::forward(Tensor x, bool training) {
  const auto& layers = config_.network.layers();
  for (std::size_t l = 0; l < layers.size();) {
    const ChannelStep step = device_.is_cpu() ? channel_step(layers, l) : ChannelStep{};
    if (step.n_layers == 0) {
      x = apply(layers[l], layers_[l], x, training);
      ++l;
      continue;
    }
    const LayerTensors& t = layers_[l];
    const NormTensors norm =
        step.norm ? NormTensors{t.weight, t.bias, t.running_mean, t.running_var} : NormTensors{};
    x = channel_layers(x, norm, step.pools, step.relu, training);
    l += step.n_layers;
  }
  return x;
}

Tensor AutogradEngine::with_penalties(Tensor loss) const {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Penalty& penalty = config_.network.layers()[l].penalty;
    if (penalty.is_none()) continue;
    const Tensor& weight = layers_[l].weight;
    loss = loss + penalty.l1 * weight.abs().sum() + penalty.l2 * weight.square().sum();
  }
  return loss;
}

void AutogradEngine::step(const DeviceInputs::Batch& batch, Outcomes& outcomes) {
  gradients_.zero_();
  const Tensor logits = forward(batch.inputs, true);
  const Tensor losses = torch_losses(config_.loss.kind, logits, batch.labels, config_.loss.label_smoothing);
  with_penalties(losses.mean()).backward();
  clip_gradients(gradients_, config_.gradients);
  optimizer_->step();
  ++n_steps_;
  outcomes.losses.push_back(losses.detach());
  outcomes.correct.push_back(logits.detach().argmax(1).eq(batch.labels));
  outcomes.sizes.push_back(batch.labels.numel());
}

BatchSums AutogradEngine::train_step(std::span<const std::uint32_t> positions) {
  Outcomes outcomes;
  step(batch(positions, true), outcomes);
  return outcomes.sums().front();
}

void AutogradEngine::begin_pass(std::span<const std::uint32_t> positions, bool training) {
  pass_ = positions;
  is_training_ = training;
  started_ = {};
  if (device_inputs_) device_inputs_->begin_pass(positions, training);
}

void AutogradEngine::start(std::size_t begin, std::size_t n) {
  const auto of_pass =
      device_inputs_ ? shaped(device_inputs_->of_pass(begin, n)) : batch(pass_.subspan(begin, n), is_training_);
  if (is_training_) return step(of_pass, started_);
  evaluate(of_pass, started_);
}

void AutogradEngine::evaluate(const DeviceInputs::Batch& batch, Outcomes& outcomes) {
  const torch::NoGradGuard no_grad;
  const std::int64_t n = batch.labels.numel();
  const auto together = static_cast<std::int64_t>(autograd_evaluation_batch(config_.network));
  for (std::int64_t begin = 0; begin < n; begin += together) {
    const auto part = [&](const Tensor& all) { return all.narrow(0, begin, std::min(together, n - begin)); };
    const Tensor logits = forward(part(batch.inputs), false);
    const Tensor labels = part(batch.labels);
    outcomes.losses.push_back(torch_losses(config_.loss.kind, logits, labels, 0.0));
    outcomes.correct.push_back(logits.argmax(1).eq(labels));
  }
  outcomes.sizes.push_back(n);
}

BatchSums AutogradEngine::evaluate(std::span<const std::uint32_t> positions) {
  const std::size_t together = autograd_evaluation_batch(config_.network);
  BatchSums total;
  for (std::size_t begin = 0; begin < positions.size(); begin += together) {
    Outcomes outcomes;
    evaluate(batch(positions.subspan(begin, std::min(together, positions.size() - begin)), false), outcomes);
    const BatchSums sums = outcomes.sums().front();
    total.loss += sums.loss;
    total.correct += sums.correct;
  }
  return total;
}

std::vector<float> AutogradEngine::outputs(std::span<const std::uint32_t> positions) {
  const torch::NoGradGuard no_grad;
  const std::size_t together = autograd_evaluation_batch(config_.network);
  std::vector<float> outputs;
  for (std::size_t begin = 0; begin < positions.size(); begin += together) {
    const auto some = positions.subspan(begin, std::min(together, positions.size() - begin));
    const std::vector<float> of_batch = to_vector(forward(batch(some, false).inputs, false));
    outputs.insert(outputs.end(), of_batch.begin(), of_batch.end());
  }
  return outputs;
}

Moments AutogradEngine::moments() const {
  // There is one flat parameter, so at most one entry; its key differs between versions of LibTorch.
  const auto& states = optimizer_->state();
  return states.empty() ? Moments{} : moments_after(n_steps_, config_.optimizer.kind, *states.begin()->second);
}

EngineState AutogradEngine::state() const {
  EngineState state{to_vector(parameters_), to_vector(buffers_), {}, masks_.state()};
  const Moments now = moments();
  const std::vector<float> zeros(config_.network.parameter_count());
  state.optimizer.steps = n_steps_;
  if (uses_first(config_.optimizer)) state.optimizer.first = now.first.defined() ? to_vector(now.first) : zeros;
  if (uses_second(config_.optimizer))
    state.optimizer.second = now.second.defined() ? to_vector(now.second) : zeros;
  return state;
}

/// A step makes torch create its state; all that the step changes is then overwritten.
void AutogradEngine::restore(const EngineState& state) {
  check_state(state, config_);
  masks_.restore(state.dropout);  // May refuse it, too.
  if (state.optimizer.steps > 0) optimizer_->step();
  const torch::NoGradGuard no_grad;
  parameters_.copy_(to_device(state.parameters));
  buffers_.copy_(to_device(state.buffers));
  n_steps_ = state.optimizer.steps;
  Moments now = moments();
  if (now.first.defined()) now.first.copy_(to_device(state.optimizer.first));
  if (now.second.defined()) now.second.copy_(to_device(state.optimizer.second));
}

}  // namespace

std::unique_ptr<Engine> make_autograd_engine(std::shared_ptr<const TrainingData> data,
                                             const EngineConfig& config, const std::string& device) {
  libtorch::use_one_thread();
  return std::make_unique<AutogradEngine>(std::move(data), config, device);
}

}  // namespace fmnist
