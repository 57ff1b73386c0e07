#pragma once

#include <ATen/ATen.h>

#include "fmnist/optimizer.hpp"

namespace fmnist {

/// FlatOptimizer's update rules over LibTorch's tensors, on any device, none of which is waited for. Used by
/// one thread, with autograd off.
class TensorOptimizer {
 public:
  TensorOptimizer() = default;
  /// For parameters like these.
  TensorOptimizer(const OptimizerConfig& config, const at::Tensor& parameters);

  /// Of the steps from now on.
  void set_lr(double lr) { config_.lr = lr; }
  /// Moves the parameters; the gradients stay as they are.
  void step(at::Tensor& parameters, const at::Tensor& gradients);

  /// Waits for the device.
  [[nodiscard]] OptimizerState state() const;
  /// Takes over what an optimizer of the same configuration and size had.
  void restore(const OptimizerState& state);

 private:
  void sgd(at::Tensor& parameters, const at::Tensor& gradients);
  void adam(at::Tensor& parameters, const at::Tensor& gradients);
  void rmsprop(at::Tensor& parameters, const at::Tensor& gradients);

  OptimizerConfig config_;
  at::Tensor first_, second_;  ///< Undefined where OptimizerState's are empty.
  std::int64_t steps_ = 0;
};

}  // namespace fmnist
