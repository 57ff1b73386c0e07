#pragma once

#include <torch/types.h>

namespace fmnist {

/// torch::max_pool2d over squares of 2 × 2 of [n, channels, height, width], differentiable. On the CPU by a
/// loop of this project's own, in a fraction of the time; of equal numbers the first gets the gradient, as in
/// PyTorch.
[[nodiscard]] torch::Tensor max_pool2(const torch::Tensor& x);

}  // namespace fmnist
