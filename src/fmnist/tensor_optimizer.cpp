#include "fmnist/tensor_optimizer.hpp"

#include <cmath>

#include "fmnist/tensor_functions.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

using at::Tensor;

Tensor with_decay(const Tensor& gradients, const Tensor& parameters, double weight_decay) {
  return weight_decay == 0.0 ? gradients : gradients.add(parameters, weight_decay);
}

}  // namespace

TensorOptimizer::TensorOptimizer(const OptimizerConfig& config, const Tensor& parameters) : config_(config) {
  if (uses_first(config)) first_ = at::zeros_like(parameters);
  if (uses_second(config)) second_ = at::zeros_like(parameters);
}

void TensorOptimizer::sgd(Tensor& parameters, const Tensor& gradients) {
  const Tensor g = with_decay(gradients, parameters, config_.weight_decay);
  if (!first_.defined()) {
    parameters.add_(g, -config_.lr);
    return;
  }
  // The momentum starts at the first gradient, which zeros and a full weight give as well.
  first_.mul_(config_.momentum).add_(g);
  parameters.add_(config_.nesterov ? g.add(first_, config_.momentum) : first_, -config_.lr);
}

void TensorOptimizer::adam(Tensor& parameters, const Tensor& gradients) {
  const bool decoupled = config_.kind == OptimizerKind::kAdamw;
  if (decoupled && config_.weight_decay != 0.0) parameters.mul_(1.0 - config_.lr * config_.weight_decay);
  const Tensor g = with_decay(gradients, parameters, decoupled ? 0.0 : config_.weight_decay);
  first_.lerp_(g, 1.0 - kAdamBeta1);
  second_.mul_(kAdamBeta2).addcmul_(g, g, 1.0 - kAdamBeta2);
  const auto t = static_cast<double>(steps_);
  const double root_correction = std::sqrt(1.0 - std::pow(kAdamBeta2, t));
  const Tensor divisor = second_.sqrt().mul_(1.0 / root_correction).add_(kOptimizerEps);
  parameters.addcdiv_(first_, divisor, -config_.lr / (1.0 - std::pow(kAdamBeta1, t)));
}

void TensorOptimizer::rmsprop(Tensor& parameters, const Tensor& gradients) {
  const Tensor g = with_decay(gradients, parameters, config_.weight_decay);
  second_.mul_(kRmspropAlpha).addcmul_(g, g, 1.0 - kRmspropAlpha);
  parameters.addcdiv_(g, second_.sqrt().add_(kOptimizerEps), -config_.lr);
}

void TensorOptimizer::step(Tensor& parameters, const Tensor& gradients) {
  ++steps_;
  switch (config_.kind) {
    case OptimizerKind::kSgd:
      return sgd(parameters, gradients);
    case OptimizerKind::kAdam:
    case OptimizerKind::kAdamw:
      return adam(parameters, gradients);
    case OptimizerKind::kRmsprop:
      return rmsprop(parameters, gradients);
  }
  throw tune::InvalidArgument("unknown optimizer kind");
}

OptimizerState TensorOptimizer::state() const {
  OptimizerState state;
  if (first_.defined()) state.first = to_vector(first_);
  if (second_.defined()) state.second = to_vector(second_);
  state.steps = steps_;
  return state;
}

void TensorOptimizer::restore(const OptimizerState& state) {
  if (first_.defined()) first_.copy_(to_tensor(state.first));
  if (second_.defined()) second_.copy_(to_tensor(state.second));
  steps_ = state.steps;
}

}  // namespace fmnist
