#pragma once

#include <torch/types.h>

namespace fmnist {

/// Of batch norm, [channels] float32 each; all undefined where there is none.
struct NormTensors {
  torch::Tensor weight, bias, running_mean, running_var;
};

/// What follows a convolution on the CPU: batch norm as torch::batch_norm has it, then torch::max_pool2d over
/// 2 × 2 pixels, then torch::relu, each only if asked for. One differentiable step of x [n, channels, height,
/// width] float32, which reads and writes memory as seldom as it can; the result is in channels_last, and best
/// so is x. `training` takes the statistics of the batch, n · height · width ≥ 2, and moves the running ones;
/// there is a gradient only then. Of equal numbers the first of a square gets it, as in PyTorch.
[[nodiscard]] torch::Tensor channel_layers(const torch::Tensor& x, const NormTensors& norm, bool pools,
                                           bool relu, bool training);

}  // namespace fmnist
