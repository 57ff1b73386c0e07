#pragma once

#include <cstdint>

namespace fmnist {

/// torch.nn's functions with their default constants: leaky_relu slope 0.01, elu alpha 1, gelu with erf.
enum class Activation : std::uint8_t { kRelu, kLeakyRelu, kElu, kGelu, kSilu, kTanh, kSigmoid };

}  // namespace fmnist
