#include "fmnist/tensor_functions.hpp"

#include "fmnist/loss.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

using at::Tensor;

/// LibTorch's defaults.
constexpr double kLeakySlope = 0.01;
constexpr double kEluAlpha = 1.0;

}  // namespace

Tensor to_tensor(const std::vector<float>& values) {
  return at::tensor(values, at::kFloat);
}

std::vector<float> to_vector(const Tensor& tensor) {
  const Tensor host = tensor.detach().cpu().contiguous();
  const float* begin = host.data_ptr<float>();
  return {begin, begin + host.numel()};
}

Tensor part_of(const Tensor& flat, std::size_t offset, at::IntArrayRef shape) {
  return flat.narrow(0, static_cast<std::int64_t>(offset), c10::multiply_integers(shape)).view(shape);
}

Tensor activate(Activation activation, const Tensor& z) {
  switch (activation) {
    case Activation::kRelu:
      return at::relu(z);
    case Activation::kLeakyRelu:
      return at::leaky_relu(z, kLeakySlope);
    case Activation::kElu:
      return at::elu(z, kEluAlpha);
    case Activation::kGelu:
      return at::gelu(z);
    case Activation::kSilu:
      return at::silu(z);
    case Activation::kTanh:
      return at::tanh(z);
    case Activation::kSigmoid:
      return at::sigmoid(z);
  }
  throw tune::InvalidArgument("unknown activation");
}

Tensor activation_backward(Activation activation, const Tensor& gradient, const Tensor& z,
                           const Tensor& output) {
  switch (activation) {
    case Activation::kRelu:
      return at::threshold_backward(gradient, output, 0.0);
    case Activation::kLeakyRelu:
      return at::leaky_relu_backward(gradient, z, kLeakySlope, false);
    case Activation::kElu:
      return at::elu_backward(gradient, kEluAlpha, 1.0, 1.0, false, z);
    case Activation::kGelu:
      return at::gelu_backward(gradient, z);
    case Activation::kSilu:
      return at::silu_backward(gradient, z);
    case Activation::kTanh:
      return at::tanh_backward(gradient, output);
    case Activation::kSigmoid:
      return at::sigmoid_backward(gradient, output);
  }
  throw tune::InvalidArgument("unknown activation");
}

Tensor smoothed(const Tensor& one_hot, double label_smoothing) {
  return one_hot * (1.0 - label_smoothing) + label_smoothing / static_cast<double>(one_hot.size(1));
}

Tensor losses(LossKind kind, const Tensor& logits, const Tensor& labels, double label_smoothing) {
  const bool twice = kind == LossKind::kSoftmaxCrossEntropy;
  const Tensor log_p = at::log_softmax(twice ? at::softmax(logits, 1) : logits, 1);
  Tensor losses = -log_p.gather(1, labels.unsqueeze(1)).squeeze(1);
  if (label_smoothing != 0.0) losses = losses * (1.0 - label_smoothing) - log_p.mean(1) * label_smoothing;
  if (kind != LossKind::kKlDiv) return losses;
  return losses - target_entropy(label_smoothing, static_cast<std::size_t>(logits.size(1)));
}

Tensor loss_gradient(LossKind kind, const Tensor& logits, const Tensor& targets) {
  const bool twice = kind == LossKind::kSoftmaxCrossEntropy;
  const Tensor p = twice ? at::softmax(logits, 1) : Tensor();
  const Tensor log_p = at::log_softmax(twice ? p : logits, 1);
  const Tensor by_log_p = targets * (-1.0 / static_cast<double>(logits.size(0)));
  const Tensor gradient = at::_log_softmax_backward_data(by_log_p, log_p, 1, at::kFloat);
  return twice ? at::_softmax_backward_data(gradient, p, 1, at::kFloat) : gradient;
}

void clip_gradients(Tensor& gradients, const GradientConfig& config) {
  if (config.max_norm == 0.0) return;
  constexpr double kEps = 1e-6;  // PyTorch's, as in clipping_factor.
  gradients.mul_(gradients.norm().add_(kEps).reciprocal_().mul_(config.max_norm).clamp_max_(1.0));
}

std::vector<BatchSums> sums_by_batch(const Tensor& losses, const Tensor& correct,
                                     std::span<const std::int64_t> sizes) {
  const Tensor host_losses = losses.cpu().contiguous();
  const Tensor host_correct = correct.cpu().contiguous();
  const float* loss = host_losses.data_ptr<float>();
  const bool* is_correct = host_correct.data_ptr<bool>();
  std::vector<BatchSums> all;
  for (const std::int64_t size : sizes) {
    BatchSums& sums = all.emplace_back();
    for (std::int64_t i = 0; i < size; ++i) {
      sums.loss += static_cast<double>(*loss++);
      sums.correct += *is_correct++ ? 1 : 0;
    }
  }
  return all;
}

}  // namespace fmnist
