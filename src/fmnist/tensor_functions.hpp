#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <span>
#include <vector>

#include "fmnist/activation.hpp"
#include "fmnist/engine.hpp"

/// What engines compute over LibTorch's tensors, on any device. None waits for the device but those that return
/// numbers of the host.
namespace fmnist {

/// [n] float32 on the host, and back from any device.
[[nodiscard]] at::Tensor to_tensor(const std::vector<float>& values);
[[nodiscard]] std::vector<float> to_vector(const at::Tensor& tensor);
/// A view of the flat array from `offset` on.
[[nodiscard]] at::Tensor part_of(const at::Tensor& flat, std::size_t offset, at::IntArrayRef shape);

[[nodiscard]] at::Tensor activate(Activation activation, const at::Tensor& z);
/// The gradient by z from the one by `output` = activate(z).
[[nodiscard]] at::Tensor activation_backward(Activation activation, const at::Tensor& gradient,
                                             const at::Tensor& z, const at::Tensor& output);

/// One-hot targets [n, classes] with that share spread over all classes.
[[nodiscard]] at::Tensor smoothed(const at::Tensor& one_hot, double label_smoothing);
/// Of each example, as LossConfig has it: [n].
[[nodiscard]] at::Tensor losses(LossKind kind, const at::Tensor& logits, const at::Tensor& labels,
                                double label_smoothing);
/// Of the mean loss by the logits [n, classes], from the targets.
[[nodiscard]] at::Tensor loss_gradient(LossKind kind, const at::Tensor& logits, const at::Tensor& targets);

/// As GradientConfig has it.
void clip_gradients(at::Tensor& gradients, const GradientConfig& config);

/// Waits for the losses [n] of several batches and for which examples are classified correctly [n]; `sizes` are
/// those of the batches, in the same order.
[[nodiscard]] std::vector<BatchSums> sums_by_batch(const at::Tensor& losses, const at::Tensor& correct,
                                                   std::span<const std::int64_t> sizes);

}  // namespace fmnist
